// How the messages of a queue are shared out among its consumers, as far as a user may set it (ActiveMQ: PolicyEntry).
import type { PolicyEntry, PolicyMap } from '../../routing/policy-map.ts'

export interface DispatchPolicy {
  /** One consumer gets all that it has room for, then the next one; not in turn. */
  readonly strictOrderDispatch: boolean
  /** false: all are equal, whatever they say. */
  readonly useConsumerPriority: boolean
  readonly allConsumersExclusiveByDefault: boolean
  /** Nobody is given anything before so many are there … */
  readonly consumersBeforeDispatchStarts: number
  /** … or the first of them has been there so long. */
  readonly timeBeforeDispatchStartsMs: number
}

export type DispatchPolicies = PolicyMap<PolicyEntry & DispatchPolicy>

export const defaultDispatchPolicy: DispatchPolicy = {
  strictOrderDispatch: false,
  useConsumerPriority: true,
  allConsumersExclusiveByDefault: false,
  consumersBeforeDispatchStarts: 0,
  timeBeforeDispatchStartsMs: 0,
}
