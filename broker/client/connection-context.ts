// What sessions, producers and consumers use of their connection.
import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import type { Destination } from '../message/destination.ts'
import type { Command, DataStructure } from '../wire/openwire/commands.ts'
import type { ConnectionOptions } from './connection-options.ts'
import type { DeliveryHistory } from './delivery-history.ts'
import type { RedeliveryPolicy } from './redelivery-policy.ts'

export interface ConnectionContext {
  readonly connectionId: string
  readonly clientId: string
  readonly options: ConnectionOptions
  readonly redeliveryPolicy: RedeliveryPolicy
  readonly clock: Clock
  readonly random: Random
  /** Null without failover: nothing is left of a lost connection. */
  readonly history: DeliveryHistory | null
  readonly started: boolean
  /** Grows with every lost connection: what was delivered before cannot be acknowledged any more. */
  readonly epoch: number
  /** Sends and waits for the answer. Rejects with JmsError for the broker's refusal. */
  request(command: Command): Promise<DataStructure>
  /** Sends; resolves when the transport takes more. Rejects in the transport's words: see jmsErrorOf. */
  post(command: Command): Promise<void>
  /** For what nobody waits for. */
  report(error: Error): void
  nextTransactionNumber(): number
  nextTemporaryNumber(): number
  isDeletedTemporary(destination: Destination): boolean
}
