// The text forms of ids: keys of the client's tables, and JMSMessageID (spec openwire.md section 6).
import { xidText } from '../marshal/xid-text.ts'
import type { ConsumerId, MessageId, ProducerId, SessionId, TransactionId } from '../wire/openwire/commands.ts'

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
