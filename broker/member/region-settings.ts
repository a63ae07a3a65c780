// What the configuration says of destinations, in the region's terms.
import { parseDuration, parseSize } from '../config/duration-and-size.ts'
import { defaultNetworkBridgeFilter } from '../config/network-schema.ts'
import type { BrokerConfig } from '../config/schema.ts'
import type { BrokerRedeliveryConfig } from '../destination/broker-redelivery.ts'
import type { DeadLetterStrategyConfig } from '../destination/dead-letter.ts'
import type { DeadLetterPolicy } from '../destination/dead-letter-strategies.ts'
import type { DispatchPolicy } from '../destination/queue/dispatch-policy.ts'
import type { RedeliveryPolicy } from '../destination/redelivery-policy.ts'
import type { RecoveryPolicyEntry } from '../destination/topic/recovery/recovery-policies.ts'
import type { RecoveryPolicyConfig } from '../destination/topic/recovery/recovery-policy.ts'
import type { Destination } from '../message/destination.ts'
import type { ExpiryPolicy } from '../region/expiry-sweeps.ts'
import type { DeliveryPolicy } from '../region/region-broker.ts'
import type { DestinationPolicy, InactiveDestinationsPolicy } from '../region/inactive-destinations.ts'
import type { PriorityPolicy } from '../region/priority-policy.ts'
import type { PolicyEntry } from '../routing/policy-map.ts'
import {
  defaultVirtualTopic,
  type CompositeDestination,
  type VirtualDestination,
} from '../routing/virtual-destination.ts'

type Given = NonNullable<BrokerConfig['virtualDestinations']>[number]
type Composite = NonNullable<Given['compositeQueue']>
type GivenStrategy = NonNullable<BrokerConfig['destinationPolicies'][number]['deadLetterStrategy']>
type GivenRecovery = NonNullable<BrokerConfig['destinationPolicies'][number]['subscriptionRecoveryPolicy']>
type GivenAudit = Pick<
  NonNullable<GivenStrategy['sharedDeadLetterStrategy']>,
  'expiration' | 'enableAudit' | 'maxAuditDepth' | 'maxProducersToAudit'
>
type GivenRedeliveryPolicy = NonNullable<
  NonNullable<BrokerConfig['redeliveryPlugin']>['redeliveryPolicyMap']['defaultEntry']
>
/** What bridges may take along of the messages of a destination. */
export type NetworkFilterPolicy = PolicyEntry & {
  readonly replayWhenNoConsumers: boolean
  readonly replayDelayMs: number
  /** Messages in rateDurationMs; 0 = as many as there are. */
  readonly rateLimit: number
  readonly rateDurationMs: number
  readonly selectorAware: boolean
}
type QueueOrTopic = { readonly queue?: string | undefined; readonly topic?: string | undefined }

/** Those that are given stand in place of the default, as in ActiveMQ. */
export function virtualDestinationsOf(config: BrokerConfig): readonly VirtualDestination[] {
  const { virtualDestinations, useVirtualTopics } = config
  if (virtualDestinations) return virtualDestinations.flatMap(virtualDestinationsIn)
  return useVirtualTopics ? [defaultVirtualTopic] : []
}

/** Those whose consumers bridges of other brokers are told of. */
export const toldVirtualDestinationsOf = (config: BrokerConfig): readonly VirtualDestination[] =>
  config.useVirtualDestSubs ? virtualDestinationsOf(config) : []

export const startupDestinationsOf = ({ startupDestinations }: BrokerConfig): readonly Destination[] =>
  startupDestinations.map(destinationOf)

export const inactiveDestinationsOf = (config: BrokerConfig): InactiveDestinationsPolicy => ({
  purgePeriodMs: parseDuration(config.schedulePeriodForDestinationPurge)!,
  maxPurgedPerSweep: config.maxPurgedDestinationsPerSweep,
  policies: config.destinationPolicies.map((given): DestinationPolicy => {
    const { gcInactiveDestinations, inactiveTimeoutBeforeGC } = given
    return {
      ...patternOf(given),
      gcInactiveDestinations,
      inactiveTimeoutBeforeGCMs: parseDuration(inactiveTimeoutBeforeGC)!,
    }
  }),
})

export const priorityPoliciesOf = ({ destinationPolicies }: BrokerConfig): readonly PriorityPolicy[] =>
  destinationPolicies.map(({ prioritizedMessages = false, ...given }) => ({ ...patternOf(given), prioritizedMessages }))

export const deadLetterPoliciesOf = ({ destinationPolicies }: BrokerConfig): readonly DeadLetterPolicy[] =>
  destinationPolicies.map(({ deadLetterStrategy, ...given }) => ({
    ...patternOf(given),
    deadLetterStrategy: deadLetterStrategy ? strategyOf(deadLetterStrategy) : null,
  }))

export const dispatchPoliciesOf = ({ destinationPolicies }: BrokerConfig): readonly (PolicyEntry & DispatchPolicy)[] =>
  destinationPolicies.map((given) => ({
    ...patternOf(given),
    strictOrderDispatch: given.strictOrderDispatch,
    useConsumerPriority: given.useConsumerPriority,
    allConsumersExclusiveByDefault: given.allConsumersExclusiveByDefault,
    consumersBeforeDispatchStarts: given.consumersBeforeDispatchStarts,
    timeBeforeDispatchStartsMs: parseDuration(given.timeBeforeDispatchStarts)!,
  }))

export const expiryPoliciesOf = ({ destinationPolicies }: BrokerConfig): readonly ExpiryPolicy[] =>
  destinationPolicies.map(({ expireMessagesPeriod, maxExpirePageSize, ...given }) => ({
    ...patternOf(given),
    expireMessagesPeriodMs: parseDuration(expireMessagesPeriod)!,
    maxExpirePageSize,
  }))

export const recoveryPoliciesOf = ({ destinationPolicies }: BrokerConfig): readonly RecoveryPolicyEntry[] =>
  destinationPolicies.map(({ subscriptionRecoveryPolicy, alwaysRetroactive, ...given }) => ({
    ...patternOf(given),
    recovery: subscriptionRecoveryPolicy ? recoveryOf(subscriptionRecoveryPolicy) : null,
    alwaysRetroactive,
  }))

export const deliveryPoliciesOf = ({ destinationPolicies }: BrokerConfig): readonly DeliveryPolicy[] =>
  destinationPolicies.map(({ persistJMSRedelivered, ...given }) => ({ ...patternOf(given), persistJMSRedelivered }))

export const networkFilterPoliciesOf = ({ destinationPolicies }: BrokerConfig): readonly NetworkFilterPolicy[] =>
  destinationPolicies.map(({ conditionalNetworkBridgeFilter, ...given }) => {
    const { replayDelay, rateDuration, ...same } = conditionalNetworkBridgeFilter ?? defaultNetworkBridgeFilter
    return {
      ...patternOf(given),
      ...same,
      replayDelayMs: parseDuration(replayDelay)!,
      rateDurationMs: parseDuration(rateDuration)!,
    }
  })

export function redeliveryOf({ redeliveryPlugin }: BrokerConfig): BrokerRedeliveryConfig | undefined {
  if (!redeliveryPlugin) return undefined
  const { redeliveryPolicyMap, sendToDlqIfMaxRetriesExceeded, fallbackToDeadLetter } = redeliveryPlugin
  const { redeliveryPolicyEntries, defaultEntry } = redeliveryPolicyMap
  return {
    policies: redeliveryPolicyEntries.map(({ queue, ...policy }) => ({
      kind: 'queue',
      pattern: queue,
      ...redeliveryPolicyOf(policy),
    })),
    defaultPolicy: defaultEntry ? redeliveryPolicyOf(defaultEntry) : null,
    sendToDlqIfMaxRetriesExceeded,
    fallbackToDeadLetter,
  }
}

const redeliveryPolicyOf = (given: GivenRedeliveryPolicy): RedeliveryPolicy => ({
  ...given,
  initialRedeliveryDelayMs: parseDuration(given.initialRedeliveryDelay)!,
  redeliveryDelayMs: parseDuration(given.redeliveryDelay)!,
  maximumRedeliveryDelayMs:
    given.maximumRedeliveryDelay === undefined ? null : parseDuration(given.maximumRedeliveryDelay)!,
})

function strategyOf(given: GivenStrategy): DeadLetterStrategyConfig {
  const { sharedDeadLetterStrategy: shared, individualDeadLetterStrategy: individual } = given
  if (shared) return { kind: 'shared', ...shared, queue: shared.deadLetterQueue, ...auditOf(shared) }
  if (individual) return { kind: 'individual', ...individual, ...auditOf(individual) }
  return { kind: 'discarding' }
}

function recoveryOf(given: GivenRecovery): RecoveryPolicyConfig | null {
  const count = given.fixedCountSubscriptionRecoveryPolicy
  const sized = given.fixedSizedSubscriptionRecoveryPolicy
  const timed = given.timedSubscriptionRecoveryPolicy
  if (count) return { kind: 'fixedCount', maximumSize: count.maximumSize }
  if (sized) return { kind: 'fixedSized', maximumBytes: parseSize(sized.maximumSize)! }
  if (timed) return { kind: 'timed', recoverDurationMs: parseDuration(timed.recoverDuration)! }
  return given.lastImageSubscriptionRecoveryPolicy ? { kind: 'lastImage' } : null
}

const auditOf = ({ expiration, enableAudit, maxAuditDepth, maxProducersToAudit }: GivenAudit) => ({
  expirationMs: parseDuration(expiration)!,
  auditDepth: enableAudit ? maxAuditDepth * maxProducersToAudit : 0,
})

const virtualDestinationsIn = ({ virtualTopic, compositeQueue, compositeTopic }: Given): VirtualDestination[] => [
  ...(virtualTopic ? [{ kind: 'virtualTopic', ...virtualTopic } as const] : []),
  ...(compositeQueue ? [compositeOf('compositeQueue', compositeQueue)] : []),
  ...(compositeTopic ? [compositeOf('compositeTopic', compositeTopic)] : []),
]

const compositeOf = (
  kind: CompositeDestination['kind'],
  { name, forwardOnly, sendWhenNotMatched, forwardTo }: Composite,
): CompositeDestination => ({
  kind,
  name,
  forwardOnly,
  sendWhenNotMatched,
  forwardTo: forwardTo.map(({ filteredDestination, ...plain }) => ({
    destination: destinationOf(filteredDestination ?? plain),
    selector: filteredDestination?.selector ?? null,
  })),
})

/** The schema sees to it that there is one of both. */
const destinationOf = ({ queue, topic }: QueueOrTopic): Destination =>
  topic === undefined ? { kind: 'queue', name: queue! } : { kind: 'topic', name: topic }

const patternOf = ({ queue, topic }: QueueOrTopic): PolicyEntry =>
  topic === undefined ? { kind: 'queue', pattern: queue! } : { kind: 'topic', pattern: topic }
