// What queues and topics are given by the region: ports and the one memory account.
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import type { Destination } from '../message/destination.ts'
import type { Message } from '../message/message.ts'
import type { MessageStore, Sequence } from '../store/message-store.ts'
import type { TempMessages } from '../store/temp-store.ts'
import type { BrokerRedelivery } from './broker-redelivery.ts'
import type { QueueEntry } from './entry.ts'
import type { NetworkFilterPolicies } from './network/network-filter-policy.ts'
import type { MemoryUsage } from './memory-usage.ts'
import type { DispatchPolicies } from './queue/dispatch-policy.ts'

export interface DestinationContext {
  readonly clock: Clock
  readonly logger: Logger
  readonly memory: MemoryUsage
  readonly store: Pick<
    MessageStore,
    | 'read'
    | 'update'
    | 'remove'
    | 'storableName'
    | 'addHolder'
    | 'removeHolder'
    | 'addSubscription'
    | 'removeSubscription'
    | 'backlog'
    | 'holds'
    | 'whenDurable'
  >
  /** Where messages are that are not stored and found no room in memory; null when there is no such place. */
  readonly temp: Pick<TempMessages, 'read' | 'remove' | 'removeHolder'> | null
  /** The last sequence that was given to a message. */
  lastSequence(): Sequence
  /** Whether its messages go by priority (ActiveMQ: prioritizedMessages); left out: no destination's do. */
  isPrioritized?(destination: Destination): boolean
  /** null: the broker delivers nothing again that its client has given up. */
  readonly redelivery: BrokerRedelivery | null
  /** null: no queue has one of its own. */
  readonly dispatchPolicies: DispatchPolicies | null
  /** As it stands in the paths of messages; left out: in none. */
  readonly brokerId?: string
  /** Left out: bridges may take along what they may by default. */
  readonly networkFilterPolicies?: NetworkFilterPolicies | null
  /** When a message that came over a bridge was answered (region/network-arrivals.ts); left out: nobody knows, which is 0. */
  answeredMs?(message: Message, queue: Destination): number
  /** Whether the store is told of first deliveries (persistJMSRedelivered). */
  recordsDeliveries(queue: Destination): boolean
  /** Makes a message of its stored form. */
  scan(bytes: Buffer): Message
  /** Takes over a message that expired in its queue. It is no longer waiting, but still counted as in flight. */
  expired(entry: QueueEntry): void
  /** The same of a message of a topic that one of its subscribers kept waiting, and has let go. */
  expiredWaiting(topic: Destination, message: Message): void
}
