// The open local transactions of one connection, and how they end.
import { RefusalError } from '../base/errors.ts'
import type { EntryQueue, QueueEntry } from '../destination/entry.ts'
import type { Subscription } from '../destination/subscription/subscription.ts'
import { transactionLimits } from '../transaction/limits.ts'
import { LocalTransaction } from '../transaction/local-transaction.ts'
import type { OpenMessages, StoredForTopic, TransactedSend, VolatileSend } from '../transaction/local-transaction.ts'
import type { Sequence } from '../store/message-store.ts'
import type { SenderAccount } from './flow-control.ts'
import type { MessageRouter } from './message-router.ts'
import type { RegionContext } from './region-context.ts'
import type { Done } from './region.ts'
import type { Target } from './room.ts'

export class Transactions {
  readonly #context: RegionContext
  readonly #router: MessageRouter
  readonly #sender: SenderAccount
  readonly #afterFailover: boolean
  readonly #open = new Map<string, LocalTransaction>()
  /** Commits that wait for memory, or for sends of theirs that wait. */
  readonly #heldBack = new Set<LocalTransaction>()
  readonly #openMessages: OpenMessages = { count: 0 }

  /** `afterFailover`: the client had another connection before this one, and restored its transactions here. */
  constructor(context: RegionContext, router: MessageRouter, sender: SenderAccount, afterFailover: boolean) {
    this.#context = context
    this.#router = router
    this.#sender = sender
    this.#afterFailover = afterFailover
  }

  /** Idempotent. */
  begin(id: string): void {
    if (this.#open.has(id)) return
    const { maximumOpenTransactionsPerConnection } = transactionLimits
    if (this.#open.size >= maximumOpenTransactionsPerConnection)
      throw new RefusalError(
        'RESOURCE_LIMIT',
        `Cannot begin transaction ${id}: the connection has ${this.#open.size} open ones ` +
          '(limit maximumOpenTransactionsPerConnection)',
        { fields: { limit: 'maximumOpenTransactionsPerConnection' } },
      )
    this.#open.set(id, new LocalTransaction(id, this.#context.memory, this.#openMessages))
  }

  /** Throws JMSException for an id that is not open. */
  get(id: string): LocalTransaction {
    const transaction = this.#open.get(id)
    if (transaction) return transaction
    throw new RefusalError('INVALID_REQUEST', `Transaction '${id}' has not been started.`)
  }

  markRollbackOnly(id: string, cause: RefusalError): void {
    this.#open.get(id)?.markRollbackOnly(cause)
  }

  commit(id: string, done: Done): void {
    const transaction = this.get(id)
    this.#open.delete(id)
    transaction.close()
    const { flow, room } = this.#context
    // A client begins with the first send or acknowledgement, and restores sends only: its acknowledgements went to the
    // broker before this one. Committed, the messages would come again although their commit returned.
    const hasHeldSends = flow.holds(this.#sender, transaction)
    if (this.#afterFailover && transaction.isEmpty && !hasHeldSends) transaction.markRollbackOnly(lostWithFailover())
    if (transaction.rollbackCause) {
      flow.withdraw(this.#sender, transaction)
      throw this.#rolledBack(transaction, transaction.rollbackCause)
    }
    const crowded = this.#firstCrowded(transaction)
    if (!crowded && !hasHeldSends) return this.#commit(transaction, done)
    this.#heldBack.add(transaction)
    flow.holdBack({
      sender: this.#sender,
      order: transaction,
      bytes: 0,
      place: crowded?.target ?? transaction,
      fits: () => !this.#firstCrowded(transaction),
      whatIsFull: () =>
        crowded ? room.whatIsFull(crowded.target, crowded.message) : 'it has sends that wait for room',
      admit: () => {
        if (!this.#heldBack.delete(transaction)) return
        // One of the sends before it may have been refused.
        if (transaction.rollbackCause) done(this.#rolledBack(transaction, transaction.rollbackCause))
        else this.#commit(transaction, done)
      },
      refuse: (error) => {
        if (this.#heldBack.delete(transaction)) this.#rollBackAndDispatch(transaction)
        done(error && rolledBack(id, error.message, error))
      },
    })
  }

  rollback(id: string): void {
    const transaction = this.get(id)
    this.#open.delete(id)
    transaction.close()
    this.#context.flow.withdraw(this.#sender, transaction)
    this.#rollBackAndDispatch(transaction)
  }

  /**
   * For a connection that closes, which has more to give back: the caller refuses the commits that were held back, and
   * dispatches the queues returned.
   */
  rollbackAll(): Set<EntryQueue> {
    const queues = new Set<EntryQueue>()
    for (const transaction of [...this.#open.values(), ...this.#heldBack])
      for (const queue of this.#rollBack(transaction)) queues.add(queue)
    this.#open.clear()
    this.#heldBack.clear()
    return queues
  }

  /** Of the destinations that it brings messages to which are not in the store, the first one that has no room for one of them. */
  #firstCrowded({ sends, volatileSends, memoryBytes }: LocalTransaction): VolatileSend | undefined {
    if (volatileSends === 0) return undefined
    const asked = new Set<Target>()
    for (const send of sends) {
      if (send.kind !== 'volatile' || asked.has(send.target)) continue
      asked.add(send.target)
      if (!this.#context.room.has(send.target, send.message, memoryBytes)) return send
    }
    return undefined
  }

  #commit(transaction: LocalTransaction, done: Done): void {
    const { sequences, afterSync } = this.#context
    const { stored } = transaction
    const first = stored ? sequences.take(transaction.storedSends) : 0
    const finish = (): void => {
      this.#apply(transaction, first)
      done()
    }
    stored?.commit(first)
    let sequence = first
    for (const send of transaction.sends) {
      if (send.kind === 'volatile') continue
      if (send.kind === 'stored') send.queue.expectStored()
      else this.#expectForTopic(send, sequence)
      sequence++
    }
    if (stored || transaction.sentExpired) afterSync.run(finish)
    else finish()
  }

  /** Makes a committed transaction visible: first what it took, then what it brought. */
  #apply(transaction: LocalTransaction, firstSequence: Sequence): void {
    const subscriptions = new Set<Subscription>()
    for (const { subscription, entry } of transaction.acknowledgements) {
      entry.transaction = null
      subscriptions.add(subscription)
      subscription.dispatched.remove(entry)
      subscription.contract(1)
      if (entry.kind === 'queue') entry.queue.settle(entry)
      else if (entry.topic) entry.topic.counters.dequeued++
    }
    transaction.acknowledgements.length = 0
    this.#deliver(transaction.takeSends(), firstSequence)
    for (const subscription of subscriptions) subscription.dispatch()
  }

  #deliver(sends: readonly TransactedSend[], firstSequence: Sequence): void {
    let sequence = firstSequence
    for (const send of sends)
      if (send.kind === 'stored') send.queue.arriveStored(sequence++, send.message, send.priority)
      else if (send.kind === 'storedForTopic') send.topic.arriveStored(sequence++, send.message)
      else this.#router.deliverVolatile(send.target, this.#context.sequences.next(), send.message)
  }

  /** The store has it for all that began while the transaction was open. */
  #expectForTopic({ topic, message, subscribed }: StoredForTopic, sequence: Sequence): void {
    topic.expectStored()
    if (topic.subscribed === subscribed) return
    for (const holder of topic.notFor(message)) this.#context.store.remove(holder, sequence, false)
  }

  #rolledBack(transaction: LocalTransaction, cause: RefusalError): RefusalError {
    this.#rollBackAndDispatch(transaction)
    return rolledBack(transaction.id, cause.message, cause)
  }

  #rollBackAndDispatch(transaction: LocalTransaction): void {
    for (const queue of this.#rollBack(transaction)) queue.dispatch()
  }

  /**
   * What was acknowledged stays with its consumer, which redelivers by itself, as ActiveMQ's clients do. Only what
   * belonged to a consumer that closed meanwhile goes back to its queue.
   */
  #rollBack(transaction: LocalTransaction): Iterable<EntryQueue> {
    transaction.stored?.rollback()
    transaction.takeSends()
    const returned = new Map<EntryQueue, QueueEntry[]>()
    for (const { subscription, entry } of transaction.acknowledgements) {
      entry.transaction = null
      subscription.contract(1)
      if (entry.kind !== 'queue' || entry.holder) continue
      subscription.dispatched.remove(entry)
      entry.redeliveryCounter++
      const entries = returned.get(entry.queue)
      if (entries) entries.push(entry)
      else returned.set(entry.queue, [entry])
    }
    transaction.acknowledgements.length = 0
    for (const [queue, entries] of returned) queue.returnToFront(entries)
    return returned.keys()
  }
}

const rolledBack = (id: string, reason: string, cause: RefusalError): RefusalError =>
  new RefusalError('TRANSACTION_ROLLED_BACK', `Transaction '${id}' was rolled back: ${reason}`, { cause })

const lostWithFailover = (): RefusalError =>
  new RefusalError('INVALID_REQUEST', 'what it acknowledged was lost with the connection before the failover')
