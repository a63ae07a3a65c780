/** As Buffer.readUInt32BE, without its checks: for loops over millions of records whose length was checked before. */
export const readUint32 = (bytes: Buffer, at: number): number =>
  ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0
