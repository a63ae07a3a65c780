// The text forms of ids, under which the core knows connections, consumers, producers, transactions and messages
// (spec openwire.md section 6), and the way back.
import type {
  ConsumerId,
  LocalTransactionId,
  Long,
  MessageId,
  ProducerId,
  SessionId,
} from '../wire/openwire/commands.ts'

export const sessionIdText = (id: SessionId): string => `${id.connectionId}:${id.value}`

export const consumerIdText = (id: ConsumerId): string => `${id.connectionId}:${id.sessionId}:${id.value}`

export const producerIdText = (id: ProducerId): string => `${id.connectionId}:${id.sessionId}:${id.value}`

export const transactionIdText = (id: LocalTransactionId): string => `TX:${id.connectionId?.value ?? ''}:${id.value}`

export function messageIdText(id: MessageId): string {
  if (id.textView !== null) return id.textView.startsWith('ID:') ? id.textView : `ID:${id.textView}`
  return `${id.producerId === null ? '' : producerIdText(id.producerId)}:${id.producerSequenceId}`
}

export function parseConsumerId(text: string): ConsumerId {
  const { connectionId, sessionId, value } = parseId(text)
  return { kind: 'ConsumerId', connectionId, sessionId, value }
}

export function parseProducerId(text: string): ProducerId {
  const { connectionId, sessionId, value } = parseId(text)
  return { kind: 'ProducerId', connectionId, sessionId, value }
}

function parseId(text: string): { connectionId: string; sessionId: Long; value: Long } {
  const last = text.lastIndexOf(':')
  const middle = text.lastIndexOf(':', last - 1)
  return {
    connectionId: text.slice(0, Math.max(0, middle)),
    sessionId: Number(text.slice(middle + 1, last)),
    value: Number(text.slice(last + 1)),
  }
}
