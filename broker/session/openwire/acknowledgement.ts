// MessageAck → what it means to the region: which messages, and what became of them (ActiveMQ: MessageAck, and
// PrefetchSubscription.acknowledge).
import { RefusalError } from '../../base/errors.ts'
import { acknowledgementTypeName, type AcknowledgementTypeName } from '../../openwire/acknowledgement-types.ts'
import { causeText } from '../../openwire/throwable-text.ts'
import type { Acknowledgement, MessageReference, Outcome } from '../../region/region.ts'
import type { MessageAck, MessageId } from '../../wire/openwire/commands.ts'
import type { AcknowledgedIds } from './required-ids.ts'

export interface AcknowledgementMeaning {
  readonly outcome: Outcome
  readonly scope: Acknowledgement['scope']
  /** As many more messages may come as it counts. */
  readonly grantsCredit: boolean
}

/** null: nothing has to be done. */
export const acknowledgementMeanings: Readonly<Record<AcknowledgementTypeName, AcknowledgementMeaning | null>> = {
  delivered: { outcome: 'delivered', scope: 'single', grantsCredit: true },
  poison: { outcome: 'rejected', scope: 'range', grantsCredit: false },
  standard: { outcome: 'accepted', scope: 'range', grantsCredit: false },
  // The client delivers them again from its own memory.
  redelivered: { outcome: 'delivered', scope: 'range', grantsCredit: false },
  individual: { outcome: 'accepted', scope: 'single', grantsCredit: false },
  unmatched: null,
  expired: { outcome: 'expired', scope: 'range', grantsCredit: false },
}

/** null: nothing has to be done. @throws {RefusalError} */
export function acknowledgementOf(
  ack: MessageAck,
  transactionId: string | null,
  ids: AcknowledgedIds,
): Acknowledgement | null {
  const name = acknowledgementTypeName(ack.ackType)
  if (name === undefined)
    throw new RefusalError('INVALID_REQUEST', `Cannot acknowledge: type is ${ack.ackType}, 0 to 6 are accepted`)
  const meaning = acknowledgementMeanings[name]
  const consumerId = ids.consumer(ack.consumerId)
  if (meaning === null) return null
  return {
    outcome: meaning.outcome,
    consumerId,
    transactionId,
    scope: meaning.scope,
    first: referenceOf(ack.firstMessageId, ids),
    last: referenceOf(ack.lastMessageId, ids),
    messageCount: ack.messageCount,
    credit: meaning.grantsCredit ? ack.messageCount : 0,
    cause: ack.poisonCause && causeText(ack.poisonCause),
    responseRequired: ack.responseRequired,
  }
}

const referenceOf = (id: MessageId | null, ids: AcknowledgedIds): MessageReference | null => id && ids.message(id)
