// MessageAck → Acknowledgement (spec openwire.md section 10).
import { JmsError } from '../../base/errors.ts'
import type { Acknowledgement, AcknowledgementType, MessageReference } from '../../routing/region.ts'
import type { MessageAck, MessageId } from '../../wire/openwire/commands.ts'
import { requiredConsumerId, requiredMessageId } from './required-ids.ts'
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

export function acknowledgementOf(ack: MessageAck): Acknowledgement {
  const type = types[ack.ackType]
  if (!type)
    throw new JmsError('javax.jms.JMSException', `Cannot acknowledge: type is ${ack.ackType}, 0 to 6 are accepted`)
  return {
    type,
    consumerId: requiredConsumerId(ack.consumerId, 'acknowledge').text,
    transactionId: localTransaction(ack.transactionId, 'acknowledge'),
    first: referenceOf(ack.firstMessageId),
    last: referenceOf(ack.lastMessageId),
    messageCount: ack.messageCount,
    poisonCause: ack.poisonCause ? (ack.poisonCause.message ?? ack.poisonCause.className) : null,
    responseRequired: ack.responseRequired,
  }
}

const referenceOf = (id: MessageId | null): MessageReference | null =>
  id === null ? null : { messageId: requiredMessageId(id, 'acknowledge'), sequence: Number(id.brokerSequenceId) }
