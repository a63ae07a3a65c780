// Carries out acknowledgements: what became of which messages (region.ts).
import { RefusalError } from '../base/errors.ts'
import { findLast, findRange, findTopicRange } from '../destination/subscription/acknowledgement.ts'
import type { Entry, EntryQueue, QueueEntry } from '../destination/entry.ts'
import type { Subscription } from '../destination/subscription/subscription.ts'
import type { LocalTransaction } from '../transaction/local-transaction.ts'
import type { DeadLetterRouter } from './dead-letter-router.ts'
import type { RegionContext } from './region-context.ts'
import type { Acknowledgement, Done } from './region.ts'

export class Acknowledger {
  readonly #context: RegionContext
  readonly #deadLetters: DeadLetterRouter

  constructor(context: RegionContext, deadLetters: DeadLetterRouter) {
    this.#context = context
    this.#deadLetters = deadLetters
  }

  /** `done` is called once the removals are durable. Refuses what it cannot match, and changes nothing then. */
  acknowledge(
    subscription: Subscription,
    acknowledgement: Acknowledgement,
    transaction: LocalTransaction | null,
    done: Done,
  ): void {
    if (!subscription.everDispatched) return this.#ignoreLeftover(subscription, acknowledgement, transaction, done)
    const wasFull = subscription.full
    if (subscription.topicsOnly) this.#acknowledgeTopic(subscription, acknowledgement, transaction, done)
    else this.#acknowledgeQueue(subscription, acknowledgement, transaction, done)
    if (wasFull && !subscription.full) subscription.dispatch()
  }

  /**
   * From before a failover, and nothing here knows of it: queues deliver the messages again. So a transaction that took
   * them cannot be committed: it would be empty, and what its client believes to be consumed would come twice.
   */
  #ignoreLeftover(
    subscription: Subscription,
    { outcome }: Acknowledgement,
    transaction: LocalTransaction | null,
    done: Done,
  ): void {
    if (!subscription.topicsOnly && outcome === 'accepted')
      transaction?.markRollbackOnly(
        new RefusalError('INVALID_REQUEST', 'it acknowledges messages that were delivered before a failover'),
      )
    done()
  }

  #acknowledgeQueue(
    subscription: Subscription,
    acknowledgement: Acknowledgement,
    transaction: LocalTransaction | null,
    done: Done,
  ): void {
    switch (acknowledgement.outcome) {
      case 'delivered':
        this.#noteDelivered(subscription, acknowledgement)
        return done()
      case 'accepted':
        if (!transaction)
          return this.#remove(subscription, named(subscription, acknowledgement, true), acknowledgement, done)
        return this.#acceptInTransaction(subscription, acknowledgement, transaction, done)
      case 'rejected':
        if (transaction) throw new RefusalError('INVALID_REQUEST', 'Poison ack cannot be transacted')
        return this.#bury(subscription, acknowledgement, 'poison', done)
      case 'expired':
        return this.#bury(subscription, acknowledgement, 'expired', done)
      case 'released':
        return this.#release(subscription, named(subscription, acknowledgement, false), done)
    }
  }

  #noteDelivered(subscription: Subscription, acknowledgement: Acknowledgement): void {
    const { dispatched } = subscription
    // One whose client delivers it again from its own memory grants nothing; what it names has to be there all the same.
    if (acknowledgement.scope === 'range') return void findRange(dispatched, acknowledgement, false)
    const entry = findLast(dispatched, acknowledgement)
    if (repeatsDelivery(subscription, acknowledgement)) dispatched.bringForward(entry)
    subscription.expand(acknowledgement.credit)
  }

  #acceptInTransaction(
    subscription: Subscription,
    acknowledgement: Acknowledgement,
    transaction: LocalTransaction,
    done: Done,
  ): void {
    const entries = named(subscription, acknowledgement, false)
    const isSingle = acknowledgement.scope === 'single'
    if (isSingle || !takesTooMany(subscription, entries, acknowledgement))
      return this.#addTo(transaction, subscription, entries, isSingle, done)
    transaction.markRollbackOnly(tooMany(entries, acknowledgement))
    done()
  }

  #acknowledgeTopic(
    subscription: Subscription,
    acknowledgement: Acknowledgement,
    transaction: LocalTransaction | null,
    done: Done,
  ): void {
    const { outcome, scope, credit } = acknowledgement
    if (outcome === 'delivered') {
      subscription.expand(credit)
      return done()
    }
    const isSingle = scope === 'single'
    const entries = findTopicRange(subscription.dispatched, acknowledgement, isSingle)
    if (transaction && outcome === 'accepted') return this.#addTo(transaction, subscription, entries, isSingle, done)
    if (outcome === 'expired')
      for (const entry of entries) if (entry.kind === 'topic' && entry.topic) entry.topic.counters.expired++
    this.#remove(subscription, entries, acknowledgement, done)
  }

  #remove(
    subscription: Subscription,
    entries: readonly Entry[],
    { responseRequired }: Acknowledgement,
    done: Done,
  ): void {
    let awaited = false
    for (const entry of entries) {
      // What an open transaction acknowledged is removed by its commit.
      if (entry.transaction) continue
      subscription.dispatched.remove(entry)
      subscription.contract(1)
      if (entry.kind === 'queue') {
        entry.queue.acknowledge(entry, responseRequired, subscription.network !== null)
        awaited ||= entry.stored && responseRequired
      } else if (entry.topic) entry.topic.counters.dequeued++
    }
    if (awaited) this.#context.afterSync.run(done)
    else done()
  }

  /** The messages stay in the dispatched list until the commit. An individual one widens the window meanwhile. */
  #addTo(
    transaction: LocalTransaction,
    subscription: Subscription,
    entries: readonly Entry[],
    individual: boolean,
    done: Done,
  ): void {
    transaction.checkRoom(entries.length)
    for (const entry of entries) {
      if (!transaction.addAcknowledgement(subscription, entry)) continue
      if (entry.kind === 'queue' && entry.stored)
        transaction.inStore(this.#context.store).remove(entry.queue.holderOf(entry), entry.sequence)
    }
    if (individual) subscription.expand(1)
    done()
  }

  /** Back to their queues, where whoever has room gets them, as redelivered. */
  #release(subscription: Subscription, entries: readonly Entry[], done: Done): void {
    const queues = new Map<EntryQueue, QueueEntry[]>()
    for (const entry of entries) {
      // What an open transaction acknowledged is decided by its end.
      if (entry.transaction) continue
      subscription.dispatched.remove(entry)
      subscription.contract(1)
      if (entry.kind !== 'queue') continue
      entry.redeliveryCounter++
      const returned = queues.get(entry.queue)
      if (returned) returned.push(entry)
      else queues.set(entry.queue, [entry])
    }
    for (const [queue, returned] of queues) queue.returnToFront(returned)
    for (const queue of queues.keys()) queue.dispatch()
    done()
  }

  #bury(subscription: Subscription, acknowledgement: Acknowledgement, reason: 'poison' | 'expired', done: Done): void {
    const taken: QueueEntry[] = []
    for (const entry of named(subscription, acknowledgement, false)) {
      if (entry.transaction) continue
      subscription.dispatched.remove(entry)
      subscription.contract(1)
      if (entry.kind === 'queue') {
        entry.holder = null
        taken.push(entry)
      } else if (entry.topic) entry.topic.counters.dequeued++
    }
    if (taken.length === 0) return done()
    let open = taken.length
    const oneDone: Done = () => {
      if (--open === 0) done()
    }
    for (const entry of taken) this.#deadLetters.take(entry, reason, acknowledgement.cause, oneDone)
  }
}

/** Refuses what is not there; with `checkCount` also a range of another length than the client counts. */
const named = ({ dispatched }: Subscription, acknowledgement: Acknowledgement, checkCount: boolean): Entry[] =>
  acknowledgement.scope === 'single'
    ? [findLast(dispatched, acknowledgement)]
    : findRange(dispatched, acknowledgement, checkCount)

/**
 * The stock client's word that this one is in its hands since before a failover, in a transaction that it will roll back: it
 * redelivers those by itself and first, wherever they are in the order of dispatch. A range that it acknowledges then is one
 * in its own order. (Acknowledgements that only ask for more messages name a first one, or the transaction.)
 */
const repeatsDelivery = (
  { afterFailover }: Subscription,
  { first, messageCount, transactionId }: Acknowledgement,
): boolean => afterFailover && first === null && messageCount === 1 && transactionId === null

/**
 * More than its client delivered: what came by an earlier connection was handed out between the first and the last, and
 * some of what was dispatched between them was not. Taken, that would be lost if the client ended now. Only after a
 * failover, because clients are known to count right in transactions, but ActiveMQ does not ask them to.
 */
const takesTooMany = (
  { afterFailover }: Subscription,
  entries: readonly Entry[],
  { messageCount }: Acknowledgement,
): boolean => afterFailover && entries.filter(({ transaction }) => !transaction).length > messageCount

const tooMany = (entries: readonly Entry[], { messageCount }: Acknowledgement): RefusalError =>
  new RefusalError(
    'INVALID_REQUEST',
    `it acknowledges ${messageCount} messages that were not dispatched one after the other: there are ${entries.length} ` +
      'from the first to the last. Some of them came before a failover',
  )
