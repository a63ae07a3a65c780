// CRC-32 (the polynomial of zlib), done natively. Catches accidents; it is no protection against anybody who knows it.
import { crc32 as zlibCrc32 } from 'node:zlib'

/** Checksum of `bytes`, going on from `seed`: crc32(b, crc32(a)) is the checksum of a followed by b. */
export const crc32 = (bytes: Buffer, seed = 0): number => zlibCrc32(bytes, seed)
