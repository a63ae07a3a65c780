// The naive model of queues: what a broker has to know about each message, kept in the simplest way there is. It does not
// predict who gets a message; it is told of everything that happens, in order, and throws at the first thing that is not
// allowed:
//
//   - a delivery is of a message that waits, unchanged, to a consumer with room, with the right redelivery counter; none
//     that waits longer (same mode and sent before; or known to stand before it) was passed over, nor a consumer of higher
//     priority, nor the exclusive one; it had not expired
//   - nothing that was acknowledged comes again; nothing expires early or twice; every dead letter has its message
//
// Consumers may have a message before it is durable (concurrentStoreAndDispatchQueues), and an acknowledgement whose answer
// nobody waits for may be forgotten: until the sender, or the consumer, has its answer, a crash may undo either.
//
// After a crash it is told what the store has and says whether that can be: everything that was answered, nothing of what was
// taken, transactions as a whole, a message in its queue or in the dead letter queue, in the order of its producer.
import { destinationLimits } from '../../broker/destination/limits.ts'
import { deadLetterQueue } from './queue-world.ts'
import type { Delivery } from '../../broker/region/region.ts'

export type MessageState =
  /** Sent, or made as a dead letter, and not answered. */
  | 'sending'
  /** Sent in a transaction that has not been applied. */
  | 'transacted'
  | 'waiting'
  | 'inFlight'
  /** Taken, and the removal not durable yet. */
  | 'leaving'

export interface BookMessage {
  readonly queue: string
  readonly id: string
  readonly producer: string
  readonly number: number
  readonly persistent: boolean
  readonly expiration: number
  readonly size: number
  /** null: made by the broker. */
  readonly bytes: Buffer | null
  state: MessageState
  arrived: boolean
  /**
   * It is in the store for sure as long as it is in its queue. Before that consumers may have it already
   * (concurrentStoreAndDispatchQueues), and a crash takes it away: its sender was not answered.
   */
  durable: boolean
  /** That it was taken is durable. */
  gone: boolean
  /** It was taken to become a dead letter, if it may. */
  buried: boolean
  redeliveries: number
  /** When it came back from a consumer, or a transaction; it is looked at then only if somebody has room for it. */
  returnedMs: number
  /** 0 until it is known. */
  sequence: number
  /** Its place among all sends that nothing held back and no transaction kept; 0 for the others. */
  turn: number
  holder: BookConsumer | null
  /** That acknowledged it. */
  transaction: BookTransaction | null
  /** The dead letter that replaces it; either of both is in the store. */
  copy: BookMessage | null
  origin: BookMessage | null
}

export interface BookTransaction {
  readonly id: string
  readonly sends: BookMessage[]
  readonly acknowledged: BookMessage[]
  state: 'open' | 'committing' | 'applied' | 'rolledBack'
}

export interface BookConsumer {
  readonly id: string
  readonly connectionId: string
  readonly queue: string
  readonly priority: number
  readonly exclusive: boolean
  readonly noLocal: boolean
  /** null: all messages. */
  readonly wish: Wish | null
  prefetch: number
  extension: number
  pull: { readonly timeoutMs: number; readonly dueMs: number } | null
  congested: boolean
  dispatched: BookMessage[]
}

/** A selector, and what it means. */
export interface Wish {
  readonly selector: string
  wants(message: BookMessage): boolean
}

export const wishes: readonly Wish[] = [
  { selector: "JMSDeliveryMode = 'PERSISTENT'", wants: ({ persistent }) => persistent },
  { selector: 'JMSRedelivered', wants: ({ redeliveries }) => redeliveries > 0 },
  { selector: 'NOT JMSXDeliveryCount > 1', wants: ({ redeliveries }) => redeliveries === 0 },
  {
    selector: "JMSMessageID LIKE '%1' OR JMSMessageID LIKE '%5'",
    wants: ({ number }) => number % 10 === 1 || number % 10 === 5,
  },
  { selector: 'color IS NOT NULL', wants: () => false },
]

export interface BookOptions {
  readonly processNonPersistent: boolean
  readonly concurrentStoreAndDispatchQueues: boolean
}

export interface QueueCounts {
  recovered: number
  enqueued: number
  dispatched: number
  expired: number
  /** Expired while their sends were not answered: before or after they had come into the queue. */
  unsure: number
}

export class Violation extends Error {}

export function check(holds: boolean, what: () => string): asserts holds {
  if (!holds) throw new Violation(what())
}

const nameOf = ({ queue, id, state, persistent, sequence }: BookMessage): string =>
  `${queue} ${id} (${persistent ? 'persistent' : 'non-persistent'}, ${state}, sequence ${sequence || 'unknown'})`

export class QueueBook {
  readonly queues = new Map<string, Map<string, BookMessage>>()
  readonly counts = new Map<string, QueueCounts>()
  readonly consumers: BookConsumer[] = []
  readonly exclusive = new Map<string, BookConsumer>()
  readonly committing: BookTransaction[] = []
  readonly #options: BookOptions
  readonly #nowMs: () => number
  #turns = 0
  deliveries = 0

  constructor(queues: readonly string[], options: BookOptions, nowMs: () => number) {
    this.#options = options
    this.#nowMs = nowMs
    for (const queue of queues) {
      this.queues.set(queue, new Map())
      this.counts.set(queue, { recovered: 0, enqueued: 0, dispatched: 0, expired: 0, unsure: 0 })
    }
  }

  get size(): number {
    let size = 0
    for (const messages of this.queues.values()) size += messages.size
    return size
  }

  nextTurn(): number {
    return ++this.#turns
  }

  add(
    fields: Pick<
      BookMessage,
      'queue' | 'id' | 'producer' | 'number' | 'persistent' | 'expiration' | 'size' | 'bytes' | 'state'
    >,
  ): BookMessage {
    const message: BookMessage = {
      ...fields,
      arrived: false,
      durable: false,
      gone: false,
      buried: false,
      redeliveries: 0,
      returnedMs: 0,
      sequence: 0,
      turn: 0,
      holder: null,
      transaction: null,
      copy: null,
      origin: null,
    }
    this.queues.get(message.queue)!.set(message.id, message)
    return message
  }

  forget(message: BookMessage): void {
    this.queues.get(message.queue)!.delete(message.id)
  }

  addConsumer(consumer: BookConsumer): void {
    this.consumers.push(consumer)
    const { queue, priority } = consumer
    const owner = this.exclusive.get(queue)
    if (consumer.exclusive && (!owner || priority > owner.priority || priority === 127))
      this.exclusive.set(queue, consumer)
  }

  removeConsumer(consumer: BookConsumer): void {
    this.consumers.splice(this.consumers.indexOf(consumer), 1)
    const { queue } = consumer
    if (this.exclusive.get(queue) !== consumer) return
    this.exclusive.delete(queue)
    const others = this.consumers.filter((other) => other.queue === queue && other.exclusive)
    const next = others.reduce<BookConsumer | undefined>(
      (best, other) => (!best || other.priority > best.priority ? other : best),
      undefined,
    )
    if (next) this.exclusive.set(queue, next)
  }

  /** A message is where consumers can get it. */
  arrive(message: BookMessage): void {
    if (message.state === 'sending' || message.state === 'transacted') message.state = 'waiting'
    if (message.arrived) return
    message.arrived = true
    this.counts.get(message.queue)!.enqueued++
    // The dead letter is there, so its message is not.
    if (message.origin) this.#settleOrigin(message)
  }

  delivered(delivery: Delivery, atMs: number): void {
    const { message: real, sequence, redeliveryCounter, destination, consumerId } = delivery
    const consumer = this.consumers.find(({ id }) => id === consumerId)
    check(consumer !== undefined, () => `${consumerId}, which is closed, was given ${real.messageId}`)
    const message = this.queues.get(destination.name)!.get(real.messageId)
    check(
      message !== undefined,
      () => `${real.messageId} of ${destination.name} came although it is gone (or never was)`,
    )
    if (message.state === 'transacted') this.#applyUpTo(message)
    if (message.state === 'sending') {
      message.durable = message.origin !== null || !this.#options.concurrentStoreAndDispatchQueues
      this.arrive(message)
    }
    // A commit that was held back is refused when its connection closes; deliveries come before that answer, too.
    const { transaction } = message
    if (message.state === 'inFlight' && !message.holder && transaction?.state === 'committing')
      this.rollBack(transaction)
    check(message.state === 'waiting', () => `${nameOf(message)} came again`)
    check(!isExpired(message, atMs), () => `${nameOf(message)} was delivered after it had expired`)
    check(
      message.sequence === 0 || message.sequence === sequence,
      () => `${nameOf(message)} came with sequence ${sequence}`,
    )
    check(
      redeliveryCounter === message.redeliveries,
      () => `${nameOf(message)} has counter ${redeliveryCounter}, not ${message.redeliveries}`,
    )
    check(message.bytes === null || message.bytes.equals(real.bytes), () => `${nameOf(message)} was changed`)
    message.sequence = sequence
    this.#checkOrder(message, consumer, atMs)
    this.#checkTurn(message, consumer)
    message.state = 'inFlight'
    message.holder = consumer
    consumer.dispatched.push(message)
    consumer.pull = null
    this.counts.get(message.queue)!.dispatched++
    this.deliveries++
  }

  /** The broker says that a message expired. */
  expired(queue: string, id: string, atMs: number): void {
    const message = this.queues.get(queue)!.get(id)
    check(message !== undefined, () => `${id} of ${queue} expired although it is gone`)
    this.counts.get(queue)!.expired++
    // The client said so, and it is on its way already.
    if (message.state === 'leaving')
      return check(message.buried, () => `${nameOf(message)} expired after it was acknowledged`)
    if (message.state === 'transacted') this.#applyUpTo(message)
    check(isExpired(message, atMs), () => `${nameOf(message)} expired before its time`)
    check(message.state === 'waiting' || message.state === 'sending', () => `${nameOf(message)} expired`)
    if (message.state === 'sending') this.counts.get(queue)!.unsure++
    this.leave(message, true)
  }

  /** A message is taken out of its queue; `buried`: into the dead letter queue, if that admits it. */
  leave(message: BookMessage, buried: boolean): void {
    const admitted = message.queue !== deadLetterQueue && (message.persistent || this.#options.processNonPersistent)
    if (buried && admitted) {
      const { id, producer, number, size } = message
      const fields = { id, producer, number, size, persistent: true, expiration: 0, bytes: null }
      check(!this.queues.get(deadLetterQueue)!.has(id), () => `${nameOf(message)} became a dead letter twice`)
      message.copy = this.add({ queue: deadLetterQueue, state: 'sending', ...fields })
      message.copy.origin = message
    }
    message.state = 'leaving'
    message.buried = buried
    message.holder = null
  }

  /** What was taken is durably gone. */
  left(message: BookMessage): void {
    message.gone = true
    if (message.copy) {
      message.copy.durable = true
      this.arrive(message.copy)
    }
    this.forget(message)
  }

  /** The acknowledgements of a transaction take effect, and its sends arrive. */
  apply(transaction: BookTransaction): void {
    if (transaction.state === 'applied') return
    check(transaction.state === 'committing', () => `${transaction.id} took effect although it is ${transaction.state}`)
    transaction.state = 'applied'
    for (const message of transaction.acknowledged) {
      const { holder } = message
      message.transaction = null
      if (holder) this.drop(holder, message)
      this.leave(message, false)
    }
    for (const message of transaction.sends) {
      message.durable = true
      this.arrive(message)
    }
  }

  /** All that was written until now is durable, and all that the broker took out. */
  settle(): void {
    for (const messages of this.queues.values())
      for (const message of Array.from(messages.values()))
        if (message.state === 'leaving') this.left(message)
        else if (message.arrived) message.durable = true
  }

  /** What it acknowledged stays with its consumers; what belonged to closed ones waits again. */
  rollBack(transaction: BookTransaction): void {
    if (transaction.state === 'rolledBack') return
    check(transaction.state !== 'applied', () => `${transaction.id} was rolled back although it took effect`)
    transaction.state = 'rolledBack'
    for (const message of transaction.sends) this.forget(message)
    for (const message of transaction.acknowledged) {
      message.transaction = null
      const { holder } = message
      if (holder) holder.extension = Math.max(0, holder.extension - 1)
      else this.giveBack(message, 1)
    }
  }

  drop(consumer: BookConsumer, message: BookMessage): void {
    consumer.dispatched.splice(consumer.dispatched.indexOf(message), 1)
    consumer.extension = Math.max(0, consumer.extension - 1)
  }

  giveBack(message: BookMessage, redeliveries: number): void {
    message.state = 'waiting'
    message.holder = null
    message.redeliveries += redeliveries
    message.returnedMs = this.#nowMs()
  }

  /** Everything is at rest: nothing waits that somebody could have. */
  checkRest(nowMs: number): void {
    for (const [queue, messages] of this.queues) {
      const owner = this.exclusive.get(queue)
      const takers = this.consumers.filter(
        (consumer) => consumer.queue === queue && hasRoom(consumer) && (!owner || owner === consumer),
      )
      if (takers.length === 0) continue
      for (const message of messages.values())
        if (message.state === 'waiting')
          check(
            !takers.some((taker) => accepts(taker, message)),
            () => `${nameOf(message)} waits although ${takers[0]!.id} has room`,
          )
    }
    for (const { id, pull, congested } of this.consumers) {
      const due = pull && ((pull.timeoutMs === -1 && !congested) || (pull.timeoutMs > 0 && pull.dueMs <= nowMs))
      check(!due, () => `${id} got no answer to its pull`)
    }
  }

  /** The broker tells a consumer that nothing is there for its pull, which does not wait. */
  checkNothing(consumer: BookConsumer, atMs: number): void {
    const owner = this.exclusive.get(consumer.queue)
    if (consumer.congested || (owner && owner !== consumer)) return
    for (const message of this.queues.get(consumer.queue)!.values())
      check(
        message.state !== 'waiting' || isExpired(message, atMs) || !accepts(consumer, message),
        () => `${consumer.id} was told that there is nothing, but ${nameOf(message)} waits`,
      )
  }

  /** What waited and had expired is gone with the next sweep; if its queue is in memory, or that sweep is over. */
  checkSwept(queue: string, nowMs: number): void {
    const sweptMs = nowMs - destinationLimits.expirySweepMs - 1
    for (const message of this.queues.get(queue)!.values())
      check(
        message.state !== 'waiting' || message.returnedMs > sweptMs || !isExpired(message, sweptMs),
        () => `${nameOf(message)} has expired and still waits`,
      )
  }

  count(queue: string, ...states: MessageState[]): number {
    let count = 0
    for (const { state } of this.queues.get(queue)!.values()) if (states.includes(state)) count++
    return count
  }

  #settleOrigin({ origin }: BookMessage): void {
    if (origin && this.queues.get(origin.queue)!.get(origin.id) === origin) this.forget(origin)
  }

  #applyUpTo(message: BookMessage): void {
    const transaction = this.committing.find(({ sends }) => sends.includes(message))
    check(transaction !== undefined, () => `${nameOf(message)} came before the commit of its transaction`)
    this.apply(transaction)
  }

  #checkOrder(message: BookMessage, consumer: BookConsumer, atMs: number): void {
    const { queue, sequence, producer, number, persistent, turn } = message
    for (const other of this.queues.get(queue)!.values()) {
      if (other.state !== 'waiting' || other === message || !accepts(consumer, other) || isExpired(other, atMs))
        continue
      const sentBefore =
        queue !== deadLetterQueue &&
        other.persistent === persistent &&
        ((other.producer === producer && other.number < number) || (other.turn > 0 && other.turn < turn))
      check(!sentBefore, () => `${nameOf(message)} passed over ${nameOf(other)}, which was sent before it`)
      const standsBefore = other.sequence > 0 && other.sequence < sequence
      check(!standsBefore, () => `${nameOf(message)} passed over ${nameOf(other)}, which stood before it`)
    }
  }

  #checkTurn(message: BookMessage, consumer: BookConsumer): void {
    // The room may come from a commit that is durable but not answered yet: deliveries come before the answer.
    if (!hasRoom(consumer)) {
      const transaction = this.committing.find(({ acknowledged }) =>
        acknowledged.some(({ holder }) => holder === consumer),
      )
      if (transaction) this.apply(transaction)
    }
    check(hasRoom(consumer), () => `${consumer.id} was given ${nameOf(message)} without having room`)
    check(accepts(consumer, message), () => `${consumer.id} was given ${nameOf(message)}, which it does not want`)
    const owner = this.exclusive.get(message.queue)
    check(
      !owner || owner === consumer,
      () => `${consumer.id} was given ${nameOf(message)}, but ${owner?.id} is exclusive`,
    )
    if (owner) return
    const better = this.consumers.find(
      (other) =>
        other.queue === message.queue &&
        other.priority > consumer.priority &&
        hasRoom(other) &&
        accepts(other, message) &&
        !this.#isOwedEarlier(other, message),
    )
    check(!better, () => `${consumer.id} was given ${nameOf(message)}, but ${better?.id} has a higher priority`)
  }

  /** It may be about to be given one that has to be read first; others do not wait for that. */
  #isOwedEarlier(consumer: BookConsumer, { queue, sequence }: BookMessage): boolean {
    for (const other of this.queues.get(queue)!.values())
      if (other.state === 'waiting' && other.sequence < sequence && accepts(consumer, other)) return true
    return false
  }
}

export const hasRoom = ({ prefetch, pull, dispatched, extension, congested }: BookConsumer): boolean =>
  !congested && (prefetch === 0 ? pull !== null : dispatched.length - extension < prefetch)

const accepts = ({ noLocal, connectionId, wish }: BookConsumer, message: BookMessage): boolean =>
  (!noLocal || !message.producer.startsWith(`${connectionId}:`)) && (wish === null || wish.wants(message))

const isExpired = ({ expiration }: BookMessage, nowMs: number): boolean => expiration > 0 && expiration <= nowMs
