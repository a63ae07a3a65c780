// What a subscription needs of the session of its client.
import type { Destination } from '../../message/destination.ts'
import type { Message } from '../../message/message.ts'
import type { Sequence } from '../../store/message-store.ts'

export interface DeliveryPort {
  deliver(delivery: {
    readonly consumerId: string
    readonly destination: Destination
    readonly message: Message
    readonly sequence: Sequence
    readonly redeliveryCounter: number
  }): void
  deliverNothing(consumerId: string): void
  /** True while the client does not take what it was given. */
  readonly congested?: boolean
  /** Something was not kept or not given because of the limit of that name. */
  limitReached?(limit: string): void
}
