// Carries dead letters to their queue. Taking a message out of its queue and putting the copy into the dead letter queue is
// one transaction of the store: a crash leaves it in exactly one of both.
import { errorMessage } from '../base/errors.ts'
import { expiredCause } from '../destination/dead-letter.ts'
import type { DeadLetterReason } from '../destination/dead-letter.ts'
import type { QueueEntry } from '../destination/entry.ts'
import { destinationLimits } from '../destination/limits.ts'
import type { Queue } from '../destination/queue/queue.ts'
import type { Destination } from '../message/destination.ts'
import type { Message } from '../message/message.ts'
import { StoredMessage } from '../message/stored-message.ts'
import type { Sequence } from '../store/message-store.ts'
import { addedMessage } from './region-context.ts'
import type { RegionContext } from './region-context.ts'
import type { Done } from './region.ts'

export class DeadLetterRouter {
  readonly #context: RegionContext

  constructor(context: RegionContext) {
    this.#context = context
  }

  /** Takes an in-flight entry that is in no consumer's list any more. `cause`: of a poisoned one, if its client gave one. */
  take(entry: QueueEntry, reason: DeadLetterReason, cause: string | null, done: Done): void {
    if (entry.message) this.#bury(entry, entry.message, reason, cause, done)
    else this.#takeFromStore(entry, reason, cause, done)
  }

  /** A message that had expired when it arrived: it was never in `destination`. */
  takeExpiredArrival(destination: Destination, message: Message, done: Done): void {
    this.#context.listener.messageExpired(message, destination)
    if (!this.#context.deadLetterStrategy.admits(message, destination, 'expired')) return done()
    const cause = expiredCause(message)
    const letter = this.#context.deadLetterStrategy.build(message, destination, cause)
    const sequence = this.#context.sequences.next()
    const target = this.#target()
    this.#context.store.add(addedMessage(target.holder, letter), sequence)
    this.#arrive(target, sequence, letter, done)
    this.#context.listener.messageDeadLettered(message, destination, cause)
  }

  /** A failed read is tried again: until then the message stays in flight, and in the store. */
  #takeFromStore(entry: QueueEntry, reason: DeadLetterReason, cause: string | null, done: Done): void {
    const { logger, clock } = this.#context
    const { sequence, queue } = entry
    queue.read(sequence).then(
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
    const { deadLetterStrategy, listener, sequences } = this.#context
    const source = entry.queue.destination
    if (reason === 'expired') {
      entry.queue.counters.expired++
      listener.messageExpired(message, source)
    }
    if (entry.queue.deleted || !deadLetterStrategy.admits(message, source, reason)) return this.#drop(entry, done)
    const text = reason === 'expired' ? expiredCause(message) : cause
    const letter = deadLetterStrategy.build(message, source, text)
    const sequence = sequences.next()
    const target = this.#target()
    this.#move(entry, target, letter, sequence)
    entry.queue.settle(entry)
    this.#arrive(target, sequence, letter, done)
    listener.messageDeadLettered(message, source, text)
  }

  #move(entry: QueueEntry, target: Queue, letter: Message, sequence: Sequence): void {
    const { store } = this.#context
    if (!entry.stored) return store.add(addedMessage(target.holder, letter), sequence)
    const transaction = store.begin()
    transaction.add(addedMessage(target.holder, letter))
    transaction.remove(entry.queue.holder, entry.sequence)
    transaction.commit(sequence)
  }

  #arrive(target: Queue, sequence: Sequence, letter: Message, done: Done): void {
    target.expectStored()
    this.#context.afterSync.run(() => {
      target.arriveStored(sequence, letter)
      done()
    })
  }

  #drop(entry: QueueEntry, done: Done): void {
    entry.queue.acknowledge(entry, true)
    if (entry.stored) this.#context.afterSync.run(done)
    else done()
  }

  // Made even at the limit of destinations: a dead letter must have its place.
  #target(): Queue {
    const { registry, deadLetterStrategy } = this.#context
    const found =
      registry.find(deadLetterStrategy.destination) ?? registry.addBeyondLimit(deadLetterStrategy.destination, null)
    return found as Queue
  }
}
