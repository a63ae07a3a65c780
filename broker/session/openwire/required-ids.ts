// Text forms of ids that a command must carry. A client that leaves one out, or makes one too long, is told so.
import { RefusalError } from '../../base/errors.ts'
import { messageIdText as producedIdText, type MessageIdentity, type MessageIdText } from '../../message/message.ts'
import type { MessageReference } from '../../region/region.ts'
import type {
  ConnectionId,
  ConsumerId,
  LocalTransactionId,
  MessageId,
  ProducerId,
  SessionId,
} from '../../wire/openwire/commands.ts'
import {
  consumerIdText,
  messageIdText,
  producerIdText,
  sessionIdText,
  transactionIdText,
} from '../../openwire/id-text.ts'
import { maxIdLength } from '../../openwire/limits.ts'

/** An id and its connection's. `what` completes "Cannot <what>: …" for the client. */
export interface RequiredId {
  readonly text: string
  readonly connectionId: string
}

export const requiredConnectionId = (id: ConnectionId | null, what: string): string =>
  bounded(id?.value, what, 'connectionId')

export const requiredSessionId = (id: SessionId | null, what: string): RequiredId => ({
  connectionId: bounded(id?.connectionId, what, 'sessionId'),
  text: sessionIdText(id!),
})

export const requiredConsumerId = (id: ConsumerId | null, what: string): RequiredId => ({
  connectionId: bounded(id?.connectionId, what, 'consumerId'),
  text: consumerIdText(id!),
})

export const requiredProducerId = (id: ProducerId | null, what: string): RequiredId => ({
  connectionId: bounded(id?.connectionId, what, 'producerId'),
  text: producerIdText(id!),
})

/**
 * Texts of the ids in the acknowledgements of one connection. The reader gives the same object for the same id
 * (FrameReader.recall), so that each text is made once.
 */
export class AcknowledgedIds {
  #consumerId: ConsumerId | null = null
  #consumer = ''
  #producerId: ProducerId | null = null
  #producer = ''

  /** @throws {RefusalError} when it is missing or too long. */
  consumer(id: ConsumerId | null): string {
    if (id === null || id !== this.#consumerId) {
      this.#consumer = requiredConsumerId(id, 'acknowledge').text
      this.#consumerId = id
    }
    return this.#consumer
  }

  /** @throws {RefusalError} when it is missing or too long. */
  message(id: MessageId): MessageReference {
    const { producerId } = id
    const sequence = Number(id.brokerSequenceId)
    if (id.textView !== null || producerId === null)
      return { messageId: requiredMessageId(id, 'acknowledge'), sequence }
    if (producerId !== this.#producerId) {
      this.#producer = requiredProducerId(producerId, 'acknowledge').text
      this.#producerId = producerId
    }
    return new ProducedMessage(this.#producer, Number(id.producerSequenceId), sequence)
  }
}

/** Its text is made for error messages only. */
class ProducedMessage implements MessageReference {
  readonly sequence: number
  readonly identity: MessageIdentity

  constructor(producerId: string, producerSequenceId: number, sequence: number) {
    this.sequence = sequence
    this.identity = { producerId, producerSequenceId }
  }

  get messageId(): MessageIdText {
    return producedIdText(this.identity)
  }
}

function requiredMessageId(id: MessageId, what: string): string {
  if (id.textView === null) requiredProducerId(id.producerId, what)
  else bounded(id.textView, what, 'messageId')
  return messageIdText(id)
}

export function requiredTransactionId(id: LocalTransactionId, what: string): string {
  requiredConnectionId(id.connectionId, what)
  return transactionIdText(id)
}

/** The session that a consumer or producer belongs to. */
export const sessionIdOf = (id: ConsumerId | ProducerId): string => `${id.connectionId}:${id.sessionId}`

function bounded(text: string | null | undefined, what: string, field: string): string {
  if (text === null || text === undefined || text === '')
    throw new RefusalError('INVALID_REQUEST', `Cannot ${what}: ${field} is missing`)
  if (text.length > maxIdLength)
    throw new RefusalError(
      'INVALID_REQUEST',
      `Cannot ${what}: ${field} has ${text.length} characters, at most ${maxIdLength} are accepted`,
      { fields: { limit: 'maxIdLength' } },
    )
  return text
}
