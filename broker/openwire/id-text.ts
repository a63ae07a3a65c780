// The text forms of ids, and the way back. Under them the core knows connections, consumers, producers, transactions and
// messages, and the client keeps its tables; a message's is its JMSMessageID. They read as the Java classes print them.
import { xidText } from '../marshal/xid-text.ts'
import type { ConsumerId, Long, MessageId, ProducerId, SessionId, TransactionId } from '../wire/openwire/commands.ts'

export const sessionIdText = (id: SessionId): string => `${id.connectionId}:${id.value}`

export const consumerIdText = (id: ConsumerId): string => `${id.connectionId}:${id.sessionId}:${id.value}`

export const producerIdText = (id: ProducerId): string => `${id.connectionId}:${id.sessionId}:${id.value}`

export const transactionIdText = (id: TransactionId): string =>
  id.kind === 'LocalTransactionId'
    ? `TX:${id.connectionId?.value ?? ''}:${id.value}`
    : xidText(id.formatId, id.globalTransactionId, id.branchQualifier)

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
