// The demand of one bridge as a pure state machine: what the other broker tells of its consumers goes in, what is to be done here
// comes out (ActiveMQ: DemandForwardingBridgeSupport, ConduitBridge, DurableConduitBridge). No sockets, no timers, no region.
//
// Interests of one destination form a group. A group has a demand of its own, or is served by that of a group with a wider
// destination that was there before. When the wider one has no interest of its own any more, those that it served get demands of
// their own: else a look with `>` would make the bridge take along everything as long as one narrow consumer is there. Durable
// demands are the exception, what they have kept is that of all whom they serve. A topic's messages travel once, however many
// demands match (topic-carriers.ts).
//
// It is idempotent: what was heard before changes nothing, whoever is not known cannot go.
import { errorMessage, RefusalError } from '../../base/errors.ts'
import {
  compositeMembers,
  destinationKey,
  isAdvisory,
  isTemporary,
  isWildcard,
  type Destination,
} from '../../message/destination.ts'
import { destinationOperations } from '../../openwire/destination-operations.ts'
import { requiredDestination } from '../../openwire/destination-structure.ts'
import { consumerIdText } from '../../openwire/id-text.ts'
import { isWithin } from '../../routing/wildcard.ts'
import type {
  BrokerSubscriptionInfo,
  ConsumerInfo,
  DataStructure,
  DestinationInfo,
  RemoveSubscriptionInfo,
} from '../../wire/openwire/commands.ts'
import type { NamedDestination } from '../connector-settings.ts'
import { isForBridges } from '../../message/bridge-advisories.ts'
import { mayPass } from '../../message/demand-terms.ts'
import { BridgeWays } from './bridge-ways.ts'
import { DemandGroup, isInUse, type BridgeWay, type Interest, type Permanence } from './demand-group.ts'
import { buildDemand, demandPriority, durableName, isForNobody, type DemandOwner } from './demand-info.ts'
import type { Demand, DemandChange } from './demand.ts'
import { DestinationRules } from './destination-rules.ts'
import { isBridgeTo, subscriptionsToHear } from './durable-sync.ts'
import { pathBytes, readConsumer, readPath, type HeardConsumer } from './heard-consumer.ts'
import { InterestIndex, isSameSource } from './interest-index.ts'
import {
  demandBytes,
  interestBytes,
  littleRememberedBytes,
  maxDestinations,
  maxInterestsOfOneId,
  maxRememberedBytes,
  maxWildcards,
} from './limits.ts'
import type { NetworkDemands } from './network-demands.ts'
import { TemporaryPlaces } from './temporary-places.ts'
import { TopicCarriers } from './topic-carriers.ts'

export interface DemandTableOptions extends DemandOwner {
  readonly localBrokerId: string
  /** Of all bridges of this broker: tells two ways to the same consumers. */
  readonly networkDemands: NetworkDemands
  /** What another bridge's demand has changed here; to be carried out before the call returns. */
  readonly changed: (changes: DemandChange[]) => void
}

/** A subscription that the bridge has left here when it was up before. */
export interface DurableNetworkSubscription {
  readonly subscriptionName: string
  readonly destination: Destination
}

export class DemandTable {
  readonly #options: DemandTableOptions
  readonly #rules: DestinationRules
  readonly #ways: BridgeWays
  readonly #groups = new Map<string, DemandGroup>()
  /** Of these the groups that may serve others. */
  readonly #wildcards = new Set<DemandGroup>()
  readonly #interests = new InterestIndex()
  readonly #temporary = new TemporaryPlaces()
  readonly #demands = new Map<number, Demand>()
  readonly #carriers = new TopicCarriers()
  #lastNumber = 0
  #rememberedBytes = 0
  /** Not null while a call collects what is to be done. */
  #changes: DemandChange[] | null = null

  constructor(options: DemandTableOptions) {
    this.#options = options
    this.#rules = new DestinationRules(options.settings)
    this.#ways = new BridgeWays(options.settings, options.networkDemands, (way) => this.#wayChanged(way))
  }

  /** Demands that there are. */
  get size(): number {
    return this.#demands.size
  }

  /** Bytes of memory, estimated. */
  get rememberedBytes(): number {
    return this.#rememberedBytes
  }

  demandOf(number: number): Demand | undefined {
    return this.#demands.get(number)
  }

  /** What is there without anybody asking for it: static destinations, and durable network subscriptions of before. */
  start(subscriptions: readonly DurableNetworkSubscription[]): DemandChange[] {
    return this.#collect(() => {
      for (const named of this.#options.settings.staticallyIncludedDestinations) this.#includeStatically(named)
      for (const subscription of subscriptions) this.#resume(subscription)
    })
  }

  /** What an advisory of the other broker carries, or the ConsumerInfo of a duplex peer. What else it may be is left alone. */
  heard(structure: DataStructure | null): DemandChange[] {
    return this.#collect(() => {
      if (structure?.kind === 'ConsumerInfo') this.#consumerAdded(structure)
      else if (structure?.kind === 'DestinationInfo') this.#destinationChanged(structure)
      else if (structure?.kind === 'RemoveSubscriptionInfo') this.#subscriptionRemoved(structure)
      else if (structure?.kind === 'RemoveInfo' && structure.objectId?.kind === 'ConsumerId')
        this.#forgetAll(this.#interests.ofConsumer(consumerIdText(structure.objectId)))
    })
  }

  /** The durable subscriptions that the other broker has, all of them: those of before that are for none of these end. */
  synchronize(info: BrokerSubscriptionInfo): DemandChange[] {
    return this.#collect(() => {
      for (const subscription of subscriptionsToHear(info, this.#options))
        this.#orRefuse(() => this.#consumerAdded(subscription))
      for (const group of this.#groups.values())
        if (group.isOfBefore) {
          group.isOfBefore = false
          this.#settle(group)
        }
    })
  }

  /**
   * Whether the demand takes along messages of this destination, which matches its own: not what is excluded though a wildcard
   * covers it, and not what another demand of this bridge takes along.
   */
  carries({ number }: Demand, destination: Destination): boolean {
    const demand = this.#demands.get(number)
    if (!demand) return false
    if (demand.advisory) return isAdvisory(destination)
    if (isForBridges(destination) || !this.#rules.isPermitted(destination)) return false
    return destination.kind !== 'topic' || this.#carriers.carries(demand, destination.name)
  }

  /** The bridge has ended: others get the ways that this one had. */
  close(): void {
    this.#ways.close()
    this.#account(-this.#rememberedBytes)
  }

  #hasRoom(bytes: number): boolean {
    const all = this.#rememberedBytes + bytes
    if (all > maxRememberedBytes) return false
    return all <= littleRememberedBytes || this.#options.networkDemands.hasRoom(bytes)
  }

  #account(bytes: number): void {
    this.#rememberedBytes += bytes
    this.#options.networkDemands.rememberedBytes += bytes
  }

  #collect(work: () => void): DemandChange[] {
    const changes: DemandChange[] = []
    this.#changes = changes
    try {
      this.#orRefuse(work)
    } finally {
      this.#changes = null
    }
    return changes
  }

  #emit(change: DemandChange): void {
    this.#changes?.push(change)
  }

  #orRefuse(work: () => void): void {
    try {
      work()
    } catch (error) {
      if (!(error instanceof RefusalError)) throw error
      const { limit } = error.fields
      this.#emit({ kind: 'refused', reason: errorMessage(error), ...(typeof limit === 'string' && { limit }) })
    }
  }

  /** Of this bridge, because of what another one has heard, or because it has ended. */
  #wayChanged(way: BridgeWay): void {
    const settle = () => {
      const groups = new Set<DemandGroup>()
      for (const interest of way.interests) {
        interest.group.count(interest, way.suppressed ? -1 : 1)
        groups.add(interest.group)
      }
      for (const group of groups) this.#settle(group)
    }
    if (this.#changes) settle()
    else this.#options.changed(this.#collect(settle))
  }

  #includeStatically({ destination, forceDurable }: NamedDestination): void {
    for (const member of compositeMembers(destination)) {
      if (isTemporary(member) || !this.#rules.isPermitted(member)) continue
      const group = this.#groups.get(destinationKey(member)) ?? this.#newGroup(member)
      group.permanence = forceDurable && member.kind === 'topic' ? 'durable' : 'consumers'
      group.isStatic = true
      this.#settle(group)
    }
  }

  #resume({ subscriptionName, destination }: DurableNetworkSubscription): void {
    const { settings, localBrokerName } = this.#options
    if (!settings.conduitSubscriptions || settings.dynamicOnly) return
    if (subscriptionName !== durableName(localBrokerName, destination)) return
    if (!this.#rules.isPermitted(destination)) {
      if (settings.syncDurableSubs) this.#emit({ kind: 'unsubscribe', subscriptionName })
      return
    }
    const group = this.#groups.get(destinationKey(destination)) ?? this.#newGroup(destination)
    group.isOfBefore = true
    this.#settle(group)
  }

  #consumerAdded(info: ConsumerInfo): void {
    if (info.browser) return
    const { settings, localBrokerId } = this.#options
    const heard = readConsumer(info)
    if (heard.advisory) {
      for (const destination of heard.destinations) this.#interestedIn(destination, heard)
      return
    }
    if (!mayPass(heard.brokerPath, settings.consumerTTL, localBrokerId)) return
    for (const destination of heard.destinations)
      if (this.#rules.isPermitted(destination)) this.#orRefuse(() => this.#interestedIn(destination, heard))
  }

  #interestedIn(destination: Destination, heard: HeardConsumer): void {
    const durable = heard.info.subscriptionName !== null && destination.kind === 'topic' && !heard.advisory
    const key = this.#groupKey(destination, heard, durable)
    const group = this.#groups.get(key)
    const same = this.#interests.sameAs(heard, durable)
    const isKnown = (other: Interest): boolean =>
      destinationKey(other.group.destination) === destinationKey(destination) &&
      (!durable || isSameSource(other, heard))
    if (same.some(isKnown)) return
    const cost = interestBytes + heard.bytes + 2 * destination.name.length
    if (same.length >= maxInterestsOfOneId)
      throw refused(heard, destination, `${maxInterestsOfOneId} destinations of its are known`, 'maxInterestsOfOneId')
    if (!this.#hasRoom(cost + (group ? 0 : demandBytes))) {
      this.#keepWithout(group, heard, destination, durable)
      return
    }
    if (!group && this.#groups.size >= maxDestinations)
      throw refused(heard, destination, `${maxDestinations} destinations are known`, 'maxDestinations')
    if (!group && isWildcard(destination) && this.#wildcards.size >= maxWildcards)
      throw refused(heard, destination, `${maxWildcards} wildcards are known`, 'maxWildcards')
    this.#remember(group ?? this.#newGroup(destination, key, heard.advisory), heard, durable, cost)
  }

  #remember(group: DemandGroup, heard: HeardConsumer, durable: boolean, cost: number): void {
    const { settings, remoteBrokerId } = this.#options
    const { info, consumerId, brokerPath: heardPath } = heard
    const brokerPath = [...heardPath, remoteBrokerId]
    const priority = demandPriority(settings, info, brokerPath)
    const forNobody = group.destination.kind === 'queue' && isForNobody(info)
    // Nor may what nobody wants keep those from it who do.
    const way =
      heard.advisory || forNobody
        ? null
        : this.#ways.of(group.destination, { brokerPath, priority, durable: durable || group.options.forcedDurable })
    const interest: Interest = { info, consumerId, heardPath, brokerPath, group, durable, forNobody, way, cost }
    way?.interests.add(interest)
    group.interests.add(interest)
    this.#interests.add(interest)
    this.#account(cost)
    if (isInUse(interest)) group.count(interest, 1)
    this.#settle(group)
  }

  /** Too much is known to remember who it is: its destination is served as long as the bridge lives. */
  #keepWithout(group: DemandGroup | undefined, heard: HeardConsumer, destination: Destination, durable: boolean): void {
    const reason = `the bridge remembers at most ${maxRememberedBytes} bytes of consumers`
    if (!group || heard.advisory) throw refused(heard, destination, reason, 'maxRememberedBytes')
    if (group.permanence === 'durable' || (group.permanence === 'consumers' && !durable)) return
    group.permanence = durable ? 'durable' : 'consumers'
    this.#settle(group)
    const text = `Cannot remember consumers of ${destinationKey(destination)}: ${reason}; they have demand as long as it is up`
    this.#emit({ kind: 'refused', reason: text, limit: 'maxRememberedBytes' })
  }

  #subscriptionRemoved(info: RemoveSubscriptionInfo): void {
    // What the other broker's bridge to us has is no demand here; it has the name of those that are.
    if (isBridgeTo(this.#options.localBrokerName, this.#options.settings, info)) return
    const interests = this.#interests.ofSubscription(info)
    this.#forgetAll(interests)
    // Nobody can tell whether inactive ones are left that were not heard of; syncDurableSubs does.
    for (const { group } of interests)
      if (group.isOfBefore && !group.hasDurables) {
        group.isOfBefore = false
        this.#settle(group)
      }
  }

  #forgetAll(interests: readonly Interest[]): void {
    for (const interest of interests) {
      const { group } = interest
      this.#interests.remove(interest)
      group.interests.delete(interest)
      this.#account(-interest.cost)
      if (isInUse(interest)) group.count(interest, -1)
      this.#ways.leave(interest)
      this.#settle(group)
    }
  }

  #destinationChanged(info: DestinationInfo): void {
    const { settings, localBrokerId, remoteBrokerId, connectionId } = this.#options
    const destination = requiredDestination(info.destination, 'bridge a temporary destination')
    if (!isTemporary(destination) || !settings.bridgeTempDestinations) return
    const brokerPath = readPath(info.brokerPath)
    if (!mayPass(brokerPath, settings.consumerTTL, localBrokerId)) return
    const ours: DestinationInfo = {
      ...info,
      commandId: 0,
      responseRequired: false,
      connectionId: { kind: 'ConnectionId', value: connectionId },
      brokerPath: [...brokerPath, remoteBrokerId].map((value) => ({ kind: 'BrokerId', value })),
    }
    const isAnnounced = this.#temporary.isAnnounced(destination)
    if (info.operationType === destinationOperations.add && !isAnnounced) this.#addTemporary(destination, ours)
    if (info.operationType === destinationOperations.remove && isAnnounced) this.#removeTemporary(destination, ours)
  }

  #addTemporary(destination: Destination, info: DestinationInfo): void {
    const path = (info.brokerPath ?? []).map((id) => id?.value ?? '')
    const cost = interestBytes + demandBytes + pathBytes(path) + 2 * destination.name.length
    if (!this.#hasRoom(cost))
      throw new RefusalError(
        'RESOURCE_LIMIT',
        `Cannot bridge ${destinationKey(destination)}: the bridge remembers at most ${maxRememberedBytes} bytes of consumers`,
        { fields: { limit: 'maxRememberedBytes' } },
      )
    this.#account(cost)
    this.#emit({ kind: 'addDestination', destination, info })
    for (const group of this.#temporary.announce(destination, cost)) this.#settle(group)
  }

  #removeTemporary(destination: Destination, info: DestinationInfo): void {
    const { cost, groups } = this.#temporary.withdraw(destination)
    this.#account(-cost)
    for (const group of groups) this.#settle(group)
    this.#emit({ kind: 'removeDestination', destination, info })
  }

  /** Others join a group that has the destination for a key. */
  #groupKey(destination: Destination, heard: HeardConsumer, durable: boolean): string {
    const key = destinationKey(destination)
    const { settings } = this.#options
    const isAlone =
      heard.advisory ||
      !settings.conduitSubscriptions ||
      // The bridges behind it share its messages, each as one consumer.
      (destination.kind === 'queue' && heard.info.networkSubscription && !settings.conduitNetworkQueueSubscriptions)
    return isAlone && !durable && !this.#rules.isForcedDurable(destination) ? `${key}\n${heard.consumerId}` : key
  }

  #newGroup(destination: Destination, key = destinationKey(destination), advisory = false): DemandGroup {
    const cost = demandBytes + 2 * destination.name.length
    const group = new DemandGroup({
      key,
      destination,
      conduit: key === destinationKey(destination),
      advisory,
      forcedDurable: this.#rules.isForcedDurable(destination),
      cost,
    })
    this.#account(cost)
    this.#groups.set(key, group)
    if (group.mayCover) this.#wildcards.add(group)
    if (isTemporary(destination)) this.#temporary.add(group)
    return group
  }

  /** Gives a group the demand that it needs now, or takes it. */
  #settle(group: DemandGroup): void {
    const need = isTemporary(group.destination) && !this.#temporary.isAnnounced(group.destination) ? 'none' : group.need
    const before = group.coveredBy
    if (before && !serves(before, group, need)) group.coverBy(null)
    if (!group.coveredBy && !group.demand) {
      const wider = this.#wildcards.values().find((other) => isWider(other, group) && serves(other, group, need))
      if (wider) group.coverBy(wider)
    }
    this.#replaceDemand(group, group.coveredBy ? 'none' : need)
    if (group.isEmpty && !group.coveredBy) this.#forgetGroup(group)
    // It may have been there only for what this group's durable subscriptions have in it.
    if (before?.demand) this.#settle(before)
  }

  #replaceDemand(group: DemandGroup, need: Permanence): void {
    const old = group.demand
    const isDurable = need === 'durable'
    const isSame = (demand: Demand): boolean =>
      (demand.subscriptionName !== null) === isDurable && demand.forNobody === group.isForNobody
    if (need === 'none' ? !old : old && isSame(old)) return
    group.demand = need === 'none' ? null : this.#addDemand(group, isDurable)
    if (!old) return
    if (!group.demand) for (const narrower of group.covered) this.#settle(narrower)
    this.#demands.delete(old.number)
    this.#carriers.remove(old)
    this.#emit({ kind: 'remove', demand: old, unsubscribes: old.subscriptionName !== null && !isDurable })
  }

  #addDemand(group: DemandGroup, isDurable: boolean): Demand {
    const demand = buildDemand(this.#options, ++this.#lastNumber, group, isDurable)
    this.#demands.set(demand.number, demand)
    if (group.options.conduit && group.destination.kind === 'topic') this.#carriers.add(demand)
    this.#emit({ kind: 'add', demand })
    return demand
  }

  #forgetGroup(group: DemandGroup): void {
    if (!this.#groups.delete(group.options.key)) return
    this.#account(-group.options.cost)
    this.#wildcards.delete(group)
    if (isTemporary(group.destination)) this.#temporary.remove(group)
  }
}

/** Whether what the first takes along is all that the second needs. */
const serves = (wider: DemandGroup, group: DemandGroup, need: Permanence): boolean =>
  need !== 'none' &&
  !group.isLasting &&
  wider.demand !== null &&
  !wider.demand.forNobody &&
  (need === 'consumers' || wider.demand.subscriptionName !== null)

const isWider = (wider: DemandGroup, group: DemandGroup): boolean =>
  group.options.conduit &&
  wider !== group &&
  wider.destination.kind === group.destination.kind &&
  isWithin(group.pattern, wider.pattern)

const refused = (heard: HeardConsumer, destination: Destination, reason: string, limit: string): RefusalError =>
  new RefusalError(
    'RESOURCE_LIMIT',
    `Cannot take consumer ${heard.consumerId} of ${destinationKey(destination)} as demand: ${reason}`,
    { fields: { limit } },
  )
