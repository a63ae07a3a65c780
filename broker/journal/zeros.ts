// Zeros: space that was set aside and not written yet.

const comparedBytes = 4096
const zeros = Buffer.alloc(comparedBytes)

/** Behind the last byte that is not zero. */
export function usedLength(bytes: Buffer): number {
  let end = bytes.length
  while (end > 0 && isZero(bytes, Math.max(0, end - comparedBytes), end)) end = Math.max(0, end - comparedBytes)
  while (end > 0 && bytes[end - 1] === 0) end--
  return end
}

/** How many bytes from `from` on are zero for certain; not necessarily all that are. A multiple of 8. */
export function zeroRun(bytes: Buffer, from: number): number {
  if (from + comparedBytes <= bytes.length && isZero(bytes, from, from + comparedBytes)) return comparedBytes
  return from + 8 <= bytes.length && isZero(bytes, from, from + 8) ? 8 : 0
}

const isZero = (bytes: Buffer, from: number, to: number): boolean => bytes.compare(zeros, 0, to - from, from, to) === 0
