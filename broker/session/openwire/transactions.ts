// TransactionInfo of local transactions, as ActiveMQ's TransactionInfo numbers them. XA is refused.
import { RefusalError } from '../../base/errors.ts'
import { transactionTypes } from '../../openwire/transaction-types.ts'
import type { Done } from '../../region/region.ts'
import type { TransactionInfo } from '../../wire/openwire/commands.ts'
import { requiredConnectionId } from './required-ids.ts'
import type { SocketConnections } from './socket-connections.ts'
import { localTransaction, xaNotSupported } from './transaction-id.ts'

/** @throws {RefusalError} before `done` was called. */
export function executeTransaction(connections: SocketConnections, info: TransactionInfo, done: Done): void {
  const what = 'execute transaction command'
  const connectionId = requiredConnectionId(info.connectionId, what)
  const connection = connections.get(connectionId, what)
  if (info.type === transactionTypes.recover) throw xaNotSupported('recover transactions')
  const id = localTransaction(info.transactionId, connectionId, what)
  if (id === null) throw new RefusalError('INVALID_REQUEST', `Cannot ${what}: transactionId is missing`)
  switch (info.type) {
    case transactionTypes.begin:
      connection.region.begin(id)
      done()
      return
    case transactionTypes.end:
      done()
      return
    case transactionTypes.commitOnePhase:
      connection.region.commit(id, done)
      return
    case transactionTypes.rollback:
      connection.region.rollback(id, done)
      return
    case transactionTypes.prepare:
    case transactionTypes.commitTwoPhase:
    case transactionTypes.forget:
      throw xaNotSupported('finish transaction in two phases')
    default:
      throw new RefusalError('INVALID_REQUEST', `Cannot ${what}: type is ${info.type}, 0 to 7 are accepted`)
  }
}
