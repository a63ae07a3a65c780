// The few fields of a message's stored form that concern the session and not the core: who sent it, whether an answer is
// wanted, and in which transaction.
//
//   type:uint8 commandId:int32 responseRequired:bool producerId:nested destination:nested transactionId:nested …
import { RefusalError } from '../../base/errors.ts'
import { LooseScanner } from '../../message/loose-scanner.ts'
import { readProducerId } from '../../message/producer-id.ts'
import { typeCodes } from '../../wire/openwire/commands.ts'
import { notStarted, xaNotSupported } from './transaction-id.ts'

const commandIdAt = 1
const responseRequiredAt = 5
const producerIdAt = 6

export const commandIdOf = (stored: Buffer): number =>
  stored.length < producerIdAt ? 0 : stored.readInt32BE(commandIdAt)

export const responseRequiredOf = (stored: Buffer): boolean => (stored[responseRequiredAt] ?? 0) !== 0

export interface MessageOrigin {
  readonly connectionId: string
  /** Text form. */
  readonly producerId: string
  readonly transactionId: string | null
}

/**
 * Of a form that was scanned before. @throws {RefusalError} when there is no producer id, or a transaction that is an XA one or
 * another connection's.
 */
export function readOrigin(stored: Buffer): MessageOrigin {
  const scanner = new LooseScanner(stored, producerIdAt)
  const producer = readProducerId(scanner)
  if (!producer) throw new RefusalError('INVALID_REQUEST', 'Cannot send message: producerId is missing')
  scanner.skipNested()
  const { connectionId, text: producerId } = producer
  return { connectionId, producerId, transactionId: readTransaction(scanner, connectionId) }
}

function readTransaction(scanner: LooseScanner, connectionId: string): string | null {
  if (!scanner.bool()) return null
  if (scanner.uint8() !== typeCodes.LocalTransactionId) throw xaNotSupported('send message')
  const value = scanner.long()
  const owner = readConnectionId(scanner)
  const text = `TX:${owner}:${value}`
  if (owner !== connectionId) throw notStarted(text)
  return text
}

function readConnectionId(scanner: LooseScanner): string {
  if (!scanner.bool()) return ''
  if (scanner.uint8() === typeCodes.ConnectionId) return scanner.string() ?? ''
  throw new RefusalError('INVALID_REQUEST', 'Cannot send message: its transaction id has no connection id')
}
