// A nested ProducerId of a stored form. Messages that come in together mostly have one producer, whose id stands in each of
// them twice.
//
//   present:bool type:uint8 = 123 connectionId:string value:int64 sessionId:int64
import { ByteMemo } from '../marshal/byte-memo.ts'
import type { LooseScanner } from './loose-scanner.ts'

export const producerIdCode = 123

export interface ProducerIdFields {
  readonly connectionId: string
  readonly sessionId: number
  readonly value: number
}

export interface ProducerIdParts {
  readonly connectionId: string
  /** Text form: connectionId:sessionId:value. */
  readonly text: string
}

const last = new ByteMemo<ProducerIdParts>()

/** Null when something else stands there; the scanner is of no use then. @throws {MessageFormatError} */
export function readProducerId(scanner: LooseScanner): ProducerIdParts | null {
  const { bytes, position } = scanner
  const known = last.recall(bytes, position)
  if (known) {
    scanner.advance(last.length)
    return known
  }
  if (!scanner.bool() || scanner.uint8() !== producerIdCode) return null
  const connectionId = scanner.string() ?? ''
  const value = scanner.long()
  const parts = { connectionId, text: `${connectionId}:${scanner.long()}:${value}` }
  last.remember(bytes, position, scanner.position, parts)
  return parts
}
