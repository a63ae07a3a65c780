// Which destinations get what is sent to a virtual one: kept for each, and changed when destinations come and go, so that a
// send searches nothing. Temporary destinations and advisory topics are never virtual.
import type { DestinationRegistry } from '../destination/destination-registry.ts'
import { Queue } from '../destination/queue/queue.ts'
import {
  destinationKey,
  isAdvisory,
  isQueue,
  isTemporary,
  isWildcard,
  type Destination,
} from '../message/destination.ts'
import type { Message } from '../message/message.ts'
import {
  applies,
  QueueNames,
  type CompositeDestination,
  type VirtualDestination,
  type VirtualTopic,
} from '../routing/virtual-destination.ts'
import type { SelectorPool } from '../selection/selector-pool.ts'
import type { Target } from './room.ts'

/** True for a message that goes there. */
type MessageTest = (message: Message) => boolean

/** One destination that gets what is sent to another. */
export interface Forward {
  readonly target: Target
  /** null: every message. */
  readonly wants: MessageTest | null
  /** Without room it is left out, where the send would be refused. */
  readonly droppable: boolean
}

export interface Forwarding {
  readonly to: readonly Forward[]
  /** Whether the destination itself gets it, too: always, when none of them wants it, or never. */
  readonly keepsOwn: KeepsOwn
}

type KeepsOwn = 'always' | 'unmatched' | 'never'

/** A rule of virtual topics, with the queues that there are for it. */
interface VirtualTopics {
  readonly rule: VirtualTopic
  readonly names: QueueNames
  readonly byTopic: Map<string, Set<Queue>>
  /** Queues that have a wildcard as their name. */
  readonly wildcards: Set<Queue>
}

/** A rule of a composite, with its selectors compiled. */
interface Composite {
  readonly rule: CompositeDestination
  readonly forwardTo: readonly { readonly destination: Destination; readonly wants: MessageTest | null }[]
}

interface Virtual {
  readonly destination: Destination
  readonly topics: readonly VirtualTopics[]
  readonly composites: readonly Composite[]
  readonly keepsOwn: KeepsOwn
  /** As of `version`. */
  forwarding: Forwarding | null
  version: number
}

const notFromBridges: MessageTest = (message: Message) => !message.hasBrokerPath

export class VirtualDestinations {
  readonly #registry: Pick<DestinationRegistry, 'obtain'>
  readonly #topics: readonly VirtualTopics[]
  readonly #composites: readonly Composite[]
  readonly #virtual = new Map<Target, Virtual>()
  /** Destinations that composites name. */
  readonly #named: ReadonlySet<string>
  /** Grows whenever a destination comes or goes that gets what is sent to another. */
  #version = 0

  /** @throws {SelectorError} for a composite's selector that cannot be read. */
  constructor(
    rules: readonly VirtualDestination[],
    registry: Pick<DestinationRegistry, 'obtain'>,
    selectors: SelectorPool,
  ) {
    this.#registry = registry
    this.#topics = rules
      .filter((rule) => rule.kind === 'virtualTopic')
      .map((rule) => ({ rule, names: new QueueNames(rule), byTopic: new Map(), wildcards: new Set() }))
    this.#composites = rules
      .filter((rule) => rule.kind !== 'virtualTopic')
      .map((rule) => ({ rule, forwardTo: compiled(rule, selectors) }))
    this.#named = new Set(
      this.#composites.flatMap(({ forwardTo }) => forwardTo.map(({ destination }) => destinationKey(destination))),
    )
  }

  /** Tells the destination whether it is a virtual one. */
  added(target: Target): void {
    const { destination } = target
    if (isTemporary(destination) || isAdvisory(destination)) return
    if (target instanceof Queue) this.#addQueue(target)
    const topics = this.#topics.filter(({ rule }) => applies(rule, destination))
    const composites = this.#composites.filter(({ rule }) => applies(rule, destination))
    if (topics.length + composites.length === 0) return
    const keepsOwn = topics.length > 0 ? 'always' : keepsOwnBy(composites)
    this.#virtual.set(target, { destination, topics, composites, keepsOwn, forwarding: null, version: 0 })
    target.isVirtual = true
  }

  removed(target: Target): void {
    if (isTemporary(target.destination)) return
    this.#virtual.delete(target)
    if (target instanceof Queue) this.#removeQueue(target)
    if (this.#named.has(destinationKey(target.destination))) this.#version++
  }

  /**
   * Whether a consumer of this wildcard has to have a queue of that very name: what is sent to topics that nobody else has a queue
   * for comes into that, as in ActiveMQ, and nobody else draws from it (MappedQueueFilter.addSubscription).
   */
  needsQueue(member: Destination): boolean {
    return isQueue(member) && isWildcard(member) && this.#topics.some(({ names }) => names.meantBy(member.name))
  }

  /** Where a message goes that was sent to this destination. @throws {RefusalError} when a composite cannot have one it names. */
  forwardingOf(target: Target): Forwarding | null {
    const virtual = this.#virtual.get(target)
    if (!virtual) return null
    if (virtual.forwarding && virtual.version === this.#version) return virtual.forwarding
    // Composites may make what they name.
    const to = [...this.#queuesFor(virtual), ...this.#namedBy(virtual)]
    virtual.version = this.#version
    return (virtual.forwarding = { to, keepsOwn: virtual.keepsOwn })
  }

  #addQueue(queue: Queue): void {
    for (const topics of this.#topics) {
      const key = isWildcard(queue.destination) ? null : topics.names.topicOf(queue.name)
      if (key !== null) ofTopic(topics, key).add(queue)
      else if (isWildcard(queue.destination)) topics.wildcards.add(queue)
      else continue
      this.#version++
    }
  }

  #removeQueue(queue: Queue): void {
    for (const { names, byTopic, wildcards } of this.#topics) {
      if (wildcards.delete(queue)) this.#version++
      const topic = names.topicOf(queue.name)
      const queues = topic === null ? undefined : byTopic.get(topic)
      if (topic === null || !queues?.delete(queue)) continue
      if (queues.size === 0) byTopic.delete(topic)
      this.#version++
    }
  }

  *#queuesFor({ destination, topics }: Virtual): Generator<Forward> {
    for (const { rule, names, byTopic, wildcards } of topics) {
      const named = isWildcard(destination)
        ? [...byTopic.values()].flatMap((queues) => [...queues])
        : (byTopic.get(destination.name) ?? [])
      for (const queues of [named, wildcards])
        for (const target of queues)
          if (names.match(destination.name, target.name))
            yield { target, wants: testOf(rule, target), droppable: rule.dropOnResourceLimit }
    }
  }

  *#namedBy({ composites }: Virtual): Generator<Forward> {
    for (const { forwardTo } of composites)
      for (const { destination, wants } of forwardTo)
        yield { target: this.#registry.obtain(destination), wants, droppable: false }
  }
}

/** Which of the messages to a virtual topic come into a queue (SelectorAwareVirtualTopicInterceptor.shouldDispatch). */
function testOf({ local, selectorAware }: VirtualTopic, queue: Queue): MessageTest | null {
  if (!selectorAware) return local ? notFromBridges : null
  return (message) => (!local || notFromBridges(message)) && queue.isWanted(message)
}

/** ActiveMQ: CompositeDestinationFilter.send. */
function keepsOwnBy(composites: readonly Composite[]): KeepsOwn {
  if (composites.some(({ rule }) => !rule.forwardOnly && !rule.sendWhenNotMatched)) return 'always'
  return composites.some(({ rule }) => rule.sendWhenNotMatched) ? 'unmatched' : 'never'
}

/** The selectors are held as long as the broker has its rules, and that is as long as it runs. */
const compiled = ({ forwardTo }: CompositeDestination, selectors: SelectorPool): Composite['forwardTo'] =>
  forwardTo.map(({ destination, selector: text }) => {
    if (text === null) return { destination, wants: null }
    const selector = selectors.obtain(text)
    return { destination, wants: (message) => selector.matches(message, message.redeliveryCounter) }
  })

function ofTopic({ byTopic }: VirtualTopics, name: string): Set<Queue> {
  let queues = byTopic.get(name)
  if (!queues) byTopic.set(name, (queues = new Set()))
  return queues
}
