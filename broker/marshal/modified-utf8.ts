// Java's modified UTF-8 (DataOutput.writeUTF without its length): U+0000 is c0 80, characters beyond the BMP are two
// surrogates of three bytes each. The decoder accepts plain UTF-8 with four-byte sequences as well, because foreign
// clients send it. Nothing here knows how a length travels.
import { isAscii } from 'node:buffer'
import { FormatError } from '../base/format-error.ts'

/** Up to here a loop beats the call into the runtime. */
const shortBytes = 96

/** Decodes `buffer[start..end)`. Throws FormatError for what is not UTF-8 of either kind. */
export function decodeModifiedUtf8(buffer: Buffer, start: number, end: number): string {
  if (isAsciiRange(buffer, start, end)) return buffer.toString('latin1', start, end)
  const units = Buffer.allocUnsafe((end - start) * 2)
  let length = 0
  for (let position = start; position < end;) {
    const first = buffer[position]!
    const size = first < 0x80 ? 1 : first >> 5 === 6 ? 2 : first >> 4 === 14 ? 3 : first >> 3 === 30 ? 4 : 0
    if (size === 0 || position + size > end) throw malformed(buffer, position)
    let code = size === 1 ? first : first & (0x7f >> size)
    for (let index = 1; index < size; index++) {
      const next = buffer[position + index]!
      if ((next & 0xc0) !== 0x80) throw malformed(buffer, position)
      code = (code << 6) | (next & 0x3f)
    }
    if (code > 0x10ffff) throw malformed(buffer, position)
    if (code > 0xffff) {
      length = units.writeUInt16LE(0xd800 | ((code - 0x10000) >> 10), length)
      code = 0xdc00 | (code & 0x3ff)
    }
    length = units.writeUInt16LE(code, length)
    position += size
  }
  return units.toString('utf16le', 0, length)
}

/** True for what Java's `readUTF` decodes: unlike `decodeModifiedUtf8` it takes no sequences of four bytes. */
export function isModifiedUtf8(buffer: Uint8Array, start: number, end: number): boolean {
  if (isAsciiRange(buffer, start, end)) return true
  for (let position = start; position < end;) {
    const first = buffer[position]!
    const size = first < 0x80 ? 1 : first >> 5 === 6 ? 2 : first >> 4 === 14 ? 3 : 0
    if (size === 0 || position + size > end) return false
    for (let index = 1; index < size; index++) if ((buffer[position + index]! & 0xc0) !== 0x80) return false
    position += size
  }
  return true
}

/** Bytes that `encodeModifiedUtf8Into` will write. */
export function modifiedUtf8Length(text: string): number {
  let length = text.length
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    if (unit > 0x7ff) length += 2
    else if (unit > 0x7f || unit === 0) length++
  }
  return length
}

/** Writes `text` at `position`, which must have room; returns the position behind it. */
export function encodeModifiedUtf8Into(buffer: Buffer, position: number, text: string, byteLength: number): number {
  if (byteLength === text.length && byteLength > shortBytes)
    return position + buffer.write(text, position, byteLength, 'latin1')
  let at = position
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    if (unit !== 0 && unit < 0x80) buffer[at++] = unit
    else if (unit < 0x800) {
      buffer[at++] = 0xc0 | (unit >> 6)
      buffer[at++] = 0x80 | (unit & 0x3f)
    } else {
      buffer[at++] = 0xe0 | (unit >> 12)
      buffer[at++] = 0x80 | ((unit >> 6) & 0x3f)
      buffer[at++] = 0x80 | (unit & 0x3f)
    }
  }
  return at
}

export function encodeModifiedUtf8(text: string): Buffer {
  const buffer = Buffer.allocUnsafe(modifiedUtf8Length(text))
  encodeModifiedUtf8Into(buffer, 0, text, buffer.length)
  return buffer
}

function isAsciiRange(buffer: Uint8Array, start: number, end: number): boolean {
  if (end - start > shortBytes) return isAscii(buffer.subarray(start, end))
  for (let position = start; position < end; position++) if (buffer[position]! > 0x7f) return false
  return true
}

const malformed = (buffer: Buffer, position: number): FormatError =>
  new FormatError(
    'MODIFIED_UTF8',
    `Cannot decode string: byte 0x${buffer[position]!.toString(16)} starts no character`,
    {
      fields: { position },
    },
  )
