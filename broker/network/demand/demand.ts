// What a bridge's demand is: the consumers that another broker has for a destination, as one consumer of this broker.
import type { Destination } from '../../message/destination.ts'
import type { ConsumerInfo, DestinationInfo } from '../../wire/openwire/commands.ts'

/** One consumer here for one or, with conduit subscriptions, many consumers there. */
export interface Demand {
  /** Counted by the bridge: the last part of the consumer's id here. */
  readonly number: number
  /** Concrete or with wildcards; composite only when it is `advisory`. */
  readonly destination: Destination
  /** `NC-DS_…` when messages are to be kept while the bridge or its consumers are away; else null. */
  readonly subscriptionName: string | null
  /** The other broker's own wish for advisories: what it gets travels bare, and nobody waits for answers. */
  readonly advisory: boolean
  /** A queue that is included statically: not one consumer there is known. */
  readonly forNobody: boolean
  /** As the region and other brokers are told of it: path, priority, prefetch and network consumers are those of the bridge. */
  readonly info: ConsumerInfo
}

/** What the bridge has to do here after something was heard from the other broker, in this order. */
export type DemandChange =
  | { readonly kind: 'add'; readonly demand: Demand }
  /**
   * It takes nothing new from now on, and goes after its forwards were answered. `unsubscribes`: its durable subscription goes
   * with it. What takes its place was added before.
   */
  | { readonly kind: 'remove'; readonly demand: Demand; readonly unsubscribes: boolean }
  /** A durable network subscription of before that nobody may use any more. It has no consumer. */
  | { readonly kind: 'unsubscribe'; readonly subscriptionName: string }
  /** A temporary destination there: it exists here as long as the bridge does. `info`: as other brokers are told of it. */
  | {
      readonly kind: 'addDestination' | 'removeDestination'
      readonly destination: Destination
      readonly info: DestinationInfo
    }
  /** Nothing to do but to tell: why something that was heard counts for nothing, and which limit it would have gone beyond. */
  | { readonly kind: 'refused'; readonly reason: string; readonly limit?: string }
