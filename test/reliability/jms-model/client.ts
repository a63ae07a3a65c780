// A client of the JMS model: a connection with its consumers and one transacted session. Does what a feature's command tells it,
// and notes it in the book. After a failover it comes back under its name and sends again what was not answered.
import { encodePrimitiveMap } from '../../../broker/marshal/primitive-map.ts'
import type { Destination } from '../../../broker/message/destination.ts'
import type { Message } from '../../../broker/message/message.ts'
import { RefusalError } from '../../../broker/base/errors.ts'
import type { RegionConnection } from '../../../broker/region/region.ts'
import { testMessage } from '../../support/test-message.ts'
import { check } from '../queue-book.ts'
import { newPlace, type BookConsumer, type BookTransaction, type Copy, type Place, type Sent } from './book.ts'
import { colorOf } from './dead-letters.ts'
import type { DurableSubscription } from './durable-subscriptions.ts'
import type { JmsModel } from './model.ts'
import { reaches, topicNames, type Wish } from './universe.ts'

export interface Unanswered {
  readonly sent: Sent
  readonly real: Message
}

export interface ConsumerChoice {
  readonly asked: Destination
  readonly prefetch: number
  readonly noLocal: boolean
  readonly wish: Wish | null
}

export interface SendChoice {
  readonly destination: Destination
  readonly persistent: boolean
  readonly expiration: number
  readonly bodyBytes: number
  /** Default: 4. */
  readonly priority?: number
  readonly groupId?: string
  readonly groupSequence?: number
}

const colors = [0, 1, 2, 3].map((value) => encodePrimitiveMap(new Map([['color', { type: 'int', value }]])))

export class ModelClient {
  readonly connectionId: string
  readonly clientId: string
  readonly connection: RegionConnection
  readonly consumers: BookConsumer[] = []
  /** What is to be answered; sends keep what it takes to send them again. */
  readonly unanswered = new Map<object, Unanswered | null>()
  paused = false
  congested = false
  transaction: BookTransaction | null = null
  /** A commit is not answered: its session waits. */
  isCommitting = false
  readonly #model: JmsModel
  /** Of durable subscriptions, by consumer. */
  readonly #names = new Map<string, string>()
  #numbers: [plain: number, transacted: number] = [0, 0]
  #consumerCount = 0
  #transactionCount = 0

  constructor(model: JmsModel, connectionId: string, clientId: string, before?: ModelClient) {
    this.#model = model
    this.connectionId = connectionId
    this.clientId = clientId
    this.connection = model.world.connect(connectionId, before !== undefined, () => this.congested, clientId)
    if (!before) return
    this.#numbers = before.#numbers
    this.#consumerCount = before.#consumerCount
    this.#transactionCount = before.#transactionCount
  }

  send(choice: SendChoice): void {
    const { destination, persistent, expiration } = choice
    const number = ++this.#numbers[0]
    const real = this.#build(0, number, choice)
    this.#model.note(
      `${this.connectionId} send ${destination.kind} ${destination.name} ${real.messageId}${persistent ? ' persistent' : ''}${traits(choice)} ${expiration || ''}`,
    )
    this.#sendReal(real, this.#bookSent(real, null))
  }

  sendInTransaction(choice: SendChoice): void {
    if (this.isCommitting) return
    const real = this.#build(1, ++this.#numbers[1], { ...choice, expiration: 0 })
    const transaction = this.open()
    const { kind, name } = choice.destination
    this.#model.note(
      `${this.connectionId} send ${kind} ${name} ${real.messageId}${real.persistent ? ' persistent' : ''}${traits(choice)} in ${transaction.id}`,
    )
    const sent = this.#bookSent(real, transaction)
    transaction.sends.push(sent)
    // As a session does it: a transaction that misses one cannot be committed.
    const refused = (error: RefusalError): void => this.connection.failTransaction(transaction.id, error)
    const done = this.#model.world.done((error) => {
      if (error !== undefined) refused(new RefusalError('RESOURCE_LIMIT', error))
    }, false)
    try {
      this.connection.send(real, transaction.id, done)
    } catch (error) {
      check(error instanceof RefusalError, () => `A send in a transaction made ${String(error)}`)
      refused(error)
    }
  }

  /** After a failover: the broker must know whether it has it. */
  sendAgain({ sent, real }: Unanswered): void {
    const { world } = this.#model
    const isKnown = world.hasHad(sent.producer, sent.number)
    this.#model.note(`${this.connectionId} send again ${sent.id}, ${isKnown ? 'known' : 'unknown'}`)
    if (!isKnown) return this.#sendReal(real, this.#bookSent(real, null))
    const token = {}
    this.unanswered.set(token, null)
    const done = world.done((error) => {
      this.unanswered.delete(token)
      check(error === undefined, () => `A send that was repeated was refused: ${error}`)
    }, true)
    this.connection.send(real, null, done)
  }

  commit(): void {
    const { transaction } = this
    if (!transaction) return
    const { book, world } = this.#model
    this.#model.note(`${this.connectionId} commit ${transaction.id}`)
    const token = {}
    this.transaction = null
    this.isCommitting = true
    transaction.state = 'committing'
    book.committing.add(transaction)
    this.unanswered.set(token, null)
    const needsDisk =
      transaction.sends.some(({ persistent, copies }) => persistent && copies.some(isStored)) ||
      transaction.acknowledged.some((copy) => copy.sent.persistent && isStored(copy))
    const answered = (error: string | undefined): void => {
      this.unanswered.delete(token)
      this.isCommitting = false
      book.committing.delete(transaction)
      if (error !== undefined) return book.rollBack(transaction)
      book.apply(transaction)
      for (const copy of transaction.acknowledged) book.left(copy)
      this.#model.figures.acknowledged += transaction.acknowledged.length
      this.#model.figures.commits++
    }
    try {
      this.connection.commit(transaction.id, world.done(answered, needsDisk))
    } catch (error) {
      answered((error as Error).message)
    }
  }

  rollBack(): void {
    const { transaction } = this
    if (!transaction) return
    this.#model.note(`${this.connectionId} rollback ${transaction.id}`)
    this.transaction = null
    this.connection.rollback(transaction.id, () => {})
    this.#model.book.rollBack(transaction)
  }

  open(): BookTransaction {
    if (this.transaction) return this.transaction
    const id = `TX:${this.connectionId}:${++this.#transactionCount}`
    this.connection.begin(id)
    return (this.transaction = { id, sends: [], acknowledged: [], state: 'open' })
  }

  /** Of queues, of topics, or of both. */
  consume(choice: ConsumerChoice): void {
    const { subscribers } = this.#model
    const topics = new Map<string, Place>()
    const id = this.#nextId()
    for (const name of topicNames) {
      const topic = { kind: 'topic', name } as const
      if (reaches(choice.asked, topic)) topics.set(name, newPlace('subscriber', `${id} to ${name}`, topic))
    }
    const consumer = this.#newConsumer(id, choice, topics, false)
    this.#addConsumer(consumer, null)
    subscribers.added(consumer)
    if (this.congested) subscribers.congested(consumer)
  }

  /** Looks at what a queue has, and takes nothing. Returns its name as a consumer. */
  browse(choice: ConsumerChoice): string {
    const id = this.#nextId()
    const { name } = choice.asked
    this.#model.note(
      `${id} browses ${name}, prefetch ${choice.prefetch}${choice.wish ? `, ${choice.wish.selector}` : ''}`,
    )
    const consumer = this.#newConsumer(id, choice, new Map(), false)
    this.connection.addConsumer({ ...consumerOptions(consumer, null), browser: true })
    return id
  }

  /** As a durable subscriber; refused while there is another one. */
  subscribe(name: string, choice: ConsumerChoice): void {
    const { durables, world } = this.#model
    const known = durables.find(this.clientId, name)
    const id = this.#nextId()
    if (known?.consumer) return this.#checkRefused(id, name, choice)
    const { asked, wish, noLocal } = choice
    const subscription = durables.subscribe(this.clientId, name, { destination: asked, wish, noLocal })
    const consumer = this.#newConsumer(id, choice, subscription.places, true)
    this.#model.figures.subscriptions++
    durables.attach(subscription, consumer)
    this.#addConsumer(consumer, name)
    const key = durables.keyOf(subscription)
    const versions = durables.versions.get(key)
    this.connection.whenDurable(
      world.done(() => {
        if (durables.versions.get(key) === versions && versions?.at(-1)?.subscription === subscription)
          durables.confirm(key)
      }, true),
    )
  }

  unsubscribe(subscription: DurableSubscription): void {
    const { durables, world } = this.#model
    const { clientId, name, consumer } = subscription
    this.#model.note(`${this.connectionId} unsubscribe ${name}${consumer ? ', which is in use' : ''}`)
    let refused = false
    try {
      this.connection.removeSubscription(clientId, name)
    } catch (error) {
      check(error instanceof RefusalError, () => `Unsubscribing made ${String(error)}`)
      refused = true
    }
    check(refused === (consumer !== null), () => `Unsubscribing ${name} was ${refused ? 'refused' : 'taken'}`)
    if (refused) return
    durables.delete(subscription)
    const key = durables.keyOf(subscription)
    const versions = durables.versions.get(key)
    const length = versions?.length
    this.connection.whenDurable(
      world.done(() => {
        if (durables.versions.get(key) === versions && versions?.length === length) durables.confirm(key)
      }, true),
    )
  }

  closeConsumer(consumer: BookConsumer, seen: number | 'nothing' | 'unknown'): void {
    this.#model.note(`${consumer.id} close, last seen ${seen}`)
    const lastSeen = typeof seen === 'number' ? consumer.dispatched[seen]!.sequence : seen
    this.consumers.splice(this.consumers.indexOf(consumer), 1)
    this.#forgetConsumer(consumer)
    this.connection.removeConsumer(consumer.id, lastSeen)
    this.#returnAll(consumer, lastSeen)
  }

  close(): void {
    this.#model.note(`${this.connectionId} close`)
    this.connection.close()
    const { book, browses } = this.#model
    for (const browse of browses.values()) if (browse.client === this) browses.delete(browse.id)
    if (this.transaction) book.rollBack(this.transaction)
    this.transaction = null
    for (const consumer of this.consumers) this.#forgetConsumer(consumer)
    for (const consumer of this.consumers) this.#returnAll(consumer, 'unknown')
    this.consumers.length = 0
    this.#model.listen()
  }

  /** Goes on where it was before the failover. */
  resume(before: ModelClient): void {
    const model = this.#model
    for (const unanswered of before.unanswered.values())
      if (unanswered?.sent.persistent && !unanswered.sent.transaction) {
        this.sendAgain(unanswered)
        model.listen()
      }
    for (const { asked, noLocal, wish, prefetch, isDurable, id } of before.consumers) {
      if (!model.chance(0.8)) continue
      const choice = { asked, noLocal, wish, prefetch }
      if (isDurable) this.subscribe(before.#names.get(id)!, choice)
      else this.consume(choice)
      model.listen()
    }
  }

  setCongested(congested: boolean): void {
    if (this.congested === congested) return
    this.#model.note(`${this.connectionId} ${congested ? 'does not read' : 'reads again'}`)
    this.congested = congested
    for (const consumer of this.consumers) {
      consumer.congested = congested
      if (congested) this.#model.subscribers.congested(consumer)
    }
    if (!congested) this.connection.dispatch()
  }

  #nextId(): string {
    return `${this.connectionId}:1:${++this.#consumerCount}`
  }

  #newConsumer(
    id: string,
    { asked, prefetch, noLocal, wish }: ConsumerChoice,
    topics: ReadonlyMap<string, Place>,
    isDurable: boolean,
  ): BookConsumer {
    const { connectionId, congested } = this
    const base = { id, connectionId, asked, noLocal, wish, isDurable, topics, prefetch, congested }
    return { ...base, extension: 0, pull: null, dispatched: [] }
  }

  #addConsumer(consumer: BookConsumer, subscriptionName: string | null): void {
    const { id, asked, prefetch, noLocal, wish } = consumer
    this.#model.note(
      `${id} consumes ${asked.kind} ${asked.name}, prefetch ${prefetch}${noLocal ? ', noLocal' : ''}${wish ? `, ${wish.selector}` : ''}${subscriptionName ? `, durably as ${subscriptionName}` : ''}`,
    )
    if (subscriptionName !== null) this.#names.set(id, subscriptionName)
    this.consumers.push(consumer)
    this.#model.book.consumers.push(consumer)
    this.connection.addConsumer(consumerOptions(consumer, subscriptionName))
  }

  #checkRefused(id: string, name: string, choice: ConsumerChoice): void {
    this.#model.note(`${id} consumes durably as ${name}, which is in use`)
    const consumer = this.#newConsumer(id, choice, new Map(), true)
    try {
      this.connection.addConsumer(consumerOptions(consumer, name))
    } catch (error) {
      return check(error instanceof RefusalError, () => `A second durable consumer made ${String(error)}`)
    }
    check(false, () => `${id} is a second consumer of ${name}`)
  }

  #forgetConsumer(consumer: BookConsumer): void {
    const { book, durables } = this.#model
    book.consumers.splice(book.consumers.indexOf(consumer), 1)
    if (!consumer.isDurable) return
    const subscription = durables.find(this.clientId, this.#names.get(consumer.id)!)!
    durables.detach(subscription)
  }

  #returnAll(consumer: BookConsumer, lastSeen: number | 'nothing' | 'unknown'): void {
    const { book } = this.#model
    let isCounting = lastSeen !== 'nothing'
    for (const copy of consumer.dispatched) {
      const counts = copy.place.kind === 'durable' ? hasSeen(lastSeen, copy) : isCounting
      if (copy.sequence === lastSeen) isCounting = false
      if (copy.transaction) copy.holder = null
      else book.giveBack(copy, counts ? 1 : 0)
    }
    consumer.dispatched = []
  }

  #build(producer: 0 | 1, number: number, { bodyBytes, ...choice }: SendChoice): Message {
    return testMessage({
      ...choice,
      producerId: `${this.connectionId}:${producer + 1}:1`,
      producerSequenceId: number,
      properties: colors[colorOf(number)]!,
      body: 'x'.repeat(bodyBytes),
    })
  }

  #bookSent(real: Message, transaction: BookTransaction | null): Sent {
    const {
      messageId: id,
      producerId,
      producerSequenceId: number,
      destination,
      persistent,
      expiration,
      priority,
    } = real
    const { groupId: group, groupSequence } = real
    const { connectionId } = this
    const color = colorOf(number)
    const fields = { id, connectionId, producer: producerId, number, destination, persistent, expiration, priority }
    return this.#model.book.send({ ...fields, color, group, groupSequence, transaction }, (queue) =>
      this.#model.exists(queue),
    )
  }

  #sendReal(real: Message, sent: Sent): void {
    const token = {}
    const { book, world, figures } = this.#model
    this.unanswered.set(token, { sent, real })
    figures.sends++
    const answered = (error: string | undefined): void => {
      this.unanswered.delete(token)
      if (error === undefined) book.happened(sent)
      else book.forget(sent)
    }
    const isForQueue = sent.copies.some(({ place }) => place.kind === 'queue')
    const done = world.done(answered, real.persistent && real.expiration === 0 && isForQueue)
    try {
      this.connection.send(real, null, done)
    } catch (error) {
      check(error instanceof RefusalError, () => `A send made ${String(error)}`)
      answered(error.message)
    }
  }
}

const traits = ({ priority, groupId, groupSequence }: SendChoice): string =>
  `${priority === undefined ? '' : ` of priority ${priority}`}${groupId === undefined ? '' : ` of group ${groupId}, ${groupSequence}`}`

const isStored = ({ place, certain }: Copy): boolean => certain && place.kind !== 'subscriber'

const hasSeen = (lastSeen: number | 'nothing' | 'unknown', { sequence }: Copy): boolean =>
  lastSeen === 'unknown' || (lastSeen !== 'nothing' && sequence <= lastSeen)

const consumerOptions = (
  { id, asked, prefetch, noLocal, wish }: BookConsumer,
  subscriptionName: string | null,
): Parameters<RegionConnection['addConsumer']>[0] => ({
  consumerId: id,
  destination: asked,
  prefetchSize: prefetch,
  priority: 0,
  exclusive: false,
  noLocal,
  maximumPendingMessageLimit: 0,
  selector: wish?.selector ?? null,
  browser: false,
  subscriptionName,
})
