// Transaction ids of commands: those of the command's own connection become text; XA ones are refused, and so are those of
// other connections, in ActiveMQ's words (TransactionBroker.getTransaction looks among the connection's own only).
import { RefusalError } from '../../base/errors.ts'
import { transactionIdText } from '../../openwire/id-text.ts'
import type { TransactionIdText } from '../../region/region.ts'
import type { TransactionId } from '../../wire/openwire/commands.ts'
import { requiredTransactionId } from './required-ids.ts'

/** null for no transaction. @throws {RefusalError} */
export function localTransaction(
  id: TransactionId | null,
  connectionId: string,
  what: string,
): TransactionIdText | null {
  if (id === null) return null
  if (id.kind === 'XATransactionId') throw xaNotSupported(what)
  const text = requiredTransactionId(id, what)
  if (id.connectionId?.value !== connectionId) throw notStarted(transactionIdText(id))
  return text
}

export const notStarted = (id: TransactionIdText): RefusalError =>
  new RefusalError('INVALID_REQUEST', `Transaction '${id}' has not been started.`)

// javax.transaction.xa.XAException would need an error code; a client that finds none reports "unknown".
export const xaNotSupported = (what: string): RefusalError =>
  new RefusalError('UNSUPPORTED', `Cannot ${what}: XA transactions are not supported by this broker`)
