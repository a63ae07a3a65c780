// What a scene is: a network of two kinds of broker, and what has to hold in it. Messages go from near to far.
import type { Network } from './network.ts'
import type { BrokerKind } from './network-member.ts'

export interface Pair {
  /** Whose connector it is. */
  readonly near: BrokerKind
  readonly far: BrokerKind
}

/** Runs the body, and reports by this name whether it came to its end; what it returns is told with it. */
export type Check = (what: string, body: () => Promise<string | void>) => Promise<void>

export type Scene = (network: Network, pair: Pair, check: Check) => Promise<void>
