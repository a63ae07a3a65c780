// The way of a message from its producer to its destinations: names resolved, expired ones taken out, duplicates of failover
// clients recognized, persistent ones written, all held back while what they need is full.
import { RefusalError } from '../base/errors.ts'
import { readdress } from '../destination/dead-letter.ts'
import { concreteMembers } from '../routing/destination-name.ts'
import { QueueEntry } from '../destination/entry.ts'
import { destinationLimits } from '../destination/limits.ts'
import { Queue } from '../destination/queue/queue.ts'
import { isExpired } from '../destination/expiry.ts'
import { TopicMessage } from '../destination/topic/topic-message.ts'
import type { Topic } from '../destination/topic/topic.ts'
import type { Message } from '../message/message.ts'
import type { MessageHolder, Sequence } from '../store/message-store.ts'
import type { StoreTransaction } from '../store/store-transaction.ts'
import type { LocalTransaction } from '../transaction/local-transaction.ts'
import { Arrival } from './arrival.ts'
import type { DeadLetterRouter } from './dead-letter-router.ts'
import type { HeldBack, SenderAccount } from './flow-control.ts'
import { addedMessage } from './region-context.ts'
import type { RegionContext } from './region-context.ts'
import type { Done } from './region.ts'
import { UnsyncedProducers } from './unsynced-producers.ts'

type Target = Queue | Topic

type StoreNeeds = Pick<HeldBack, 'storeHolder' | 'storeBytes'>

/** One message for one destination. */
interface Routed {
  readonly target: Target
  readonly message: Message
}

export class MessageRouter {
  readonly #context: RegionContext
  readonly #deadLetters: DeadLetterRouter
  readonly #unsynced = new UnsyncedProducers()

  constructor(context: RegionContext, deadLetters: DeadLetterRouter) {
    this.#context = context
    this.#deadLetters = deadLetters
  }

  /** Outside a transaction. Throws RefusalError before anything has happened. */
  send(sender: SenderAccount, failoverReconnect: boolean, message: Message, done: Done): void {
    if (failoverReconnect && message.persistent && this.#isDuplicate(message)) return this.#context.afterSync.run(done)
    const target = this.#context.registry.find(message.destination)
    if (target) return this.#sendToOne(sender, target, message, done)
    const routed = this.#route(message)
    if (routed.length === 1) this.#sendToOne(sender, routed[0]!.target, routed[0]!.message, done)
    else this.#sendToMany(sender, routed, message, done)
  }

  /** Throws RefusalError; what was added before that leaves with the transaction, which can then only be rolled back. */
  sendInTransaction(sender: SenderAccount, transaction: LocalTransaction, message: Message, done: Done): void {
    const routed = this.#route(message)
    transaction.checkRoom(routed.length)
    const { flow } = this.#context
    const storeNeeds = storeNeedsOf(routed)
    if (!flow.mustWait(sender, transaction, false, storeNeeds.storeHolder, storeNeeds.storeBytes)) {
      this.#addToTransaction(sender, transaction, routed)
      return done()
    }
    const admit = (): void => {
      try {
        transaction.checkRoom(routed.length)
        this.#addToTransaction(sender, transaction, routed)
        done()
      } catch (error) {
        if (!(error instanceof RefusalError)) throw error
        refuse(error)
      }
    }
    const refuse = (error?: RefusalError): void => {
      if (error) transaction.markRollbackOnly(error)
      done(error)
    }
    const needs = { needsMemory: false, ownBytes: 0, ...storeNeeds }
    flow.holdBack({ sender, order: transaction, bytes: message.size, ...needs, admit, refuse })
  }

  #addToTransaction(sender: SenderAccount, transaction: LocalTransaction, routed: readonly Routed[]): void {
    for (const { target, message: copy } of routed) {
      if (this.#expired(copy)) {
        transaction.sentExpired = true
        this.#takeExpired(target, copy, ignore)
      } else if (!isStored(target, copy)) transaction.addVolatile(target, copy)
      else {
        const room = this.#context.memory.headroom(destinationLimits.bodyHighWaterShare)
        transaction.inStore(this.#context.store).add(addedMessage(target.holder, copy))
        transaction.addStored(target, copy, room > copy.size)
        sender.intake.written(copy.bytes.length)
      }
    }
  }

  /** To memory: a queue's or its subscribers'. Never waits. */
  deliverVolatile(target: Target, sequence: Sequence, message: Message): void {
    const { memory } = this.#context
    if (target instanceof Queue) target.arriveVolatile(new QueueEntry(target, sequence, message, false, memory))
    else target.send(new TopicMessage(message, sequence, memory))
  }

  #route(message: Message): Routed[] {
    const { registry } = this.#context
    const members = concreteMembers(message.destination)
    if (members.length === 1 && members[0] === message.destination)
      return [{ target: registry.obtain(message.destination), message }]
    return members.map((member) => ({
      target: registry.obtain(member),
      message: readdress(message, member, message.destination),
    }))
  }

  #isDuplicate(message: Message): boolean {
    const { producerId, producerSequenceId } = message
    // Foreign message ids (text only) have no producer to count for.
    if (producerId === '') return false
    const stored = this.#context.store.lastProducerSequence(producerId) ?? -1
    const unsynced = this.#unsynced.lastSequence(producerId) ?? -1
    return producerSequenceId <= Math.max(stored, unsynced)
  }

  // An expired one waits too: its dead letter would tell the store of a sequence beyond those that are held back, and their
  // repetitions after a failover would be taken for duplicates.
  #sendToOne(sender: SenderAccount, target: Target, message: Message, done: Done): void {
    const stored = isStored(target, message)
    const takesMemory = !stored && needsMemory(target) && !this.#expired(message)
    const storeHolder = stored ? target.holder : undefined
    const storeBytes = stored ? message.bytes.length : 0
    if (this.#context.flow.mustWait(sender, message.producerId, takesMemory, storeHolder, storeBytes)) {
      const admit = (): void => this.#admitToOne(sender, target, message, done)
      return this.#holdBack(sender, message, takesMemory, { storeHolder, storeBytes }, admit, done)
    }
    this.#admitToOne(sender, target, message, done)
  }

  #admitToOne(sender: SenderAccount, target: Target, message: Message, done: Done): void {
    if (this.#expired(message)) return this.#takeExpired(target, message, done)
    const sequence = this.#context.sequences.next()
    if (!isStored(target, message)) {
      this.deliverVolatile(target, sequence, message)
      return done()
    }
    this.#unsynced.written(message.producerId, message.producerSequenceId)
    if (this.#goesAhead(target, message)) this.#sendAhead(target, sequence, message, done)
    else {
      this.#context.store.add(addedMessage(target.holder, message), sequence)
      target.expectStored()
      this.#context.afterSync.run(new Arrival(target, sequence, message, this.#unsynced, done))
    }
    sender.intake.written(message.bytes.length)
  }

  /** With a consumer waiting and memory for its body; else there is nothing to gain, or it may have to be read back. */
  #goesAhead(target: Queue, { size }: Message): boolean {
    const { concurrentStoreAndDispatchQueues, memory } = this.#context
    if (!concurrentStoreAndDispatchQueues || !target.takesAtOnce) return false
    return memory.headroom(destinationLimits.bodyHighWaterShare) >= size
  }

  /** To the consumer and to the store at once. Its sender is answered when it is durable, or consumed before that. */
  #sendAhead(target: Queue, sequence: Sequence, message: Message, done: Done): void {
    const settled = (): void => {
      this.#unsynced.synced(message.producerId)
      target.becameDurable(entry)
      done()
    }
    this.#context.store.addDispatched(addedMessage(target.holder, message), sequence, settled)
    const entry = target.arriveUnsynced(sequence, message)
  }

  #sendToMany(sender: SenderAccount, routed: readonly Routed[], message: Message, done: Done): void {
    const waits = routed.some(({ target, message: copy }) => !isStored(target, copy) && needsMemory(target))
    const storeNeeds = storeNeedsOf(routed)
    const { storeHolder, storeBytes } = storeNeeds
    if (this.#context.flow.mustWait(sender, message.producerId, waits, storeHolder, storeBytes)) {
      const admit = (): void => this.#admitToMany(sender, routed, message, done)
      return this.#holdBack(sender, message, waits, storeNeeds, admit, done)
    }
    this.#admitToMany(sender, routed, message, done)
  }

  // All stored copies in one transaction: after a crash between them the client's repetition would be taken for a
  // duplicate, and the other members would never get the message.
  #admitToMany(sender: SenderAccount, routed: readonly Routed[], message: Message, done: Done): void {
    const { store, sequences, afterSync } = this.#context
    if (this.#expired(message)) {
      for (const { target, message: copy } of routed) this.#takeExpired(target, copy, ignore)
      return afterSync.run(done)
    }
    let transaction: StoreTransaction | undefined
    const stored: { queue: Queue; copy: Message }[] = []
    for (const { target, message: copy } of routed) {
      if (isStored(target, copy)) {
        transaction ??= store.begin()
        transaction.add(addedMessage(target.holder, copy))
        sender.intake.written(copy.bytes.length)
        stored.push({ queue: target, copy })
      } else this.deliverVolatile(target, sequences.next(), copy)
    }
    if (!transaction) return done()
    const first = sequences.take(stored.length)
    transaction.commit(first)
    for (const { queue } of stored) queue.expectStored()
    this.#unsynced.written(message.producerId, message.producerSequenceId)
    afterSync.run(() => {
      this.#unsynced.synced(message.producerId)
      stored.forEach(({ queue, copy }, index) => queue.arriveStored(first + index, copy))
      done()
    })
  }

  #holdBack(
    sender: SenderAccount,
    { producerId, size }: Message,
    needsMemory: boolean,
    storeNeeds: StoreNeeds,
    admit: () => void,
    refuse: Done,
  ): void {
    const needs = { needsMemory, ownBytes: 0, ...storeNeeds }
    this.#context.flow.holdBack({ sender, order: producerId, bytes: size, ...needs, admit, refuse })
  }

  #expired(message: Message): boolean {
    return message.expiration > 0 && isExpired(message, this.#context.clock.nowMs())
  }

  #takeExpired(target: Target, message: Message, done: Done): void {
    target.counters.expired++
    this.#deadLetters.takeExpiredArrival(target.destination, message, done)
  }
}

/** Only queues that outlive their connection are in the store. */
const isStored = (target: Target, message: Message): target is Queue =>
  message.persistent && target instanceof Queue && target.stored

const storeNeedsOf = (routed: readonly Routed[]): StoreNeeds => {
  let storeHolder: MessageHolder | undefined
  let storeBytes = 0
  for (const { target, message } of routed) {
    if (!isStored(target, message)) continue
    storeHolder ??= target.holder
    storeBytes += message.bytes.length
  }
  return { storeHolder, storeBytes }
}

const needsMemory = (target: Target): boolean => target instanceof Queue || target.wouldHold

const ignore = (): void => {}
