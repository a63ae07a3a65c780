// A durable subscription, known by client id and name: to one topic, to several, or to all that match a wildcard, also those that
// are made later. It has one consumer at a time, and a backlog for each topic.
//
// In the store each backlog is a subscription of its topic. One to several topics has another one there under what was subscribed
// to, which is the name of no topic: so that it is known while there are no topics, and which they are.
import type { Destination } from '../../message/destination.ts'
import { isAdvisory, isComposite, isWildcard } from '../../message/destination.ts'
import type { MessageSelector } from '../../selection/message-selector.ts'
import { matchesWildcard, parseWildcard } from '../../routing/wildcard.ts'
import { subscriptionHolder, type SubscriptionHolder, type SubscriptionTerms } from '../../store/held-message.ts'
import type { DestinationContext } from '../destination-context.ts'
import type { Topic } from '../topic/topic.ts'
import { DurableBacklog, type DurableConsumer } from './durable-backlog.ts'

export interface DurableOptions {
  readonly clientId: string
  readonly name: string
  /** As it was subscribed to. */
  readonly destination: Destination
  /** That, or the members of a composite. */
  readonly members: readonly Destination[]
  readonly terms: SubscriptionTerms
}

export class DurableSubscription {
  readonly options: DurableOptions
  /** null: all messages. */
  readonly selector: MessageSelector | null
  readonly #context: DestinationContext
  /** By the name of the topic. */
  readonly #backlogs = new Map<string, DurableBacklog>()
  /** null for one topic. */
  readonly #marker: SubscriptionHolder | null
  #consumer: DurableConsumer | null = null
  /** Of its last consumer. */
  #connectionId = ''

  constructor(options: DurableOptions, selector: MessageSelector | null, context: DestinationContext) {
    const { destination, clientId, name } = options
    this.options = options
    this.selector = selector
    this.#context = context
    this.#marker = isSeveral(destination) ? subscriptionHolder(destination.name, clientId, name) : null
  }

  get active(): boolean {
    return this.#consumer !== null
  }

  get backlogs(): number {
    return this.#backlogs.size
  }

  /** Stored messages that it has not acknowledged. */
  get pending(): number {
    let pending = 0
    for (const backlog of this.#backlogs.values()) pending += backlog.pending
    return pending
  }

  get inFlight(): number {
    let inFlight = 0
    for (const backlog of this.#backlogs.values()) inFlight += backlog.inFlight
    return inFlight
  }

  /** Whether it is to be told of what is sent to a topic that it does not know yet: not of one whose name the store does not take. */
  wants(topic: Destination): boolean {
    if (topic.kind !== 'topic' || isAdvisory(topic) || isWildcard(topic) || this.#backlogs.has(topic.name)) return false
    const { storableName } = this.#context.store
    if (storableName && storableName(topic.name) !== topic.name) return false
    return this.options.members.some(({ name }) =>
      isWildcard({ kind: 'topic', name }) ? matchesWildcard(parseWildcard(name), topic.name) : name === topic.name,
    )
  }

  /** Makes it known to the store, where it may be already. */
  store(): void {
    if (this.#marker) this.#context.store.addSubscription(this.#marker, this.options.terms)
  }

  /** It has what is sent to this topic from now on; or what the store has for it already. */
  cover(topic: Topic): void {
    const { clientId, name, terms } = this.options
    const backlog = new DurableBacklog(
      topic,
      { clientId, name, connectionId: this.#connectionId },
      { noLocal: terms.noLocalUnknown ? 'of its consumer' : terms.noLocal, selector: this.selector },
      this.#context,
    )
    // First what may refuse it.
    backlog.storage.add(terms)
    this.#backlogs.set(topic.destination.name, backlog)
    topic.addBacklog(backlog)
    if (this.#consumer) backlog.attach(this.#consumer)
  }

  attach(consumer: DurableConsumer): void {
    this.#consumer = consumer
    this.#connectionId = consumer.connectionId
    for (const backlog of this.#backlogs.values()) backlog.attach(consumer)
  }

  detach(consumer: DurableConsumer): void {
    if (this.#consumer !== consumer) return
    this.#consumer = null
    for (const backlog of this.#backlogs.values()) backlog.detach(consumer)
  }

  /** With all it has. */
  delete(): void {
    for (const backlog of this.#backlogs.values()) backlog.delete()
    if (this.#marker) this.#context.store.removeSubscription(this.#marker)
  }
}

/** Whether a destination is no topic, but says which. */
export const isSeveral = (destination: Destination): boolean => isComposite(destination) || isWildcard(destination)
