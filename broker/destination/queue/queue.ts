// A queue: messages in, each to one consumer, removed when acknowledged. Its state is the window of waiting messages, the
// consumers, and a count of what is in flight; the in-flight messages themselves are in their consumers' lists.
//
// A message is exactly one of: waiting (window), waiting until it may be delivered again, in flight (dispatched, acknowledged by an
// open transaction, or on its way to the dead letter queue), gone. The queue writes removals to the store, and to the temp store,
// where messages are that are not stored and found no room in memory; additions are written by the router before.
import { assert } from '../../base/assert.ts'
import type { Destination } from '../../message/destination.ts'
import type { Message } from '../../message/message.ts'
import type { FoundMessage, QueueHolder, Sequence } from '../../store/held-message.ts'
import { defaultPriority } from '../../store/priority-holder.ts'
import { DestinationCounters } from '../destination-counters.ts'
import type { DestinationContext } from '../destination-context.ts'
import { QueueEntry, type EntryQueue, type KeptIn } from '../entry.ts'
import { expiredOnItsWay, isExpired } from '../expiry.ts'
import { destinationLimits } from '../limits.ts'
import type { MessageCursor } from '../window/message-cursor.ts'
import { MessageWindow } from '../window/message-window.ts'
import type { Way } from './arrival-order.ts'
import { Arrivals } from './arrivals.ts'
import type { LookPositions } from '../window/look-positions.ts'
import type { BrowsedQueue, QueueWatcher } from './browsed-queue.ts'
import { defaultDispatchPolicy } from './dispatch-policy.ts'
import { DispatchStart } from './dispatch-start.ts'
import { FirstDeliveries } from './first-deliveries.ts'
import { NetworkConsumers } from './network-consumers.ts'
import { PrioritizedWindows } from './prioritized-windows.ts'
import { QueueDispatch } from './queue-dispatch.ts'
import type { QueueConsumer } from './queue-consumer.ts'
import { QueueLooks } from './queue-looks.ts'
import { QueueStorage } from './queue-storage.ts'
import { sweepPages, type QueueWindow } from './queue-window.ts'
import { RedeliveryWaits } from './redelivery-waits.ts'

export class Queue implements EntryQueue, BrowsedQueue {
  readonly destination: Destination
  /** Where its messages are besides memory. */
  readonly storage: QueueStorage
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
  #window: QueueWindow
  /** null while all consumers want every message, and none is of a group. */
  #looks: QueueLooks | null = null
  #inFlight = 0
  readonly arrivals = new Arrivals()
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
    this.owner = owner
    this.storage = new QueueStorage(destination, context)
    this.#context = context
    this.#waits = RedeliveryWaits.of(destination, context, (entries) => this.#becameDue(entries))
    const policy = context.dispatchPolicies?.for(destination) ?? defaultDispatchPolicy
    const again = (): void => this.dispatch()
    this.#consumers = new QueueDispatch(policy, (all) => NetworkConsumers.of(destination, context, all, again))
    this.#start = DispatchStart.of(policy, context.clock, again)
    this.#firstDeliveries = FirstDeliveries.of(this, context, (entry) => this.#spareMemory(entry))
    this.#countsInMessages = this.#waits !== null || this.#firstDeliveries !== null
    const window = (this.#window = this.#windowAt(defaultPriority, this.#consumers.positions))
    if (context.isPrioritized?.(destination)) this.#goByPriority(window, true)
  }

  get deleted(): boolean {
    return this.#deleted
  }

  get name(): string {
    return this.destination.name
  }

  get stored(): boolean {
    return this.storage.isStored
  }

  /** What stands for it in the store. */
  get holder(): QueueHolder {
    return this.storage.holder
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
    return this.#looks === null ? 0 : this.#looks.groups.size
  }

  /** Messages that wait, and nobody who is there takes them: all while nobody is. What nobody has looked at yet is none. */
  get withoutConsumer(): number {
    if (this.#consumers.size === 0) return this.#window.size
    return this.#looks === null ? 0 : this.#looks.passedOver
  }

  /** Nothing is in it or on its way into it, and nobody uses it. */
  get idle(): boolean {
    if (this.size > 0 || this.consumers > 0 || this.counters.producers > 0) return false
    return this.openTransactions === 0 && this.arrivals.none
  }

  get loading(): boolean {
    return this.#window.loading || this.arrivals.ordered
  }

  /** Bytes of bodies that it may keep in memory besides those that it has. */
  get memoryRoom(): number {
    return this.#context.memory.roomBesides(this.memoryUsed)
  }

  /** `priority`: of a part of its messages. */
  recover(messageCount: number, lastSequence: Sequence, priority = defaultPriority): void {
    if (this.#window instanceof MessageWindow && priority !== defaultPriority) this.#goByPriority(this.#window, false)
    this.#window.recover(messageCount, lastSequence, [], priority)
  }

  holderOf(entry: QueueEntry): QueueHolder {
    return this.storage.holderOf(entry)
  }

  /** A message was written, and arrives when it is durable. */
  expectStored(): void {
    this.arrivals.expectStored()
  }

  /** A persistent message is durable: consumers may have it. `message` is null when its body was not kept; it had this `priority`. */
  arriveStored(sequence: Sequence, message: Message | null, priority = message?.priority ?? defaultPriority): void {
    this.arrivals.storedCame()
    if (this.arrivals.ordered) this.#arriveInOrder('store', sequence, message, priority)
    else this.#arriveReadable(sequence, message, 'store', priority)
  }

  /** A message that is not stored was given to the temp store, and arrives when it is written there. */
  expectSpilled({ size }: Message): void {
    this.arrivals.expectSpilled()
    this.storage.spilled++
    this.#countSpilling(size)
  }

  /** It can be read there now. */
  arriveSpilled(sequence: Sequence, message: Message): void {
    this.#countSpilling(-message.size)
    if (this.arrivals.ordered) this.#arriveInOrder('temp', sequence, message, message.priority)
  }

  /** Whether messages that are not stored go to the temp store behind those that went there before them. */
  get spills(): boolean {
    return this.arrivals.ordered || (this.storage.spilled > 0 && this.#window.hasCold)
  }

  /** Whether a message that came now would go to a consumer at once, with nothing before it. */
  get takesAtOnce(): boolean {
    if (!this.arrivals.none || this.#start?.isHeldBack) return false
    return this.#window.size === 0 && !this.#window.loading && this.#consumers.hasRoom
  }

  /** A persistent message that is not durable yet, while `takesAtOnce`; the entry is told when it is. */
  arriveUnsynced(sequence: Sequence, message: Message): QueueEntry {
    this.counters.enqueued++
    const entry = this.#entryOf(sequence, message, 'store', this.storage.placeAt(message.priority))
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
    entry.priority = this.storage.placeAt(entry.message!.priority)
    if (expiredOnItsWay(entry, this.#context.clock)) return this.#expire(entry)
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
    if (this.#consumers.selective && !this.#looks) this.#beginLook()
    this.#start?.came(this.#consumers.size, consumer.network?.drains === true)
    this.#looks?.groups.exclusiveChanged()
    consumer.queues.add(this)
  }

  detach(consumer: QueueConsumer): void {
    this.#consumers.remove(consumer)
    consumer.queues.delete(this)
    if (this.#consumers.size === 0) this.#start?.end()
    this.#looks?.groups.left(consumer)
    this.#looks?.groups.exclusiveChanged()
    this.#endLookIfIdle()
  }

  leaves(): void {
    this.#consumers.leaves()
  }

  addWatcher(watcher: QueueWatcher): void {
    ;(this.#watchers ??= new Set()).add(watcher)
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

  get cursor(): MessageCursor {
    return this.storage.cursor
  }

  waitingBehind(after: Sequence): Iterable<QueueEntry> {
    return this.#window.entriesBehind(after)
  }

  *elsewhere(): IterableIterator<QueueEntry> {
    if (this.#waits) yield* this.#waits
    yield* this.#consumers.inFlightOf(this)
  }

  /** Gives waiting messages to consumers with room, until one of both runs out. */
  dispatch(): void {
    if (this.#dispatching || this.#consumers.size === 0 || this.#start?.isHeldBack) return
    this.#dispatching = true
    try {
      if (!this.#looks) this.#dispatchInOrder()
      this.#looks?.run()
    } finally {
      this.#dispatching = false
    }
  }

  /** Removes an in-flight message for good. `awaited`: the caller waits for the store when `entry.stored`. */
  acknowledge(entry: QueueEntry, awaited: boolean, left = false): void {
    this.#remove(entry)
    if (entry.stored && !this.#deleted) this.#context.store.remove(this.holderOf(entry), entry.sequence, awaited, left)
    // Not before: whoever reads the store for it must not find this one.
    this.#lookAgain()
  }

  /** As `acknowledge`, when the removal is already in the store (a committed transaction). */
  settle(entry: QueueEntry): void {
    this.#remove(entry)
    this.#lookAgain()
  }

  async read({ sequence, priority }: QueueEntry): Promise<FoundMessage | undefined> {
    return (await this.storage.cursorAt(priority).read(sequence - 1, sequence, 1, 1))[0]
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
    await sweepPages(this.#window, maxMessages, (entry) => this.#expire(entry))
  }

  /** Nothing becomes due any more. */
  stop(): void {
    this.#start?.end()
    this.#consumers.stop()
    this.#waits?.stop()
  }

  /** Forgets all messages, here and in the store. */
  delete(): void {
    this.#deleted = true
    this.stop()
    this.#waits?.clear()
    this.#window.close()
    this.storage.clear()
    if (this.#watchers) for (const watcher of this.#watchers) watcher.dispatch()
  }

  #remove(entry: QueueEntry): void {
    this.#land(entry)
    entry.release()
    if (entry.readable) this.#window.gone(entry.sequence, entry.priority)
    if (entry.spilled && !this.#deleted) this.storage.unspill(entry)
    if (this.#watchers) for (const watcher of this.#watchers) watcher.gone(this, entry.sequence)
    this.counters.dequeued++
  }

  #goByPriority(plain: MessageWindow<QueueEntry, QueueConsumer>, isPrioritized: boolean): void {
    this.storage.splitByPriority(isPrioritized)
    this.#window = new PrioritizedWindows({
      plain,
      consumers: this.#consumers,
      isPrioritized,
      windowAt: (priority, positions) => this.#windowAt(priority, positions),
    })
  }

  #windowAt(priority: number, positions: LookPositions): MessageWindow<QueueEntry, QueueConsumer> {
    return new MessageWindow(
      {
        queue: this.name,
        cursor: this.storage.cursorAt(priority),
        positions,
        entryOf: (sequence, message) => this.#entryOf(sequence, message, this.storage.placeOf(message), priority),
        room: () => this.memoryRoom,
        loaded: () => this.#loaded(),
      },
      this.#context,
    )
  }

  #becameDue(entries: QueueEntry[]): void {
    this.#window.comeBack(entries.sort((a, b) => a.sequence - b.sequence))
    this.dispatch()
  }

  #entryOf(sequence: Sequence, message: Message, keptIn: KeptIn, priority: number): QueueEntry {
    const entry = new QueueEntry(this, sequence, message, keptIn, this.#context.memory)
    entry.priority = priority
    if (this.#countsInMessages) entry.redeliveryCounter = message.redeliveryCounter
    return entry
  }

  #arriveInOrder(way: Way, sequence: Sequence, message: Message | null, priority: number): void {
    if (this.arrivals.arrived(way, () => this.#arriveReadable(sequence, message, way, priority))) this.#loaded()
  }

  #arriveReadable(sequence: Sequence, message: Message | null, keptIn: Way, priority: number): void {
    if (this.#deleted) return
    const place = this.storage.placeAt(priority)
    this.counters.enqueued++
    if (message && expiredOnItsWay(message, this.#context.clock))
      return this.#expire(this.#entryOf(sequence, message, keptIn, place))
    if (message && this.#waits?.wants(message))
      return void this.#waits.take(this.#window.passThrough(sequence, message, place))
    if (message && this.#looks && this.#offerArrival(this.#looks, sequence, message, place)) return
    this.#window.arriveStored(sequence, message, place)
    this.dispatch()
  }

  #offerArrival({ lookers }: QueueLooks, sequence: Sequence, message: Message, priority: number): boolean {
    if (this.#start?.isHeldBack || !this.#window.offerArrival(sequence, message, lookers, priority)) return false
    this.#lookAgain()
    return true
  }

  #countSpilling(bytes: number): void {
    this.spillingBytes += bytes
    this.memoryUsed += bytes
    this.#context.memory.add(bytes)
  }

  /** To consumers that take every message: from the front, without looking at any, until one is of a group or came over a bridge. */
  #dispatchInOrder(): void {
    const nowMs = this.#context.clock.nowMs()
    while (this.#consumers.hasRoom) {
      const entry = this.#window.first
      if (!entry) break
      if (isExpired(entry, nowMs)) this.#expire(this.#window.takeFirst())
      else if (!entry.message) break
      else if (this.#consumers.mustLookAt(entry.message)) return this.#beginLook()
      else if (this.#waits?.take(entry)) this.#window.takeFirst()
      else this.#give(this.#window.takeFirst(), this.#consumers.choose()!)
    }
    this.#window.refill(this.#consumers.hasRoom)
  }

  #beginLook(): void {
    this.#looks = new QueueLooks(this.#consumers, this.#window, this.#window instanceof MessageWindow, {
      give: (entry, consumer) => {
        if (!this.#waits?.take(entry)) this.#give(entry, consumer)
      },
      expire: (entry) => this.#expire(entry),
      passOver: (entry) => this.#spareMemory(entry),
    })
  }

  /** When a group lost its owner outside of a look: nobody else may have a reason to dispatch. */
  #lookAgain(): void {
    if (this.#looks?.groups.lookAgain) this.dispatch()
  }

  #endLookIfIdle(): void {
    if (this.#looks === null || this.#looks.isNeeded) return
    this.#looks.end()
    this.#looks = null
  }

  #expire(entry: QueueEntry): void {
    this.#takeOff(entry, null)
    this.#context.expired(entry)
  }

  #give(entry: QueueEntry, consumer: QueueConsumer): void {
    let message = entry.message!
    this.#takeOff(entry, consumer)
    if (message.grouped && this.#looks!.groups.give(entry, message, consumer))
      message = message.withChanges({ groupFirstForConsumer: true })
    this.counters.dispatched++
    if (this.#firstDeliveries) return this.#firstDeliveries.give(entry, message, consumer)
    consumer.deliverQueueEntry(entry, message)
    this.#spareMemory(entry)
  }

  #spareMemory(entry: QueueEntry): void {
    const isSpared = entry.readable && entry.durable
    if (isSpared && this.#context.memory.headroom(destinationLimits.bodyHighWaterShare) < 0) entry.release()
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
    this.#looks?.groups.landed(entry.group)
    entry.group = null
    if (this.#consumers.size === 0) this.#endLookIfIdle()
  }

  #loaded(): void {
    this.dispatch()
    if (!this.loading) for (const consumer of this.#consumers) consumer.answerPull()
  }
}
