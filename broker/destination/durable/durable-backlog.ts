// What a durable subscription has of one topic: what it has not acknowledged waits in the store, while its consumer is there and
// while none is. Without one it costs nothing per message, because the store keeps its account.
//
// With a consumer it is to it what a queue is: a window of waiting messages, most of them in the store only, and what is in
// flight. Messages that are not stored come to it only while its consumer is there, and are gone with that.
import { assert } from '../../base/assert.ts'
import type { Message } from '../../message/message.ts'
import type { Destination } from '../../message/destination.ts'
import type { MessageSelector } from '../../selection/message-selector.ts'
import type { FoundMessage, Sequence, SubscriptionHolder } from '../../store/held-message.ts'
import { defaultPriority } from '../../store/priority-holder.ts'
import type { DestinationContext } from '../destination-context.ts'
import type { DestinationCounters } from '../destination-counters.ts'
import { QueueEntry, type EntryQueue } from '../entry.ts'
import { isExpired } from '../expiry.ts'
import { destinationLimits } from '../limits.ts'
import { PrioritizedWindows } from '../queue/prioritized-windows.ts'
import { passesFromTopic } from '../network/network-filter.ts'
import type { QueueConsumer } from '../queue/queue-consumer.ts'
import type { KeptMessages } from '../topic/recovery/kept-messages.ts'
import type { QueueWindow } from '../queue/queue-window.ts'
import type { Topic, TopicBacklogHolder } from '../topic/topic.ts'
import { LookPositions } from '../window/look-positions.ts'
import { MessageWindow } from '../window/message-window.ts'
import { BacklogStorage } from './backlog-storage.ts'

/** Its one consumer. */
export interface DurableConsumer extends QueueConsumer {
  /** For noLocal. */
  readonly connectionId: string
  readonly noLocal: boolean
  /** It asks for what the topics have kept. */
  readonly retroactive: boolean
}

/** Whose it is. */
export interface DurableOwner {
  readonly clientId: string
  readonly name: string
  /** Of the last consumer there was, also before there was the topic; '' for none. */
  readonly connectionId: string
}

/** Which messages it is for. */
export interface DurableTerms {
  readonly noLocal: boolean | 'of its consumer'
  /** null: all messages. */
  readonly selector: MessageSelector | null
}

export class DurableBacklog implements EntryQueue, TopicBacklogHolder {
  readonly topic: Topic
  readonly terms: DurableTerms
  readonly storage: BacklogStorage
  /** Bytes of bodies that it holds in memory; kept by its entries. */
  memoryUsed = 0
  readonly #context: DestinationContext
  /** In flight, also those of a consumer that has gone: an open transaction has them, or they are becoming dead letters. */
  readonly #inFlight = new Set<QueueEntry>()
  /** How often messages were delivered in vain that it will deliver again. */
  readonly #redelivered = new Map<Sequence, number>()
  #consumer: DurableConsumer | null = null
  /** Of its last consumer: what came by this one is not for a subscription without its own messages. */
  #connectionId: string
  #noLocal: boolean
  /** null without a consumer, and until all that was there when that came is durable. */
  #window: QueueWindow | null = null
  /** What came for the consumer before the window was there. */
  #early: QueueEntry[] = []
  #dispatching = false
  #deleted = false

  constructor(topic: Topic, owner: DurableOwner, terms: DurableTerms, context: DestinationContext) {
    const { clientId, name, connectionId } = owner
    this.topic = topic
    this.terms = terms
    this.#connectionId = connectionId
    this.#noLocal = terms.noLocal === true
    this.storage = new BacklogStorage(
      { topic: topic.destination.name, clientId, name },
      topic.isPrioritized,
      context.store,
    )
    this.#context = context
  }

  get destination(): Destination {
    return this.topic.destination
  }

  /** For the log. */
  get name(): string {
    const { clientId, name } = this.storage.holder
    return `${clientId}:${name} of topic ${this.destination.name}`
  }

  get counters(): DestinationCounters {
    return this.topic.counters
  }

  get deleted(): boolean {
    return this.#deleted
  }

  get active(): boolean {
    return this.#consumer !== null
  }

  /** Messages that it has not acknowledged, of those in the store. */
  get pending(): number {
    return this.storage.pending
  }

  get inFlight(): number {
    return this.#inFlight.size
  }

  get loading(): boolean {
    return this.#consumer !== null && (this.#window === null || this.#window.loading)
  }

  get selective(): boolean {
    return this.terms.noLocal !== false || this.terms.selector !== null
  }

  get wouldHold(): boolean {
    if (!this.#consumer) return false
    return this.#consumer.full || this.#window === null || this.#window.size > 0
  }

  /** As it was when it was sent: a message that comes again is no other one. */
  wants(message: Message): boolean {
    const { selector } = this.terms
    if (this.#noLocal && message.connectionId === this.#connectionId) return false
    return selector === null || selector.matches(message, 0)
  }

  attach(consumer: DurableConsumer): void {
    assert(!this.#consumer, 'A durable subscription has one consumer at a time')
    this.#consumer = consumer
    this.#connectionId = consumer.connectionId
    if (this.terms.noLocal === 'of its consumer') this.#noLocal = consumer.noLocal
    consumer.queues.add(this)
    this.topic.activated(this)
    this.#openWindow(consumer)
  }

  /** What waits is in the store, or lost when it is not stored. What is in flight is handed back by whoever has it. */
  detach(consumer: DurableConsumer): void {
    consumer.queues.delete(this)
    if (this.#consumer !== consumer) return
    this.#consumer = null
    this.topic.deactivated(this)
    this.#closeWindow()
  }

  arriveStored(sequence: Sequence, message: Message): void {
    // Before the window was made: it is among those that it begins with.
    if (!this.#window) return
    // Its consumer may have come by another connection since the store was told what is its own.
    if (this.#noLocal && !this.#context.store.holds(this.holderFor(message), sequence)) return
    this.#window.arriveStored(sequence, message, this.storage.placeAt(message.priority))
    this.dispatch()
  }

  arriveVolatile(sequence: Sequence, message: Message): void {
    const entry = this.#volatileEntry(sequence, message)
    if (!this.#window) return void this.#early.push(entry)
    this.#window.arrive(entry)
    this.dispatch()
  }

  dispatch(): void {
    const [consumer, window] = [this.#consumer, this.#window]
    if (this.#dispatching || !consumer || !window) return
    this.#dispatching = true
    try {
      this.#dispatchTo(consumer, window)
    } finally {
      this.#dispatching = false
    }
  }

  holderOf({ priority }: QueueEntry): SubscriptionHolder {
    return this.storage.holderAt(priority)
  }

  holderFor(message: Message): SubscriptionHolder {
    return this.storage.holderFor(message)
  }

  acknowledge(entry: QueueEntry, awaited: boolean): void {
    this.settle(entry)
    if (entry.stored && !this.#deleted) this.#context.store.remove(this.holderOf(entry), entry.sequence, awaited)
  }

  settle(entry: QueueEntry): void {
    this.#land(entry)
    entry.release()
    this.#redelivered.delete(entry.sequence)
    if (entry.stored) this.#window?.gone(entry.sequence, entry.priority)
    this.counters.dequeued++
  }

  async read({ sequence, priority }: QueueEntry): Promise<FoundMessage | undefined> {
    return (await this.storage.cursorAt(priority).read(sequence - 1, sequence, 1, 1))[0]
  }

  returnToFront(entries: readonly QueueEntry[]): void {
    for (const entry of entries) {
      this.#land(entry)
      if (entry.stored && entry.redeliveryCounter > 0) this.#redelivered.set(entry.sequence, entry.redeliveryCounter)
    }
    const ascending = [...entries].sort((a, b) => a.sequence - b.sequence)
    if (this.#window) this.#window.comeBack(ascending)
    else if (this.#consumer) this.#early.push(...ascending)
    else for (const entry of entries) entry.release()
  }

  /** Forgets it and what it has, here and in the store. */
  delete(): void {
    this.#deleted = true
    this.#closeWindow()
    this.topic.removeBacklog(this)
    this.storage.remove()
  }

  /** Takes expired messages out of memory. */
  sweepExpired(): void {
    const expired = this.#window?.takeExpired(this.#context.clock.nowMs()) ?? []
    for (const entry of expired) this.#expire(entry)
  }

  expireStored(sequence: Sequence, message: Message): boolean {
    if (this.#deleted || !this.#context.store.holds(this.holderFor(message), sequence)) return true
    const entry = this.#takeStored(sequence, message)
    if (entry) this.#expire(entry)
    return entry !== undefined
  }

  /** Undefined for one that is in flight or in memory. */
  #takeStored(sequence: Sequence, message: Message): QueueEntry | undefined {
    const priority = this.storage.placeAt(message.priority)
    if (this.#consumer) return this.#window?.takeExpiredCold(sequence, message, priority)
    for (const inFlight of this.#inFlight) if (inFlight.sequence === sequence) return undefined
    return this.#entryOf(sequence, message, priority)
  }

  /** What was written before has to be durable before it can be read; what is written later arrives after this. */
  #openWindow(consumer: DurableConsumer): void {
    const { store } = this.#context
    // As ActiveMQ: only for one that has nothing else waiting (RetainedMessageSubscriptionRecoveryPolicy.recover).
    const recovery = consumer.retroactive && this.pending === 0 ? this.topic.recovery : null
    const parts = this.storage.priorities.map((priority) => {
      const holder = this.storage.holderAt(priority)
      // Not what a commit has taken out of it that is still on its way to the disk.
      const inFlight = Array.from(this.#inFlight, ({ sequence }) => sequence).filter((one) => store.holds(holder, one))
      return { priority, inFlight, count: this.storage.pendingAt(priority) - inFlight.length }
    })
    const upTo = this.#context.lastSequence()
    store.whenDurable(() => {
      if (this.#consumer !== consumer) return
      const window = this.#newWindow()
      for (const { priority, inFlight, count } of parts) window.recover(count, upTo, inFlight, priority)
      this.#window = window
      const early = this.#early.splice(0)
      if (recovery) for (const entry of this.#recovered(recovery, upTo)) window.arrive(entry)
      window.comeBack(early.filter(({ stored }) => stored).sort((a, b) => a.sequence - b.sequence))
      for (const entry of early) if (!entry.stored) window.arrive(entry)
      this.#loaded()
    })
  }

  /** What came later than `upTo` came to this subscription by itself. */
  #recovered(recovery: KeptMessages, upTo: Sequence): QueueEntry[] {
    const entries: QueueEntry[] = []
    for (const { sequence, message } of recovery.messages())
      if (sequence <= upTo && this.wants(message)) entries.push(this.#volatileEntry(sequence, message))
    return entries
  }

  #newWindow(): QueueWindow {
    const positions = new LookPositions()
    const plain = this.#windowAt(defaultPriority, positions)
    if (this.storage.priorities.length === 1) return plain
    return new PrioritizedWindows({
      plain,
      consumers: { positions, openMembers: () => [], served: () => {}, strict: false, passes: () => true },
      isPrioritized: this.storage.isPrioritized,
      windowAt: (priority, own) => this.#windowAt(priority, own),
    })
  }

  #windowAt(priority: number, positions: LookPositions): MessageWindow<QueueEntry, QueueConsumer> {
    return new MessageWindow(
      {
        queue: this.name,
        cursor: this.storage.cursorAt(priority),
        positions,
        entryOf: (sequence, message) => this.#entryOf(sequence, message, priority),
        room: () => this.#context.memory.roomBesides(this.memoryUsed),
        loaded: () => this.#loaded(),
      },
      this.#context,
    )
  }

  #closeWindow(): void {
    this.#window?.close()
    this.#window = null
    for (const entry of this.#early.splice(0)) entry.release()
  }

  #volatileEntry(sequence: Sequence, message: Message): QueueEntry {
    const entry = new QueueEntry(this, sequence, message, 'memory', this.#context.memory)
    entry.priority = this.storage.placeAt(message.priority)
    return entry
  }

  #entryOf(sequence: Sequence, message: Message, priority: number): QueueEntry {
    const entry = new QueueEntry(this, sequence, message, 'store', this.#context.memory)
    entry.priority = priority
    if (this.#redelivered.size > 0) entry.redeliveryCounter = this.#redelivered.get(sequence) ?? 0
    return entry
  }

  #dispatchTo(consumer: DurableConsumer, window: QueueWindow): void {
    const nowMs = this.#context.clock.nowMs()
    while (!consumer.full) {
      const entry = window.first
      if (!entry?.message) break
      if (isExpired(entry, nowMs)) this.#expire(window.takeFirst())
      else if (!this.wants(entry.message) || !mayHave(consumer, entry.message)) this.#passOver(window.takeFirst())
      else this.#give(window.takeFirst(), entry.message, consumer)
    }
    window.refill(!consumer.full)
  }

  #give(entry: QueueEntry, message: Message, consumer: DurableConsumer): void {
    this.#takeOff(entry, consumer)
    this.counters.dispatched++
    consumer.deliverQueueEntry(entry, message)
    if (entry.stored && this.#context.memory.headroom(destinationLimits.bodyHighWaterShare) < 0) entry.release()
  }

  #expire(entry: QueueEntry): void {
    this.#takeOff(entry, null)
    this.#context.expired(entry)
  }

  /** Its terms were not asked, or said otherwise, when it was stored; or it is not for the bridge that has come for it. */
  #passOver(entry: QueueEntry): void {
    this.#takeOff(entry, null)
    this.acknowledge(entry, false)
  }

  #takeOff(entry: QueueEntry, holder: DurableConsumer | null): void {
    entry.inFlight = true
    entry.holder = holder
    this.#inFlight.add(entry)
  }

  #land(entry: QueueEntry): void {
    assert(entry.inFlight, 'a message of a durable subscription was settled that is not in flight')
    entry.inFlight = false
    entry.holder = null
    this.#inFlight.delete(entry)
  }

  #loaded(): void {
    this.dispatch()
    if (!this.loading) this.#consumer?.answerPull()
  }
}

const mayHave = ({ network }: DurableConsumer, message: Message): boolean =>
  network === null || passesFromTopic(network, message)
