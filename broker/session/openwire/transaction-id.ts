// Transaction ids of commands: local ones become text, XA ones are refused.
import { RefusalError } from '../../base/errors.ts'
import type { TransactionIdText } from '../../region/region.ts'
import type { TransactionId } from '../../wire/openwire/commands.ts'
import { requiredTransactionId } from './required-ids.ts'

/** null for no transaction. */
export function localTransaction(id: TransactionId | null, what: string): TransactionIdText | null {
  if (id === null) return null
  if (id.kind === 'XATransactionId') throw xaNotSupported(what)
  return requiredTransactionId(id, what)
}

// javax.transaction.xa.XAException would need an error code; a client that finds none reports "unknown".
export const xaNotSupported = (what: string): RefusalError =>
  new RefusalError('UNSUPPORTED', `Cannot ${what}: XA transactions are not supported by this broker`)
