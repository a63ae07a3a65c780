// A client of the queue model: chooses what to do by chance, does it, and notes it in the book. After a failover it comes back
// under its name, sends again what was not answered, and repeats its open transaction.
import { RefusalError } from '../../broker/base/errors.ts'
import type { Message } from '../../broker/message/message.ts'
import type { RegionConnection } from '../../broker/region/region.ts'
import type { AcknowledgementTypeName } from '../../broker/openwire/acknowledgement-types.ts'
import { acknowledgementNamed } from '../support/acknowledgement.ts'
import { testMessage } from '../support/test-message.ts'
import { check, wishes, type BookConsumer, type BookMessage, type BookTransaction } from './queue-book.ts'
import type { QueueModel } from './queue-model.ts'
import { deadLetterQueue } from './queue-world.ts'

interface Unanswered {
  readonly message: BookMessage
  readonly real: Message
}

interface OpenTransaction extends BookTransaction {
  readonly real: Message[]
}

const acknowledgementTypes: readonly AcknowledgementTypeName[] = [
  'standard',
  'standard',
  'standard',
  'standard',
  'individual',
  'individual',
  'delivered',
  'redelivered',
  'unmatched',
  'poison',
  'expired',
]

export class ModelClient {
  readonly connectionId: string
  /** What is to be answered; sends keep what it takes to send them again. */
  readonly unanswered = new Map<object, Unanswered | null>()
  paused = false
  #congested = false
  readonly #model: QueueModel
  readonly #connection: RegionConnection
  #numbers: [plain: number, transacted: number] = [0, 0]
  #consumerCount = 0
  #transactionCount = 0
  #transaction: OpenTransaction | null = null
  /** A commit is not answered: its session waits. */
  #committing = false
  #consumers: BookConsumer[] = []

  constructor(model: QueueModel, connectionId: string, failoverReconnect: boolean, before?: ModelClient) {
    this.#model = model
    this.connectionId = connectionId
    this.#connection = model.world.connect(connectionId, failoverReconnect, () => this.#congested)
    if (!before) return
    this.#numbers = before.#numbers
    this.#consumerCount = before.#consumerCount
    this.#transactionCount = before.#transactionCount
  }

  command(name: string): void {
    switch (name) {
      case 'send':
        return this.#send()
      case 'transact':
        return this.#sendInTransaction()
      case 'acknowledge':
        return this.#acknowledge()
      case 'end':
        return this.#end()
      case 'consume':
        return this.#consume()
      case 'closeConsumer':
        return this.#closeConsumer()
      case 'pull':
        return this.#pull()
      case 'prefetch':
        return this.#setPrefetch()
      case 'congest':
      case 'relieve':
        return this.#congest(name === 'congest')
      case 'wrong':
        return this.#acknowledgeWrongly()
    }
  }

  close(): void {
    this.#model.note(`${this.connectionId} close`)
    this.#connection.close()
    const { book } = this.#model
    if (this.#transaction) this.#rollBack(this.#transaction)
    for (const consumer of this.#consumers) {
      book.removeConsumer(consumer)
      this.#returnAll(consumer, consumer.dispatched.length)
    }
    this.#consumers = []
    this.#model.listen()
  }

  /** Goes on where it was before the failover. */
  resume(before: ModelClient): void {
    const model = this.#model
    for (const consumer of before.#consumers) {
      if (model.chance(0.8)) this.#addConsumer(consumer)
      model.listen()
    }
    for (const unanswered of before.unanswered.values()) {
      if (!unanswered || !unanswered.message.persistent || unanswered.message.state === 'transacted') continue
      this.#sendAgain(unanswered)
      model.listen()
    }
    const open = before.#transaction
    if (!open || open.state !== 'open' || open.real.length === 0 || model.chance(0.3)) return
    for (const real of open.real) this.#transactReal(real)
  }

  /** Takes all of a queue, whatever is in it. */
  drain(queue: string): void {
    this.#addConsumer({ queue, priority: 0, exclusive: false, noLocal: false, wish: null, prefetch: 1000 })
  }

  takeAll(consumer: BookConsumer): void {
    if (consumer.dispatched.length > 0)
      this.#acknowledgeRange(consumer, 'standard', 0, consumer.dispatched.length - 1, null)
  }

  #send(): void {
    const model = this.#model
    const real = this.#message(0, model.chance(0.6), model.chance(0.12))
    model.note(
      `${this.connectionId} send ${real.destination.name} ${real.messageId} ${real.persistent ? 'persistent' : ''} ${real.expiration || ''}`,
    )
    this.#sendReal(real, this.#book(real, 'sending'))
  }

  #sendReal(real: Message, message: BookMessage): void {
    const token = {}
    this.unanswered.set(token, { message, real })
    this.#model.figures.sends++
    const { book } = this.#model
    const done = this.#model.world.done((error) => {
      this.unanswered.delete(token)
      if (error === undefined) {
        message.durable = true
        if (message.state === 'sending') book.arrive(message)
        // It expired before its answer: its dead letter may be on its way.
        else if (message.state === 'leaving') message.arrived = true
      } else {
        check(message.state === 'sending', () => `A send was refused that had happened: ${message.id}: ${error}`)
        book.forget(message)
      }
    }, message.persistent)
    this.#connection.send(real, null, done)
    if (this.#model.world.region.memory().blockedConnections === 0) message.turn = book.nextTurn()
  }

  /** The broker must know whether it has it. */
  #sendAgain({ message, real }: Unanswered): void {
    const model = this.#model
    const { book } = model
    const known = book.queues.get(message.queue)!.get(message.id)
    const letter = book.queues.get(deadLetterQueue)!.get(message.id)
    model.note(`${this.connectionId} send again ${message.id}, ${known ? 'known' : 'unknown'}`)
    if (!known && !letter && !this.#wasTaken(message)) return this.#sendReal(real, this.#book(real, 'sending'))
    const token = {}
    this.unanswered.set(token, known ? { message: known, real } : null)
    const done = model.world.done((error) => {
      this.unanswered.delete(token)
      check(error === undefined, () => `A send that was repeated was refused: ${error}`)
    }, true)
    this.#connection.send(real, null, done)
  }

  /** A consumer has taken it. If nobody knows for sure that this was durable, the broker may have forgotten it all. */
  #wasTaken({ state, gone, producer, number }: BookMessage): boolean {
    return state === 'leaving' && (gone || this.#model.world.hasHad(producer, number))
  }

  #sendInTransaction(): void {
    const model = this.#model
    if (this.#committing) return
    this.#transactReal(this.#message(1, model.chance(0.7), model.chance(0.05)))
  }

  #transactReal(real: Message): void {
    const model = this.#model
    const transaction = this.#open()
    model.note(
      `${this.connectionId} send ${real.destination.name} ${real.messageId} ${real.persistent ? 'persistent' : ''} in ${transaction.id}`,
    )
    // One that had expired is not part of the transaction; the model does not go there.
    if (real.expiration > 0 && real.expiration <= model.world.clock.nowMs()) return
    let refused: string | undefined
    const done = model.world.done((error) => void (refused = error), false)
    try {
      this.#connection.send(real, transaction.id, done)
    } catch (error) {
      refused = (error as Error).message
    }
    if (refused !== undefined) return
    transaction.sends.push(this.#book(real, 'transacted'))
    transaction.real.push(real)
  }

  #book(real: Message, state: 'sending' | 'transacted'): BookMessage {
    const {
      destination,
      messageId: id,
      producerId: producer,
      producerSequenceId: number,
      persistent,
      expiration,
      size,
      bytes,
    } = real
    return this.#model.book.add({
      queue: destination.name,
      id,
      producer,
      number,
      persistent,
      expiration,
      size,
      bytes,
      state,
    })
  }

  #message(producer: 0 | 1, persistent: boolean, expiring: boolean): Message {
    const model = this.#model
    const size = model.chance(0.9) ? model.below(60) : model.below(persistent ? 9000 : 60_000)
    return testMessage({
      destination: { kind: 'queue', name: model.chance(0.8) ? 'Q' : 'R' },
      producerId: `${this.connectionId}:${producer + 1}:1`,
      producerSequenceId: ++this.#numbers[producer],
      persistent,
      expiration: expiring
        ? model.world.clock.nowMs() + (producer === 0 ? model.pick([-5, 1, 150, 1500]) : model.pick([150, 1500]))
        : 0,
      body: 'x'.repeat(size),
    })
  }

  #acknowledge(): void {
    const model = this.#model
    const holding = this.#consumers.filter(({ dispatched }) => dispatched.length > 0)
    if (holding.length === 0) return
    const consumer = model.pick(holding)
    const type = model.pick(acknowledgementTypes)
    const { length } = consumer.dispatched
    const last = model.chance(0.3) ? length - 1 : model.below(length)
    const first = type === 'individual' ? last : model.chance(0.7) ? 0 : model.below(last + 1)
    const transacted = (type === 'standard' || type === 'individual') && !this.#committing && model.chance(0.4)
    this.#acknowledgeRange(consumer, type, first, last, transacted ? this.#open() : null)
  }

  #acknowledgeRange(
    consumer: BookConsumer,
    type: AcknowledgementTypeName,
    first: number,
    last: number,
    transaction: OpenTransaction | null,
  ): void {
    const model = this.#model
    const range = consumer.dispatched.slice(first, last + 1)
    const removes = type === 'standard' || type === 'individual'
    // Without an answer it may come again after a crash, until everything is at rest.
    const awaited = transaction !== null || !removes || model.chance(0.5)
    const references = model.chance(0.7)
    const reference = (message: BookMessage) => ({ messageId: message.id, sequence: references ? message.sequence : 0 })
    model.note(
      `${consumer.id} ${type} ${first}..${last} of ${consumer.dispatched.length}${transaction ? ` in ${transaction.id}` : awaited ? '' : ', no answer'}`,
    )
    const token = {}
    const taken: BookMessage[] = []
    this.unanswered.set(token, null)
    const done = model.world.done(
      (error) => {
        this.unanswered.delete(token)
        check(error === undefined, () => `An acknowledgement was refused: ${error}`)
        if (awaited) for (const message of taken) model.book.left(message)
        model.figures.acknowledged += taken.length
      },
      !transaction && awaited && removes && range.some(({ persistent }) => persistent),
    )
    // Deliveries that it makes possible are told after it has taken effect.
    const acknowledgement = acknowledgementNamed(type, {
      consumerId: consumer.id,
      transactionId: transaction?.id ?? null,
      first: first === 0 || type === 'individual' ? null : reference(range[0]!),
      last: reference(range.at(-1)!),
      messageCount: range.length,
      cause: type === 'poison' ? 'wrong' : null,
      responseRequired: awaited,
    })
    if (acknowledgement) this.#connection.acknowledge(acknowledgement, done)
    else done()
    if (type === 'delivered') consumer.extension += consumer.prefetch > 0 ? range.length : 0
    if (type === 'delivered' || type === 'redelivered' || type === 'unmatched') return
    if (transaction && type === 'individual' && consumer.prefetch > 0) consumer.extension++
    for (const message of range) {
      if (message.transaction) continue
      if (transaction) {
        message.transaction = transaction
        transaction.acknowledged.push(message)
        continue
      }
      model.book.drop(consumer, message)
      model.book.leave(message, type === 'poison' || type === 'expired')
      taken.push(message)
    }
  }

  /** What clients do after a failover, or when they are broken: refused, or without effect, and nothing else changes. */
  #acknowledgeWrongly(): void {
    const model = this.#model
    const consumer = this.#consumers.length > 0 ? model.pick(this.#consumers) : undefined
    if (!consumer) return
    model.note(`${consumer.id} acknowledges what it does not have`)
    const last = { messageId: 'ID:nobody:1:1:1', sequence: 0 }
    const type = model.pick<AcknowledgementTypeName>(['standard', 'individual', 'poison'])
    try {
      this.#connection.acknowledge(acknowledgementNamed(type, { consumerId: consumer.id, last })!, () => {})
    } catch (error) {
      check(error instanceof RefusalError, () => `A wrong acknowledgement made ${String(error)}`)
    }
  }

  #end(): void {
    const model = this.#model
    const transaction = this.#transaction
    if (!transaction) return
    const spoil = model.chance(0.05)
    if (spoil) this.#connection.failTransaction(transaction.id, new RefusalError('INVALID_REQUEST', 'spoilt'))
    if (!model.chance(0.75)) {
      model.note(`${this.connectionId} rollback ${transaction.id}`)
      this.#connection.rollback(transaction.id, () => {})
      return this.#rollBack(transaction)
    }
    model.note(`${this.connectionId} commit ${transaction.id}${spoil ? ', spoilt' : ''}`)
    this.#commit(transaction)
  }

  #commit(transaction: OpenTransaction): void {
    const { book, world } = this.#model
    const token = {}
    this.#transaction = null
    this.#committing = true
    transaction.state = 'committing'
    book.committing.push(transaction)
    this.unanswered.set(token, null)
    const needsDisk = [...transaction.sends, ...transaction.acknowledged].some(({ persistent }) => persistent)
    const answered = (error: string | undefined): void => {
      this.unanswered.delete(token)
      this.#committing = false
      book.committing.splice(book.committing.indexOf(transaction), 1)
      if (error !== undefined) return this.#rollBack(transaction)
      book.apply(transaction)
      for (const message of transaction.acknowledged) book.left(message)
      this.#model.figures.acknowledged += transaction.acknowledged.length
    }
    try {
      this.#connection.commit(transaction.id, world.done(answered, needsDisk))
    } catch (error) {
      answered((error as Error).message)
    }
  }

  #rollBack(transaction: OpenTransaction): void {
    if (this.#transaction === transaction) this.#transaction = null
    this.#model.book.rollBack(transaction)
  }

  #consume(): void {
    const model = this.#model
    if (model.book.consumers.length >= 8) return this.#closeConsumer()
    const noLocal = model.chance(0.03)
    this.#addConsumer({
      queue: model.pick(['Q', 'Q', 'Q', 'R', deadLetterQueue]),
      priority: model.pick([0, 0, 0, 5, 127]),
      exclusive: model.chance(0.1),
      noLocal,
      wish: model.chance(0.15) ? model.pick(wishes) : null,
      prefetch: model.pick([0, 1, 2, 5, 30]),
    })
  }

  #addConsumer(
    options: Pick<BookConsumer, 'queue' | 'priority' | 'exclusive' | 'noLocal' | 'wish' | 'prefetch'>,
  ): void {
    const { queue, priority, exclusive, noLocal, wish, prefetch } = options
    const id = `${this.connectionId}:1:${++this.#consumerCount}`
    this.#model.note(
      `${id} consumes ${queue}, prefetch ${prefetch}, priority ${priority}${exclusive ? ', exclusive' : ''}${noLocal ? ', noLocal' : ''}${wish ? `, ${wish.selector}` : ''}`,
    )
    const consumer: BookConsumer = {
      id,
      connectionId: this.connectionId,
      queue,
      priority,
      exclusive,
      noLocal,
      wish,
      prefetch,
      extension: 0,
      pull: null,
      congested: this.#congested,
      dispatched: [],
    }
    this.#consumers.push(consumer)
    this.#model.book.addConsumer(consumer)
    this.#connection.addConsumer({
      consumerId: id,
      destination: { kind: 'queue', name: queue },
      prefetchSize: prefetch,
      priority,
      exclusive,
      noLocal,
      maximumPendingMessageLimit: 0,
      selector: wish?.selector ?? null,
      browser: false,
      subscriptionName: null,
    })
  }

  #closeConsumer(): void {
    const model = this.#model
    if (this.#consumers.length === 0) return
    const consumer = model.pick(this.#consumers)
    const { dispatched } = consumer
    const at = model.below(dispatched.length + 2)
    const counted = at < dispatched.length ? at + 1 : at === dispatched.length ? 0 : dispatched.length
    const lastSeen = dispatched[at]?.sequence ?? (at === dispatched.length ? 'nothing' : 'unknown')
    model.note(`${consumer.id} close, last seen ${lastSeen}`)
    this.#consumers.splice(this.#consumers.indexOf(consumer), 1)
    model.book.removeConsumer(consumer)
    this.#connection.removeConsumer(consumer.id, lastSeen)
    this.#returnAll(consumer, counted)
  }

  #returnAll(consumer: BookConsumer, counted: number): void {
    consumer.dispatched.forEach((message, index) => {
      if (message.transaction) message.holder = null
      else this.#model.book.giveBack(message, index < counted ? 1 : 0)
    })
    consumer.dispatched = []
  }

  #pull(): void {
    const model = this.#model
    const pulling = this.#consumers.filter(({ prefetch }) => prefetch === 0)
    if (pulling.length === 0) return
    const consumer = model.pick(pulling)
    const timeoutMs = model.pick([-1, 0, 50, 500])
    model.note(`${consumer.id} pull ${timeoutMs}`)
    consumer.pull = { timeoutMs, dueMs: model.world.clock.nowMs() + timeoutMs }
    this.#connection.pull(consumer.id, timeoutMs)
  }

  #setPrefetch(): void {
    const model = this.#model
    if (this.#consumers.length === 0) return
    const consumer = model.pick(this.#consumers)
    const prefetch = model.pick([0, 1, 3, 10])
    model.note(`${consumer.id} prefetch ${prefetch}`)
    consumer.prefetch = prefetch
    if (prefetch > 0) consumer.pull = null
    else consumer.extension = 0
    this.#connection.setPrefetch(consumer.id, prefetch)
  }

  #congest(congested: boolean): void {
    if (this.#congested === congested) return
    this.#model.note(`${this.connectionId} ${congested ? 'does not read' : 'reads again'}`)
    this.#congested = congested
    for (const consumer of this.#consumers) consumer.congested = congested
    if (!congested) this.#connection.dispatch()
  }

  #open(): OpenTransaction {
    if (this.#transaction) return this.#transaction
    const id = `TX:${this.connectionId}:${++this.#transactionCount}`
    this.#connection.begin(id)
    return (this.#transaction = { id, sends: [], acknowledged: [], real: [], state: 'open' })
  }
}
