// What holds for bridges at a queue, as far as a user may set it (ActiveMQ: ConditionalNetworkBridgeFilterFactory).
import type { PolicyEntry, PolicyMap } from '../../routing/policy-map.ts'

export interface NetworkFilterPolicy {
  /** A message may go back to where it has been when the queue has no consumer of a client of this broker. */
  readonly replayWhenNoConsumers: boolean
  /** Only such as have been here so long. */
  readonly replayDelayMs: number
  /** Messages that go over one bridge in `rateDurationMs`; 0 = no limit. */
  readonly rateLimit: number
  readonly rateDurationMs: number
  /** Consumers that do not want the message do not keep it here. */
  readonly selectorAware: boolean
}

export type NetworkFilterPolicies = PolicyMap<PolicyEntry & NetworkFilterPolicy>

/** Not ActiveMQ's, which lets such messages wait until a consumer comes to this broker. */
export const defaultNetworkFilterPolicy: NetworkFilterPolicy = {
  replayWhenNoConsumers: true,
  replayDelayMs: 0,
  rateLimit: 0,
  rateDurationMs: 1000,
  selectorAware: false,
}
