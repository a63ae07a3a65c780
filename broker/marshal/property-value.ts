// One property's value out of a marshalled primitive map, found by walking over its entries: nothing else is decoded. For
// selectors, which ask every message for the same few names.
//
// Of a name that stands there twice, which no client writes, the first counts.
import { decodeModifiedUtf8 } from './modified-utf8.ts'
import { afterValue } from './property-names.ts'

/** Maps and lists within each other, beyond which a map is not looked through. */
const maxDepth = 32

/**
 * Where the value of the property stands, at its type code; -1 when there is none, or what stands before it is no map entry.
 * `name` as it is encoded.
 */
export function findPropertyValue(bytes: Buffer, start: number, end: number, name: Uint8Array): number {
  const { length } = name
  let at = start + 4
  while (at + 2 < end) {
    const nameAt = at + 2
    const valueAt = nameAt + ((bytes[at]! << 8) | bytes[at + 1]!)
    if (valueAt >= end) return -1
    at = afterAnyValue(bytes, valueAt, end, 0)
    if (valueAt - nameAt === length && isName(bytes, nameAt, name)) return at > end ? -1 : valueAt
  }
  return -1
}

/** The text at `at`, where a value of type 9 (two bytes of length) or 13 (four) stands; null when it is none. */
export function readPropertyText(bytes: Buffer, at: number): string | null {
  const start = at + (bytes[at] === 9 ? 3 : 5)
  const length = bytes[at] === 9 ? bytes.readUInt16BE(at + 1) : bytes.readInt32BE(at + 1)
  try {
    return decodeModifiedUtf8(bytes, start, start + length)
  } catch {
    return null
  }
}

/** From the end: names of one message mostly differ there. */
function isName(bytes: Buffer, at: number, name: Uint8Array): boolean {
  for (let index = name.length - 1; index >= 0; index--) if (bytes[at + index] !== name[index]) return false
  return true
}

/** Behind `end` when it cannot be said. */
function afterAnyValue(bytes: Buffer, at: number, end: number, depth: number): number {
  const code = bytes[at]
  if (code !== 11 && code !== 12) return afterValue(bytes, at, end)
  if (depth === maxDepth || at + 5 > end) return end + 1
  let next = at + 5
  for (let count = bytes.readInt32BE(at + 1); count > 0; count--) {
    if (code === 11) next = next + 2 > end ? end + 1 : next + 2 + ((bytes[next]! << 8) | bytes[next + 1]!)
    if (next >= end) return end + 1
    next = afterAnyValue(bytes, next, end, depth + 1)
  }
  return next
}
