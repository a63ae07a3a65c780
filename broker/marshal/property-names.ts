// Whether a marshalled primitive map has a name that begins with certain letters, found by walking over its entries: no value
// is made. For what is asked of every message that comes in.

/**
 * False as soon as there is something that cannot be stepped over: a map or a list as a value, which message properties may
 * not have, or bytes that are no map.
 */
export function hasNameWithPrefix(bytes: Buffer, start: number, end: number, prefix: Buffer): boolean {
  let at = start + 4
  while (at + 2 <= end) {
    const nameEnd = at + 2 + ((bytes[at]! << 8) | bytes[at + 1]!)
    if (nameEnd >= end) return false
    if (beginsWith(bytes, at + 2, nameEnd, prefix)) return true
    at = afterValue(bytes, nameEnd, end)
  }
  return false
}

function beginsWith(bytes: Buffer, start: number, end: number, prefix: Buffer): boolean {
  if (end - start < prefix.length) return false
  for (let index = 0; index < prefix.length; index++) if (bytes[start + index] !== prefix[index]) return false
  return true
}

/** Behind `end` when it cannot be said. The codes are those of primitive-map.ts. */
export function afterValue(bytes: Buffer, at: number, end: number): number {
  switch (bytes[at]!) {
    case 0:
      return at + 1
    case 1:
    case 2:
      return at + 2
    case 3:
    case 4:
      return at + 3
    case 5:
    case 8:
      return at + 5
    case 6:
    case 7:
      return at + 9
    case 9:
      return at + 3 > end ? end + 1 : at + 3 + ((bytes[at + 1]! << 8) | bytes[at + 2]!)
    case 10:
    case 13:
      return at + 5 > end ? end + 1 : at + 5 + bytes.readUInt32BE(at + 1)
    default:
      return end + 1
  }
}
