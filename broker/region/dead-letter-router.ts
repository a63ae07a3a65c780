// Carries dead letters to their places. Taking a message out of its queue and putting the copy into the dead letter queue is
// one transaction of the store: a crash leaves it in exactly one of both. A topic for dead letters keeps
// them for its durable subscriptions only.
import { errorMessage } from '../base/errors.ts'
import { copyThatWaits } from '../destination/broker-redelivery.ts'
import { expiredCause } from '../destination/dead-letter.ts'
import type { DeadLetterReason } from '../destination/dead-letter.ts'
import type { QueueEntry } from '../destination/entry.ts'
import { isExpired } from '../destination/expiry.ts'
import { destinationLimits } from '../destination/limits.ts'
import { Queue } from '../destination/queue/queue.ts'
import { TopicMessage } from '../destination/topic/topic-message.ts'
import type { Destination } from '../message/destination.ts'
import type { Message } from '../message/message.ts'
import { StoredMessage } from '../message/stored-message.ts'
import type { Sequence } from '../store/message-store.ts'
import { addedTo } from './region-context.ts'
import type { RegionContext } from './region-context.ts'
import type { Done } from './region.ts'
import type { Target } from './room.ts'

/** Of a message that is not stored: to memory, or by way of the temp store. */
type DeliverVolatile = (queue: Queue, sequence: Sequence, message: Message) => void

export class DeadLetterRouter {
  readonly #context: RegionContext
  readonly #deliverVolatile: DeliverVolatile

  constructor(context: RegionContext, deliverVolatile: DeliverVolatile) {
    this.#context = context
    this.#deliverVolatile = deliverVolatile
  }

  /** Takes an in-flight entry that is in no consumer's list any more. `cause`: of a poisoned one, if its client gave one. */
  take(entry: QueueEntry, reason: DeadLetterReason, cause: string | null, done: Done): void {
    if (entry.message) this.#bury(entry, entry.message, reason, cause, done)
    else this.#takeFromStore(entry, reason, cause, done)
  }

  /** A message that is not in `destination`: it had expired when it arrived, or while a subscriber of a topic kept it waiting. */
  takeExpiredArrival(destination: Destination, message: Message, done: Done): void {
    this.#context.listener.messageExpired(message, destination)
    const letter = this.#letterOf(message, destination, 'expired', expiredCause(message))
    if (!letter) return done()
    const sequence = this.#context.sequences.next()
    const target = this.#obtain(letter.destination)
    if (target.stores(letter)) this.#context.store.add(addedTo(target, letter), sequence)
    this.#arrive(target, sequence, letter, done)
    this.#context.listener.messageDeadLettered(message, destination, expiredCause(message))
  }

  /** A failed read is tried again: until then the message stays in flight, and in the store. */
  #takeFromStore(entry: QueueEntry, reason: DeadLetterReason, cause: string | null, done: Done): void {
    const { logger, clock } = this.#context
    const { queue } = entry
    queue.read(entry).then(
      (found) => {
        if (found) return this.#bury(entry, StoredMessage.scan(found.bytes), reason, cause, done)
        logger.error('Stored messages of queue are missing', { queue: queue.name, missing: 1 })
        this.#drop(entry, done)
      },
      (error: unknown) => {
        const fields = { queue: queue.name, messageId: entry.messageId, reason: errorMessage(error) }
        logger.error('Cannot read message for the dead letter queue', fields)
        clock.after(destinationLimits.readRetryMs, () => this.#takeFromStore(entry, reason, cause, done))
      },
    )
  }

  #bury(entry: QueueEntry, message: Message, reason: DeadLetterReason, cause: string | null, done: Done): void {
    if (reason === 'poison' && this.#context.redelivery && this.#redeliver(entry, message, done)) return
    const { listener, sequences } = this.#context
    const source = entry.queue.destination
    if (reason === 'expired') {
      entry.queue.counters.expired++
      listener.messageExpired(message, source)
    }
    const text = reason === 'expired' ? expiredCause(message) : cause
    const letter = entry.queue.deleted ? null : this.#letterOf(message, source, reason, text)
    if (!letter) return this.#drop(entry, done)
    const sequence = sequences.next()
    const target = this.#obtain(letter.destination)
    if (target.stores(letter)) this.#move(entry, target, letter, sequence)
    else entry.queue.acknowledge(entry, true)
    this.#arrive(target, sequence, letter, done)
    listener.messageDeadLettered(message, source, text)
  }

  /** Instead of a dead letter, where a policy says so (ActiveMQ: RedeliveryPlugin). False when there is to be one. */
  #redeliver(entry: QueueEntry, message: Message, done: Done): boolean {
    const { clock, redelivery } = this.#context
    const { queue } = entry
    const nowMs = clock.nowMs()
    if (!(queue instanceof Queue) || queue.deleted || isExpired(message, nowMs)) return false
    const verdict = redelivery!.judge(queue.destination, entry.redeliveryCounter)
    if (verdict.what === 'bury') return false
    if (verdict.what === 'drop') this.#drop(entry, done)
    else this.#putOff(entry, queue, copyThatWaits(message, entry.redeliveryCounter + 1, verdict.delayMs, nowMs), done)
    return true
  }

  /** To the end of its own queue, which does not deliver it before it is due. */
  #putOff(entry: QueueEntry, queue: Queue, copy: Message, done: Done): void {
    const sequence = this.#context.sequences.next()
    if (entry.stored) {
      this.#move(entry, queue, copy, sequence)
      return this.#arrive(queue, sequence, copy, done)
    }
    queue.settle(entry)
    this.#deliverVolatile(queue, sequence, copy)
    done()
  }

  /** null when it is to be dropped. */
  #letterOf(message: Message, source: Destination, reason: DeadLetterReason, cause: string | null): Message | null {
    const { deadLetterStrategies, clock, store } = this.#context
    const strategy = deadLetterStrategies.of(source)
    const named = strategy.placeFor(source)
    const place = named && { ...named, name: store.storableName?.(named.name) ?? named.name }
    if (!place || !strategy.admits(message, source, reason)) return null
    return strategy.build(message, source, place, cause, clock.nowMs())
  }

  #move(entry: QueueEntry, target: Target, letter: Message, sequence: Sequence): void {
    const { store } = this.#context
    if (entry.stored) {
      const transaction = store.begin('Brief')
      transaction.add(addedTo(target, letter))
      transaction.remove(entry.queue.holderOf(entry), entry.sequence)
      transaction.commit(sequence)
    } else store.add(addedTo(target, letter), sequence)
    entry.queue.settle(entry)
  }

  #arrive(target: Target, sequence: Sequence, letter: Message, done: Done): void {
    const { afterSync, memory } = this.#context
    // A durable subscription may go meanwhile, and then the message with it.
    const isStored = target.stores(letter)
    if (target instanceof Queue || isStored) target.expectStored()
    afterSync.run(() => {
      if (target instanceof Queue || isStored) target.arriveStored(sequence, letter)
      else target.send(new TopicMessage(letter, sequence, memory, target))
      done()
    })
  }

  #drop(entry: QueueEntry, done: Done): void {
    entry.queue.acknowledge(entry, true)
    if (entry.stored) this.#context.afterSync.run(done)
    else done()
  }

  // Made even at the limit of destinations: a dead letter must have its place.
  #obtain(place: Destination): Target {
    const { registry } = this.#context
    return registry.find(place) ?? registry.addBeyondLimit(place, null)
  }
}
