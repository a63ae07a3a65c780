// MessageAck → Acknowledgement (spec openwire.md section 10).
import { RefusalError } from '../../base/errors.ts'
import type { Acknowledgement, AcknowledgementType, MessageReference } from '../../region/region.ts'
import type { MessageAck, MessageId } from '../../wire/openwire/commands.ts'
import type { AcknowledgedIds } from './required-ids.ts'
import { localTransaction } from './transaction-id.ts'

/** In the order of their numbers on the wire. */
const types: readonly AcknowledgementType[] = [
  'delivered',
  'poison',
  'standard',
  'redelivered',
  'individual',
  'unmatched',
  'expired',
]

/** @throws {RefusalError} */
export function acknowledgementOf(ack: MessageAck, ids: AcknowledgedIds): Acknowledgement {
  const type = types[ack.ackType]
  if (!type)
    throw new RefusalError('INVALID_REQUEST', `Cannot acknowledge: type is ${ack.ackType}, 0 to 6 are accepted`)
  return {
    type,
    consumerId: ids.consumer(ack.consumerId),
    transactionId: localTransaction(ack.transactionId, 'acknowledge'),
    first: referenceOf(ack.firstMessageId, ids),
    last: referenceOf(ack.lastMessageId, ids),
    messageCount: ack.messageCount,
    poisonCause: ack.poisonCause ? (ack.poisonCause.message ?? ack.poisonCause.className) : null,
    responseRequired: ack.responseRequired,
  }
}

const referenceOf = (id: MessageId | null, ids: AcknowledgedIds): MessageReference | null => id && ids.message(id)
