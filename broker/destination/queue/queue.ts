// A queue: messages in, each to one consumer, removed when acknowledged. Its state is the window of waiting messages, the
// consumers, and a count of what is in flight; the in-flight messages themselves are in their consumers' lists.
//
// A message is exactly one of: waiting (window), waiting until it may be delivered again, in flight (dispatched, acknowledged by an open transaction, or on its way
// to the dead letter queue), gone. The queue writes removals to the store, and to the temp store, where messages are that are
// not stored and found no room in memory; additions are written by the router before.
import { assert } from '../../base/assert.ts'
import type { Destination } from '../../message/destination.ts'
import { destinationKey, isTemporary } from '../../message/destination.ts'
import type { Message } from '../../message/message.ts'
import { queueHolder, type FoundMessage, type QueueHolder, type Sequence } from '../../store/held-message.ts'
import { DestinationCounters } from '../destination-counters.ts'
import type { DestinationContext } from '../destination-context.ts'
import type { EntryQueue, KeptIn } from '../entry.ts'
import { QueueEntry } from '../entry.ts'
import { isExpired } from '../expiry.ts'
import { destinationLimits } from '../limits.ts'
import { mergedCursor } from '../window/merged-cursor.ts'
import type { MessageCursor } from '../window/message-cursor.ts'
import { MessageWindow } from '../window/message-window.ts'
import { ArrivalOrder, type Way } from './arrival-order.ts'
import type { BrowsedQueue, QueueWatcher } from './browsed-queue.ts'
import { defaultDispatchPolicy } from './dispatch-policy.ts'
import { DispatchStart } from './dispatch-start.ts'
import { MessageGroups } from './message-groups.ts'
import { FirstDeliveries } from './first-deliveries.ts'
import { QueueDispatch } from './queue-dispatch.ts'
import type { QueueConsumer } from './queue-consumer.ts'
import { QueueLookers } from './queue-lookers.ts'
import { RedeliveryWaits } from './redelivery-waits.ts'

export class Queue implements EntryQueue, BrowsedQueue {
  readonly destination: Destination
  /** What its messages are kept for in the store. */
  readonly holder: QueueHolder
  /** The same in the temp store, which has also temporary queues: their names may be those of others. */
  readonly tempHolder: QueueHolder
  readonly counters = new DestinationCounters()
  /** Bytes of bodies that it holds in memory; kept by its entries, and by itself for what is on its way to the temp store. */
  memoryUsed = 0
  /** Bytes on their way to the temp store. */
  spillingBytes = 0
  /** The connection that owns a temporary queue. */
  readonly owner: string | null
  /** Open transactions that sent to it: while there are some the queue cannot be deleted. */
  openTransactions = 0
  /** What is sent to it goes to others, instead or as well: region/virtual-destinations.ts. */
  isVirtual = false
  readonly #context: DestinationContext
  readonly #consumers: QueueDispatch
  /** null when nothing is ever held back, as in most queues. */
  readonly #start: DispatchStart | null
  readonly #window: MessageWindow<QueueEntry, QueueConsumer>
  /** null while all consumers want every message, and none is of a group. */
  #lookers: QueueLookers | null = null
  /** null when the lookers are. */
  #groups: MessageGroups | null = null
  #inFlight = 0
  /** Stored messages that are on their way here, behind their syncs. */
  #expected = 0
  /** null while nothing is on its way here through the temp store. */
  #arrivals: ArrivalOrder | null = null
  /** Messages that the temp store has. */
  #spilled = 0
  readonly cursor: MessageCursor
  /** Browsers; null while there are none, as in most queues. */
  #watchers: Set<QueueWatcher> | null = null
  /** null when no message here is delivered again by the broker, as in most queues. */
  readonly #waits: RedeliveryWaits | null
  /** null when the store is not told of deliveries, as for most queues. */
  readonly #firstDeliveries: FirstDeliveries | null
  /** What is stored says how often it was delivered. */
  readonly #countsInMessages: boolean
  #dispatching = false
  #deleted = false

  constructor(destination: Destination, owner: string | null, context: DestinationContext) {
    this.destination = destination
    this.holder = queueHolder(destination.name)
    this.owner = owner
    this.tempHolder = queueHolder(this.stored ? destination.name : destinationKey(destination))
    this.#context = context
    this.cursor = this.#makeCursor()
    this.#waits = this.#makeWaits()
    const policy = context.dispatchPolicies?.for(destination) ?? defaultDispatchPolicy
    this.#consumers = new QueueDispatch(policy)
    this.#start = DispatchStart.of(policy, context.clock, () => this.dispatch())
    this.#firstDeliveries = this.#makeFirstDeliveries()
    this.#countsInMessages = this.#waits !== null || this.#firstDeliveries !== null
    this.#window = new MessageWindow(
      {
        queue: destination.name,
        cursor: this.cursor,
        positions: this.#consumers.positions,
        entryOf: (sequence, message) => this.#entryOf(sequence, message, this.#placeOf(message)),
        room: () => this.memoryRoom,
        loaded: () => this.#loaded(),
      },
      context,
    )
  }

  get deleted(): boolean {
    return this.#deleted
  }

  get name(): string {
    return this.destination.name
  }

  /** Persistent messages of a temporary queue are not stored: the queue dies with its connection. */
  get stored(): boolean {
    return !isTemporary(this.destination)
  }

  /** Whether a message is in the store, and not only in memory or the temp store. */
  stores({ persistent }: Message): boolean {
    return persistent && this.stored
  }

  get size(): number {
    return this.#window.size + this.#inFlight + this.awaitingRedelivery
  }

  /** Messages that are not to be delivered yet. */
  get awaitingRedelivery(): number {
    return this.#waits === null ? 0 : this.#waits.size
  }

  get inFlight(): number {
    return this.#inFlight
  }

  /** Browsers are counted, as in ActiveMQ. */
  get consumers(): number {
    return this.#consumers.size + (this.#watchers?.size ?? 0)
  }

  /** Groups of messages that have an owner. */
  get messageGroups(): number {
    return this.#groups === null ? 0 : this.#groups.size
  }

  /** Nothing is in it or on its way into it, and nobody uses it. */
  get idle(): boolean {
    if (this.size > 0 || this.consumers > 0 || this.counters.producers > 0) return false
    return this.openTransactions === 0 && this.#expected === 0 && this.#arrivals === null
  }

  get loading(): boolean {
    return this.#window.loading || this.#arrivals !== null
  }

  /** Bytes of bodies that it may keep in memory besides those that it has. */
  get memoryRoom(): number {
    return this.#context.memory.roomBesides(this.memoryUsed)
  }

  recover(messageCount: number, lastSequence: Sequence): void {
    this.#window.recover(messageCount, lastSequence)
  }

  /** A message was written, and arrives when it is durable. */
  expectStored(): void {
    this.#expected++
    this.#arrivals?.expect('store')
  }

  /** A persistent message is durable: consumers may have it. `message` is null when its body was not kept. */
  arriveStored(sequence: Sequence, message: Message | null): void {
    this.#expected--
    if (this.#arrivals) this.#arriveInOrder(this.#arrivals, 'store', sequence, message)
    else this.#arriveReadable(sequence, message, 'store')
  }

  /** A message that is not stored was given to the temp store, and arrives when it is written there. */
  expectSpilled({ size }: Message): void {
    if (!this.#arrivals) {
      this.#arrivals = new ArrivalOrder()
      for (let i = 0; i < this.#expected; i++) this.#arrivals.expect('store')
    }
    this.#arrivals.expect('temp')
    this.#spilled++
    this.#countSpilling(size)
  }

  /** It can be read there now. */
  arriveSpilled(sequence: Sequence, message: Message): void {
    this.#countSpilling(-message.size)
    if (this.#arrivals) this.#arriveInOrder(this.#arrivals, 'temp', sequence, message)
  }

  /** Whether messages that are not stored go to the temp store behind those that went there before them. */
  get spills(): boolean {
    return this.#arrivals !== null || (this.#spilled > 0 && this.#window.hasCold)
  }

  /** Whether a message that came now would go to a consumer at once, with nothing before it. */
  get takesAtOnce(): boolean {
    if (this.#expected > 0 || this.#arrivals || this.#start?.isHeldBack) return false
    return this.#window.size === 0 && !this.#window.loading && this.#consumers.hasRoom
  }

  /** A persistent message that is not durable yet, while `takesAtOnce`; the entry is told when it is. */
  arriveUnsynced(sequence: Sequence, message: Message): QueueEntry {
    this.counters.enqueued++
    const entry = this.#entryOf(sequence, message, 'store')
    entry.durable = false
    this.#window.arrive(entry)
    this.dispatch()
    return entry
  }

  /** Its body may leave memory from now on. */
  becameDurable(entry: QueueEntry): void {
    entry.durable = true
    if (entry.inFlight) this.#spareMemory(entry)
  }

  arriveVolatile(entry: QueueEntry): void {
    if (this.#deleted) return entry.release()
    this.counters.enqueued++
    if (this.#hasExpired(entry)) return this.#expire(entry)
    if (this.#waits) {
      entry.redeliveryCounter = entry.message!.redeliveryCounter
      if (this.#waits.take(entry)) return
    }
    this.#window.arrive(entry)
    this.dispatch()
  }

  /** Whether a message would find a consumer here that wants it; not without consumers. */
  isWanted(message: Message): boolean {
    return this.#consumers.accepts(message)
  }

  attach(consumer: QueueConsumer): void {
    if (consumer.queues.has(this)) return
    this.#consumers.add(consumer)
    this.counters.arrivals++
    if (this.#consumers.selective && !this.#lookers) this.#beginLook()
    this.#start?.came(this.#consumers.size)
    this.#groups?.exclusiveChanged()
    consumer.queues.add(this)
  }

  detach(consumer: QueueConsumer): void {
    this.#consumers.remove(consumer)
    consumer.queues.delete(this)
    if (this.#consumers.size === 0) this.#start?.end()
    this.#groups?.left(consumer)
    this.#groups?.exclusiveChanged()
    this.#endLookIfIdle()
  }

  addWatcher(watcher: QueueWatcher): void {
    this.#watchers ??= new Set()
    this.#watchers.add(watcher)
    this.counters.arrivals++
  }

  removeWatcher(watcher: QueueWatcher): void {
    this.#watchers?.delete(watcher)
    if (this.#watchers?.size === 0) this.#watchers = null
  }

  /** How often a message was delivered before, as it says; where nothing writes that into it, nothing here did. */
  deliveredBefore({ redeliveryCounter }: Message): number {
    return this.#countsInMessages ? redeliveryCounter : 0
  }

  waitingBehind(after: Sequence): Iterable<QueueEntry> {
    return this.#window.entriesBehind(after)
  }

  *elsewhere(): IterableIterator<QueueEntry> {
    if (this.#waits) yield* this.#waits
    for (const { dispatched } of this.#consumers)
      for (const entry of dispatched) if (entry.kind === 'queue' && entry.queue === this) yield entry
  }

  /** Gives waiting messages to consumers with room, until one of both runs out. */
  dispatch(): void {
    if (this.#dispatching || this.#consumers.size === 0 || this.#start?.isHeldBack) return
    this.#dispatching = true
    try {
      if (!this.#lookers) this.#dispatchInOrder()
      if (this.#lookers) this.#look(this.#lookers)
    } finally {
      this.#dispatching = false
    }
  }

  /** Removes an in-flight message for good. `awaited`: the caller waits for the store when `entry.stored`. */
  acknowledge(entry: QueueEntry, awaited: boolean): void {
    this.settle(entry)
    if (entry.stored && !this.#deleted) this.#context.store.remove(this.holder, entry.sequence, awaited)
  }

  /** As `acknowledge`, when the removal is already in the store (a committed transaction). */
  settle(entry: QueueEntry): void {
    this.#land(entry)
    entry.release()
    if (entry.readable) this.#window.gone(entry.sequence)
    if (entry.spilled) this.#unspill(entry)
    if (this.#watchers) for (const watcher of this.#watchers) watcher.gone(this, entry.sequence)
    this.counters.dequeued++
    this.#lookAgain()
  }

  async read(sequence: Sequence): Promise<FoundMessage | undefined> {
    return (await this.cursor.read(sequence - 1, sequence, 1, 1))[0]
  }

  /** Puts in-flight messages, in dispatch order, back before all others. */
  returnToFront(entries: readonly QueueEntry[]): void {
    for (const entry of entries) this.#land(entry)
    if (this.#deleted) for (const entry of entries) entry.release()
    else this.#window.comeBack([...entries].sort((a, b) => a.sequence - b.sequence))
  }

  /** Takes expired messages out of memory. */
  sweepExpired(): void {
    this.#endLookIfIdle()
    for (const entry of this.#window.takeExpired(this.#context.clock.nowMs())) this.#expire(entry)
  }

  /** Takes expired messages out of some that the store has, from where the sweep before this one ended. */
  async sweepExpiredInStore(maxMessages: number = destinationLimits.expirySweepMessages): Promise<void> {
    const { pageMessages } = destinationLimits
    for (let left = maxMessages; left > 0; left -= pageMessages)
      if (!(await this.#window.sweepPage(Math.min(left, pageMessages), (entry) => this.#expire(entry)))) return
  }

  /** Nothing becomes due any more. */
  stop(): void {
    this.#start?.end()
    this.#waits?.stop()
  }

  /** Forgets all messages, here and in the store. */
  delete(): void {
    this.#deleted = true
    this.#start?.end()
    this.#waits?.clear()
    this.#window.close()
    if (this.stored) this.#context.store.removeHolder(this.holder)
    if (this.#spilled > 0) this.#context.temp?.removeHolder(this.tempHolder)
    this.#spilled = 0
    if (this.#watchers) for (const watcher of this.#watchers) watcher.dispatch()
  }

  #makeCursor(): MessageCursor {
    const { store, temp } = this.#context
    const stored: MessageCursor = {
      read: (after, upTo, count, bytes) => store.read(this.holder, after, upTo, count, bytes),
    }
    if (!temp) return stored
    const spilled: MessageCursor = {
      read: (after, upTo, count, bytes) => temp.read(this.tempHolder, after, upTo, count, bytes),
    }
    if (!this.stored) return spilled
    const both = mergedCursor(stored, spilled)
    return {
      read: (after, upTo, count, bytes) => (this.#spilled > 0 ? both : stored).read(after, upTo, count, bytes),
    }
  }

  #makeWaits(): RedeliveryWaits | null {
    const { clock, redelivery } = this.#context
    if (!redelivery?.policyFor(this.destination)) return null
    return new RedeliveryWaits({ clock, redelivery, queue: this.name, due: (entries) => this.#becameDue(entries) })
  }

  #makeFirstDeliveries(): FirstDeliveries | null {
    const { store, recordsDeliveries } = this.#context
    if (!this.stored || !recordsDeliveries(this.destination)) return null
    return new FirstDeliveries({ store, holder: this.holder, delivered: (entry) => this.#spareMemory(entry) })
  }

  #becameDue(entries: QueueEntry[]): void {
    this.#window.comeBack(entries.sort((a, b) => a.sequence - b.sequence))
    this.dispatch()
  }

  #entryOf(sequence: Sequence, message: Message, keptIn: KeptIn): QueueEntry {
    const entry = new QueueEntry(this, sequence, message, keptIn, this.#context.memory)
    if (this.#countsInMessages) entry.redeliveryCounter = message.redeliveryCounter
    return entry
  }

  /** Where a message is that was read. */
  #placeOf({ persistent }: Message): KeptIn {
    return persistent && this.stored ? 'store' : 'temp'
  }

  #arriveInOrder(arrivals: ArrivalOrder, way: Way, sequence: Sequence, message: Message | null): void {
    arrivals.arrived(way, () => this.#arriveReadable(sequence, message, way))
    if (!arrivals.isEmpty || this.#arrivals !== arrivals) return
    this.#arrivals = null
    this.#loaded()
  }

  #arriveReadable(sequence: Sequence, message: Message | null, keptIn: Way): void {
    if (this.#deleted) return
    this.counters.enqueued++
    if (message && this.#hasExpired(message))
      return this.#expire(new QueueEntry(this, sequence, message, keptIn, this.#context.memory))
    if (message && this.#waits?.wants(message))
      return void this.#waits.take(this.#window.passThrough(sequence, message))
    if (message && this.#lookers && this.#offerArrival(sequence, message, this.#lookers)) return
    this.#window.arriveStored(sequence, message)
    this.dispatch()
  }

  #offerArrival(sequence: Sequence, message: Message, lookers: QueueLookers): boolean {
    if (this.#start?.isHeldBack || !this.#window.offerArrival(sequence, message, lookers)) return false
    this.#lookAgain()
    return true
  }

  #countSpilling(bytes: number): void {
    this.spillingBytes += bytes
    this.memoryUsed += bytes
    this.#context.memory.add(bytes)
  }

  #unspill({ sequence }: QueueEntry): void {
    if (this.#deleted) return
    this.#spilled--
    this.#context.temp!.remove(this.tempHolder, sequence)
  }

  /** To consumers that take every message: from the front, without looking at any, until one is of a group. */
  #dispatchInOrder(): void {
    const nowMs = this.#context.clock.nowMs()
    while (this.#consumers.hasRoom) {
      const entry = this.#window.first
      if (!entry) break
      if (isExpired(entry, nowMs)) this.#expire(this.#window.takeFirst())
      else if (!entry.message) break
      else if (entry.message.grouped) return this.#beginLook()
      else if (this.#waits?.take(entry)) this.#window.takeFirst()
      else this.#give(this.#window.takeFirst(), this.#consumers.choose()!)
    }
    this.#window.refill(this.#consumers.hasRoom)
  }

  #beginLook(): void {
    this.#consumers.grouped = true
    this.#groups = new MessageGroups(this.#consumers)
    this.#lookers = this.#newLookers(this.#groups)
  }

  #look(lookers: QueueLookers): void {
    const groups = this.#groups!
    do {
      groups.lookAgain = false
      this.#window.look(lookers)
    } while (groups.lookAgain)
  }

  /** When a group lost its owner outside of a look: nobody else may have a reason to dispatch. */
  #lookAgain(): void {
    if (this.#groups !== null && this.#groups.lookAgain) this.dispatch()
  }

  #endLookIfIdle(): void {
    if (!this.#lookers || this.#consumers.selective || this.#groups!.size > 0) return
    this.#consumers.grouped = false
    this.#lookers = null
    this.#groups = null
    this.#window.endLook()
  }

  #newLookers(groups: MessageGroups): QueueLookers {
    return new QueueLookers(this.#consumers, groups, {
      give: (entry, consumer) => {
        if (!this.#waits?.take(entry)) this.#give(entry, consumer)
      },
      expire: (entry) => this.#expire(entry),
      passOver: (entry) => this.#spareMemory(entry),
    })
  }

  /** On the way here: a transaction may have been open, or a sync may have taken, longer than the message lives. */
  #hasExpired(message: { readonly expiration: number }): boolean {
    return message.expiration > 0 && isExpired(message, this.#context.clock.nowMs())
  }

  #expire(entry: QueueEntry): void {
    this.#takeOff(entry, null)
    this.#context.expired(entry)
  }

  #give(entry: QueueEntry, consumer: QueueConsumer): void {
    let message = entry.message!
    this.#takeOff(entry, consumer)
    if (message.grouped && this.#groups!.give(entry, message, consumer))
      message = message.withChanges({ groupFirstForConsumer: true })
    this.counters.dispatched++
    if (this.#firstDeliveries) return this.#firstDeliveries.give(entry, message, consumer)
    consumer.deliverQueueEntry(entry, message)
    this.#spareMemory(entry)
  }

  #spareMemory(entry: QueueEntry): void {
    if (!entry.readable || !entry.durable) return
    if (this.#context.memory.headroom(destinationLimits.bodyHighWaterShare) < 0) entry.release()
  }

  #takeOff(entry: QueueEntry, holder: QueueConsumer | null): void {
    entry.inFlight = true
    entry.holder = holder
    this.#inFlight++
  }

  #land(entry: QueueEntry): void {
    assert(entry.inFlight, 'a message of a queue was settled that is not in flight')
    entry.inFlight = false
    entry.holder = null
    this.#inFlight--
    if (entry.group === null) return
    this.#groups?.landed(entry.group)
    entry.group = null
    if (this.#consumers.size === 0) this.#endLookIfIdle()
  }

  #loaded(): void {
    this.dispatch()
    if (!this.loading) for (const consumer of this.#consumers) consumer.answerPull()
  }
}
