// The way of a message from its producer to its destinations: names resolved, expired ones taken out, duplicates of failover
// clients recognized, persistent ones written, all held back while what they need is full.
import { RefusalError } from '../base/errors.ts'
import { QueueEntry } from '../destination/entry.ts'
import { Queue } from '../destination/queue/queue.ts'
import { isExpired } from '../destination/expiry.ts'
import { TopicMessage } from '../destination/topic/topic-message.ts'
import { Topic } from '../destination/topic/topic.ts'
import type { Message } from '../message/message.ts'
import type { AddedMessage, Sequence } from '../store/message-store.ts'
import type { StoreTransaction } from '../store/store-transaction.ts'
import type { TempMessages } from '../store/temp-store.ts'
import type { LocalTransaction } from '../transaction/local-transaction.ts'
import { Arrival } from './arrival.ts'
import type { DeadLetterRouter } from './dead-letter-router.ts'
import type { SenderAccount, SendOrder } from './flow-control.ts'
import type { NetworkArrival } from './network-arrivals.ts'
import { addedMessage, addedTo, arrivedAt, repeatingProducer } from './region-context.ts'
import type { RegionContext } from './region-context.ts'
import type { Done } from './region.ts'
import { placeOf, type Target } from './room.ts'
import { Routes, type Routed } from './routes.ts'
import { UnsyncedProducers } from './unsynced-producers.ts'

export class MessageRouter {
  readonly #context: RegionContext
  readonly #deadLetters: DeadLetterRouter
  readonly #routes: Routes
  readonly #unsynced = new UnsyncedProducers()

  constructor(context: RegionContext, deadLetters: DeadLetterRouter) {
    this.#context = context
    this.#deadLetters = deadLetters
    this.#routes = new Routes(context.registry, context.virtual)
  }

  /** Outside a transaction. Throws RefusalError before anything has happened. */
  send(sender: SenderAccount, failoverReconnect: boolean, message: Message, done: Done): void {
    if (failoverReconnect && message.persistent && this.#isDuplicate(message)) return this.#context.afterSync.run(done)
    this.#checkSize(message)
    const target = this.#context.registry.find(message.destination)
    if (target && !target.isVirtual) return this.#sendToOne(sender, target, message, done)
    const routed = this.#routes.of(message)
    if (routed.length === 1) this.#sendToOne(sender, routed[0]!.target, routed[0]!.message, done)
    else this.#sendToMany(sender, routed, message, done)
  }

  /** Throws RefusalError; what was added before that leaves with the transaction, which can then only be rolled back. */
  sendInTransaction(sender: SenderAccount, transaction: LocalTransaction, message: Message, done: Done): void {
    const routed = this.#routes.of(message)
    if (routed.length === 0) return done()
    this.#checkSize(message)
    transaction.checkRoom(routed.length)
    // The others take room at commit.
    const stored = routed.filter(({ target, message: copy }) => target.stores(copy))
    const first = stored.find((one) => this.#mustWait(sender, transaction, one))
    if (!first && !this.#context.flow.holds(sender, transaction)) {
      this.#addToTransaction(sender, transaction, routed)
      return done()
    }
    const add = (to: () => readonly Routed[]): void => {
      const refusal = refusalOf(() => {
        const now = to()
        transaction.checkRoom(now.length)
        this.#addToTransaction(sender, transaction, now)
      })
      if (refusal) transaction.markRollbackOnly(refusal)
      done(refusal)
    }
    const refuse = (error?: RefusalError): void => {
      const others = error && this.#withoutDropped(sender, routed)
      if (others) return add(() => others)
      if (error) transaction.markRollbackOnly(error)
      done(error)
    }
    this.#holdBack(
      sender,
      transaction,
      first ?? routed[0]!,
      stored,
      () => add(() => this.#stillThere(routed, message)),
      refuse,
    )
  }

  #checkSize(message: Message): void {
    const { largestMessageBytes: limit } = this.#context.store
    const { length } = message.bytes
    if (limit === undefined || length <= limit) return
    if (!this.#routes.of(message).some(({ target, message: copy }) => target.stores(copy))) return
    throw new RefusalError(
      'RESOURCE_LIMIT',
      `Cannot store message of ${length} bytes: the store takes up to ${limit} (limit largestMessageBytes)`,
      { fields: { limit: 'largestMessageBytes' } },
    )
  }

  #addToTransaction(sender: SenderAccount, transaction: LocalTransaction, routed: readonly Routed[]): void {
    for (const { target, message: copy } of routed) {
      if (this.#expired(copy)) {
        transaction.sentExpired = true
        this.#takeExpired(target, copy, ignore)
      } else if (!target.stores(copy)) transaction.addVolatile(target, copy)
      else {
        this.#addStored(transaction, target, copy)
        sender.intake.written(copy.bytes.length)
      }
    }
  }

  #addStored(transaction: LocalTransaction, target: Target, message: Message): void {
    const { store } = this.#context
    if (target instanceof Queue) {
      transaction.inStore(store).add(addedTo(target, message))
      transaction.addStored(target, message, target.memoryRoom > message.size)
    } else {
      // First what may refuse it.
      transaction.addStoredForTopic(target, message)
      transaction.inStore(store).add(addedTo(target, message))
    }
  }

  /** To memory, a queue's or its subscribers', or to a queue by way of the temp store. Never waits. */
  deliverVolatile(target: Target, sequence: Sequence, message: Message): void {
    const { memory, room, temp } = this.#context
    if (!(target instanceof Queue)) target.send(new TopicMessage(message, sequence, memory, target))
    else if (!temp || room.keepsInMemory(target, message))
      target.arriveVolatile(new QueueEntry(target, sequence, message, 'memory', memory))
    else this.#spill(temp, target, sequence, message)
  }

  #spill(temp: TempMessages, queue: Queue, sequence: Sequence, message: Message): void {
    const { room, flow } = this.#context
    temp.add(addedMessage(queue.storage.tempHolderFor(message), message), sequence)
    queue.expectSpilled(message)
    room.unspilledBytes += message.size
    temp.whenWritten(() => {
      room.unspilledBytes -= message.size
      queue.arriveSpilled(sequence, message)
      flow.relieve()
    })
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
    const { flow, room } = this.#context
    const needsNone = !target.stores(message) && this.#expired(message)
    const place = placeOf(target, message)
    if (flow.hasOthersBefore(sender, message.producerId, place) || !(needsNone || room.has(target, message))) {
      const one = { target, message, droppable: false }
      const admit = (): void => {
        if (this.#routes.stillLead([one])) this.#admitToOne(sender, target, message, done)
        else this.#admitHeld(sender, [one], message, done)
      }
      return this.#holdBack(sender, message.producerId, one, [one], admit, done)
    }
    this.#admitToOne(sender, target, message, done)
  }

  #admitToOne(sender: SenderAccount, target: Target, message: Message, done: Done): void {
    if (this.#expired(message)) return this.#takeExpired(target, message, done)
    const { arrivals } = this.#context
    const { connectionId, network } = sender
    const repeated = network && target.stores(message) && arrivals.find(connectionId, message, target.destination)
    if (repeated) return this.#answerRepeated(sender, target, repeated, message, done)
    const sequence = this.#context.sequences.next()
    if (!target.stores(message))
      return this.#deliverUnstored(target, sequence, message) ? done() : this.#context.afterSync.run(done)
    this.#unsynced.written(repeatingProducer(message), message.producerSequenceId)
    const added = network ? arrivedAt(target, message) : addedTo(target, message)
    const settled = network ? arrivals.note(connectionId, message, target.destination, sequence, done) : done
    if (target instanceof Queue && this.#goesAhead(target, message))
      this.#sendAhead(target, sequence, message, added, settled)
    else {
      this.#context.store.add(added, sequence)
      target.expectStored()
      const answered = network && this.#answerWhenGone(target, sequence, message, settled) ? ignore : settled
      this.#context.afterSync.run(new Arrival(target, sequence, message, this.#unsynced, answered))
    }
    sender.intake.written(message.bytes.length)
  }

  /**
   * At once while the broker that it came from first keeps it until it is answered: if this one waited too, two copies of a message
   * that has come back on another way could wait for each other, in a ring of brokers without stores.
   */
  #answerRepeated(sender: SenderAccount, target: Target, known: NetworkArrival, message: Message, done: Done): void {
    const { arrivals, afterSync, store } = this.#context
    if (arrivals.isAwaited(known) || !store.whenGone || !(target instanceof Queue))
      return afterSync.run(arrivals.noteRepeated(message, target.destination, done))
    const settled = arrivals.note(sender.connectionId, message, target.destination, known.sequence, done)
    this.#answerWhenGone(target, known.sequence, message, settled)
  }

  /**
   * A store that forgets is no place for what another broker would then remove: that one keeps it until it is consumed here, or in
   * the store of a further broker. False for other stores; and for topics, whose subscribers are there or get nothing.
   */
  #answerWhenGone(target: Target, sequence: Sequence, message: Message, done: Done): boolean {
    const { store } = this.#context
    if (!store.whenGone || !(target instanceof Queue)) return false
    store.whenGone(target.storage.holderFor(message), sequence, done)
    return true
  }

  /**
   * One of a topic that no durable subscription wants must not pass over those before it that are being stored for them: false
   * when it waits for these.
   */
  #deliverUnstored(target: Target, sequence: Sequence, message: Message): boolean {
    const waits = message.persistent && target instanceof Topic && target.expectsStored
    if (waits) this.#context.afterSync.run(() => this.deliverVolatile(target, sequence, message))
    else this.deliverVolatile(target, sequence, message)
    return !waits
  }

  /** With a consumer waiting and memory for its body; else there is nothing to gain, or it may have to be read back. */
  #goesAhead(target: Queue, { size }: Message): boolean {
    return this.#context.concurrentStoreAndDispatchQueues && target.takesAtOnce && target.memoryRoom >= size
  }

  /** To the consumer and to the store at once. Its sender is answered when it is durable, or consumed before that. */
  #sendAhead(target: Queue, sequence: Sequence, message: Message, added: AddedMessage, done: Done): void {
    const settled = (): void => {
      this.#unsynced.synced(repeatingProducer(message))
      target.becameDurable(entry)
      done()
    }
    this.#context.store.addDispatched(added, sequence, settled)
    const entry = target.arriveUnsynced(sequence, message)
  }

  #sendToMany(sender: SenderAccount, routed: readonly Routed[], message: Message, done: Done): void {
    const first = routed.find((one) => this.#mustWait(sender, message.producerId, one))
    if (!first) return this.#admitToMany(sender, routed, message, done)
    const refuse = (error?: RefusalError): void => {
      const others = error && this.#withoutDropped(sender, routed)
      if (others) this.#admitToMany(sender, others, message, done)
      else done(error)
    }
    const admit = (): void => this.#admitHeld(sender, routed, message, done)
    this.#holdBack(sender, message.producerId, first, routed, admit, refuse)
  }

  #admitHeld(sender: SenderAccount, routed: readonly Routed[], message: Message, done: Done): void {
    const refusal = refusalOf(() => this.#admitToMany(sender, this.#stillThere(routed, message), message, done))
    if (refusal) done(refusal)
  }

  /** Of a send that waited: what it was meant for may have been deleted meanwhile, and made again. */
  #stillThere(routed: readonly Routed[], message: Message): readonly Routed[] {
    return this.#routes.stillLead(routed) ? routed : this.#routes.of(message)
  }

  /** What is left of a send that found no room, without the queues that may be left out; undefined when it is to be refused. */
  #withoutDropped(sender: SenderAccount, routed: readonly Routed[]): readonly Routed[] | undefined {
    if (sender.closed) return undefined
    const hasRoom = ({ target, message }: Routed): boolean => this.#context.room.has(target, message)
    const kept = routed.filter((one) => !one.droppable || hasRoom(one))
    return kept.length < routed.length && kept.every(hasRoom) ? kept : undefined
  }

  // All stored copies in one transaction: after a crash between them the client's repetition would be taken for a
  // duplicate, and the other members would never get the message.
  #admitToMany(sender: SenderAccount, all: readonly Routed[], message: Message, done: Done): void {
    const { store, sequences, afterSync, arrivals } = this.#context
    if (this.#expired(message)) {
      for (const { target, message: copy } of all) this.#takeExpired(target, copy, ignore)
      return afterSync.run(done)
    }
    const { connectionId, network } = sender
    const routed = network ? this.#withoutRepeated(connectionId, all) : all
    if (routed.length === 0) return afterSync.run(done)
    let transaction: StoreTransaction | undefined
    let waits = false
    const stored: Routed[] = []
    for (const one of routed) {
      const { target, message: copy } = one
      if (target.stores(copy)) {
        transaction ??= store.begin('Brief')
        transaction.add(network ? arrivedAt(target, copy) : addedTo(target, copy))
        sender.intake.written(copy.bytes.length)
        stored.push(one)
      } else if (!this.#deliverUnstored(target, sequences.next(), copy)) waits = true
    }
    if (!transaction) return waits ? afterSync.run(done) : done()
    const first = sequences.take(stored.length)
    transaction.commit(first)
    let settled = done
    stored.forEach(({ target, message: copy }, index) => {
      if (network) settled = arrivals.note(connectionId, copy, target.destination, first + index, settled)
      target.expectStored()
    })
    this.#unsynced.written(repeatingProducer(message), message.producerSequenceId)
    afterSync.run(() => {
      this.#unsynced.synced(repeatingProducer(message))
      stored.forEach(({ target, message: copy }, index) => target.arriveStored(first + index, copy))
      settled()
    })
  }

  /** Who has it already, and who got it then without a store, does not get it again. */
  #withoutRepeated(connectionId: string, routed: readonly Routed[]): readonly Routed[] {
    const { arrivals } = this.#context
    const isKnown = ({ target, message }: Routed): boolean =>
      target.stores(message) && arrivals.find(connectionId, message, target.destination) !== undefined
    if (!routed.some(isKnown)) return routed
    return routed.filter((one) => one.target.stores(one.message) && !isKnown(one))
  }

  #mustWait(sender: SenderAccount, order: SendOrder, { target, message }: Routed): boolean {
    const { flow, room } = this.#context
    return flow.hasOthersBefore(sender, order, placeOf(target, message)) || !room.has(target, message)
  }

  /** `first` of those that it has no room for, or has to wait behind others for; it goes when there is room for `all`. */
  #holdBack(
    sender: SenderAccount,
    order: SendOrder,
    first: Routed,
    all: readonly Routed[],
    admit: () => void,
    refuse: Done,
  ): void {
    const { flow, room } = this.#context
    const { target, message } = first
    flow.holdBack({
      sender,
      order,
      bytes: message.size,
      place: placeOf(target, message),
      fits: () => all.every((one) => room.has(one.target, one.message)),
      whatIsFull: () => room.whatIsFull(target, message),
      admit,
      refuse,
    })
  }

  #expired(message: Message): boolean {
    return message.expiration > 0 && isExpired(message, this.#context.clock.nowMs())
  }

  #takeExpired(target: Target, message: Message, done: Done): void {
    target.counters.expired++
    this.#deadLetters.takeExpiredArrival(target.destination, message, done)
  }
}

/** The refusal that `body` throws. */
function refusalOf(body: () => void): RefusalError | undefined {
  try {
    body()
    return undefined
  } catch (error) {
    if (error instanceof RefusalError) return error
    throw error
  }
}

const ignore = (): void => {}
