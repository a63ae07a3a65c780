// The brokers that a message has passed, the last one last, as they stand in a stored form:
//
//   present:bool count:int16 (present:bool type:uint8 = 124 value:string)…
import { ByteMemo } from '../marshal/byte-memo.ts'
import { encodeModifiedUtf8 } from '../marshal/modified-utf8.ts'
import { LooseScanner } from './loose-scanner.ts'

const brokerIdCode = 124

/** Flag and count. */
export const pathHeadBytes = 3

/** The count is a signed short. */
export const maxPathLength = 32_767

/** Messages that come over one bridge mostly have one path. */
const last = new ByteMemo<readonly string[]>()

/** Of a form that was scanned, and has one. */
export function readBrokerPath(bytes: Buffer, at: number): readonly string[] {
  const known = last.recall(bytes, at)
  if (known) return known
  const scanner = new LooseScanner(bytes, at + 1)
  const path: string[] = []
  for (let left = bytes.readInt16BE(scanner.advance(2)); left > 0; left--) {
    const element = scanner.position
    if (!scanner.bool()) continue
    if (scanner.uint8() === brokerIdCode) path.push(scanner.string() ?? '')
    else {
      // The scan knows structures, not whether they are in their place.
      scanner.position = element
      scanner.skipNested()
    }
  }
  last.remember(bytes, at, scanner.position, path)
  return path
}

/** Whether all elements are there, and ids of brokers. Of a form that was scanned, and has one. */
export const isPlainPath = (bytes: Buffer, at: number): boolean =>
  readBrokerPath(bytes, at).length === bytes.readInt16BE(at + 1)

/** One element. */
export function encodeBrokerId(brokerId: string): Buffer {
  const value = encodeModifiedUtf8(brokerId)
  return Buffer.concat([Buffer.from([1, brokerIdCode, 1, value.length >> 8, value.length]), value])
}
