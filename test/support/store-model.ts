// A model of a journal store under crashes: operations are put into a log, one entry for each record that the store writes,
// and with each the state that the store has when the log ends there. After a crash the store must be in one of the states
// from the last acknowledged entry on.
import * as fc from 'fast-check'
import type { SimulatedDisk } from './simulated-disk.ts'
import type { JournalStore } from '../../broker/store/journal/journal-store.ts'
import type { RecoveredState } from '../../broker/store/message-store.ts'
import { contentOf, readAll } from './store-content.ts'
import { turns } from './turns.ts'
import {
  queueHolder,
  subscriptionHolder,
  topicHolder,
  type AddedMessage,
  type SubscriptionHolder,
  type SubscriptionTerms,
} from '../../broker/store/held-message.ts'
import type { StoreTransaction } from '../../broker/store/store-transaction.ts'

type Change =
  | { readonly kind: 'add'; readonly queue: number; readonly size: number }
  | { readonly kind: 'remove'; readonly queue: number; readonly nth: number }
  | { readonly kind: 'update'; readonly queue: number; readonly nth: number; readonly size: number }
  | { readonly kind: 'addInTransaction'; readonly queue: number; readonly size: number; readonly tx: number }
  | { readonly kind: 'removeInTransaction'; readonly queue: number; readonly nth: number; readonly tx: number }
  | { readonly kind: 'commit' | 'rollback'; readonly tx: number }
  | { readonly kind: 'removeQueue'; readonly queue: number }
  | { readonly kind: 'subscribe' | 'unsubscribe'; readonly subscription: number }
  | { readonly kind: 'addToTopic'; readonly topic: number; readonly size: number; readonly notFor: number }
  | { readonly kind: 'acknowledge'; readonly subscription: number; readonly nth: number }
  | {
      readonly kind: 'addToTopicInTransaction'
      readonly topic: number
      readonly size: number
      readonly notFor: number
      readonly tx: number
    }
  | {
      readonly kind: 'acknowledgeInTransaction'
      readonly subscription: number
      readonly nth: number
      readonly tx: number
    }

export type Operation = Change | { readonly kind: 'settle' | 'reclaim' | 'turn' }

const queue = fc.nat(2)
const topic = fc.nat(1)
const subscription = fc.nat(3)
/** A bit for each subscription; mostly all want it. */
const notFor = fc.oneof({ arbitrary: fc.constant(0), weight: 2 }, fc.nat(15))
const tx = fc.nat(1)
const nth = fc.nat(30)
const size = fc.oneof({ arbitrary: fc.integer({ min: 0, max: 400 }), weight: 9 }, fc.constant(6000))

export const operations = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.record({ kind: fc.constant('add' as const), queue, size }) },
    { weight: 7, arbitrary: fc.record({ kind: fc.constant('remove' as const), queue, nth }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('update' as const), queue, nth, size }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('addInTransaction' as const), queue, size, tx }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('removeInTransaction' as const), queue, nth, tx }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('commit' as const, 'rollback' as const), tx }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('removeQueue' as const), queue }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('subscribe' as const), subscription }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('unsubscribe' as const), subscription }) },
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('addToTopic' as const), topic, size, notFor }) },
    { weight: 9, arbitrary: fc.record({ kind: fc.constant('acknowledge' as const), subscription, nth }) },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('addToTopicInTransaction' as const), topic, size, notFor, tx }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant('acknowledgeInTransaction' as const), subscription, nth, tx }),
    },
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constantFrom('settle' as const, 'reclaim' as const, 'turn' as const) }),
    },
  ),
  { minLength: 20, maxLength: 90, size: 'max' },
)

interface ModelState {
  /** queue → sequence → text of the message. */
  readonly queues: Map<string, Map<number, string>>
  /** number of the subscription → the same. */
  readonly subscriptions: Map<number, Map<number, string>>
  readonly producers: Map<string, number>
  lastSequence: number
}

interface ModelTransaction {
  readonly real: StoreTransaction
  readonly adds: ModelAdd[]
  readonly removes: { readonly queue: string; readonly sequence: number }[]
  readonly acknowledgements: { readonly subscription: Map<number, string>; readonly sequence: number }[]
  /** One without any leaves nothing in the journal. */
  records: number
}

interface ModelAdd {
  readonly text: string
  readonly producerSequenceId: number
  /** Its name, or for a topic its number and who does not want it; null for a topic without subscriptions. */
  readonly to: string | { readonly topic: number; readonly notFor: ReadonlySet<Map<number, string>> } | null
}

const topicName = (topic: number): string => `topic-${topic}`
/** Even ones are of one topic, odd ones of the other. */
const holderOf = (subscription: number): SubscriptionHolder =>
  subscriptionHolder(topicName(subscription % 2), `client-${subscription}`, 'all')
const termsOf = (subscription: number): SubscriptionTerms => ({
  selector: subscription === 3 ? 'a = 1' : null,
  noLocal: subscription === 1,
})
const allSubscriptions = [0, 1, 2, 3]

const producerOf = (queue: string): string => `ID:${queue}:1:1:1`
const textOf = (number: number, size: number): string => `${number}-`.padEnd(size, String(number % 10))

export class StoreModel {
  #state: ModelState = { queues: new Map(), subscriptions: new Map(), producers: new Map(), lastSequence: 0 }
  #transactions = new Map<number, ModelTransaction>()
  #messages = 0
  #updates = 0
  /** states[n]: after the first n records. */
  #states: string[] = [this.#print()]
  #acknowledged = 0

  get acknowledged(): number {
    return this.#acknowledged
  }

  get issued(): number {
    return this.#states.length - 1
  }

  /** Carries the operation out on the store and notes what it means. */
  async run(operation: Operation, store: JournalStore, disk: SimulatedDisk): Promise<void> {
    if (operation.kind === 'settle') return this.settle(store, disk)
    if (operation.kind === 'turn') return turns(2)
    if (operation.kind === 'reclaim') {
      await this.settle(store, disk)
      return turns(30)
    }
    this.#apply(operation as Change, store)
    const issued = this.issued
    store.whenDurable(() => (this.#acknowledged = Math.max(this.#acknowledged, issued)))
  }

  /** Until everything is durable, or the disk is dead, or the store has failed. */
  async settle(store: JournalStore, disk: SimulatedDisk): Promise<void> {
    const settled = { done: false }
    store.whenDurable(() => (settled.done = true))
    for (let turn = 0; turn < 50 && !settled.done && !disk.crashed; turn++) await turns(1)
  }

  /** Throws unless `recovered` is one of the states that are allowed; goes on from there. */
  async check(store: JournalStore, recovered: RecoveredState): Promise<void> {
    const found = await this.#printStore(store, recovered)
    const allowed = this.#states.slice(this.#acknowledged)
    if (!allowed.includes(found))
      throw new Error(
        `Recovered a state that never was.\nfound:    ${found}\nacknowledged: ${allowed[0]}\nissued:   ${allowed.at(-1)}`,
      )
    this.#state = parseState(found)
    this.#transactions.clear()
    this.#states = [found]
    this.#acknowledged = 0
  }

  #apply(operation: Change, store: JournalStore): void {
    const queue = `queue-${'queue' in operation ? operation.queue : 0}`
    switch (operation.kind) {
      case 'add':
        return this.#add(store, queue, operation.size)
      case 'remove': {
        const sequence = this.#nth(queue, operation.nth)
        store.remove(queueHolder(queue), sequence)
        if (this.#state.queues.get(queue)?.delete(sequence)) this.#note()
        return
      }
      case 'update':
        return this.#update(store, queue, operation.nth, operation.size)
      case 'addInTransaction':
        return this.#addInTransaction(store, operation.tx, queue, operation.size)
      case 'removeInTransaction': {
        const sequence = this.#nth(queue, operation.nth)
        const transaction = this.#transaction(store, operation.tx)
        transaction.real.remove(queueHolder(queue), sequence)
        if (!this.#state.queues.get(queue)?.has(sequence)) return
        transaction.removes.push({ queue, sequence })
        transaction.records++
        return this.#note()
      }
      case 'commit':
        return this.#commit(operation.tx)
      case 'rollback':
        return this.#rollback(operation.tx)
      case 'removeQueue':
        return this.#removeQueue(store, queue)
      case 'subscribe':
        store.addSubscription(holderOf(operation.subscription), termsOf(operation.subscription))
        if (this.#state.subscriptions.has(operation.subscription)) return
        this.#state.subscriptions.set(operation.subscription, new Map())
        return this.#note()
      case 'unsubscribe':
        store.removeSubscription(holderOf(operation.subscription))
        if (this.#state.subscriptions.delete(operation.subscription)) this.#note()
        return
      case 'addToTopic':
        return this.#addToTopic(store, operation.topic, operation.size, operation.notFor)
      case 'acknowledge': {
        const { subscription } = operation
        const sequence = nthOf(this.#state.subscriptions.get(subscription), operation.nth)
        store.remove(holderOf(subscription), sequence)
        if (this.#state.subscriptions.get(subscription)?.delete(sequence)) this.#note()
        return
      }
      case 'addToTopicInTransaction':
        return this.#addToTopicInTransaction(store, operation.tx, operation)
      case 'acknowledgeInTransaction':
        return this.#acknowledgeInTransaction(store, operation.tx, operation.subscription, operation.nth)
    }
  }

  #addToTopic(store: JournalStore, topic: number, size: number, notFor: number): void {
    const number = ++this.#messages
    const text = textOf(number, size)
    const sequence = this.#state.lastSequence + 1
    store.add(messageForTopic(topic, text, number, notFor), sequence)
    // A topic without subscriptions keeps nothing.
    if (!this.#isKept(topic)) return
    this.#placeInTopic(topic, sequence, text, number, this.#contentsOf(notFor))
    this.#state.lastSequence = sequence
    this.#note()
  }

  #isKept(topic: number): boolean {
    return allSubscriptions.some((one) => one % 2 === topic && this.#state.subscriptions.has(one))
  }

  #addToTopicInTransaction(
    store: JournalStore,
    tx: number,
    { topic, size, notFor }: { readonly topic: number; readonly size: number; readonly notFor: number },
  ): void {
    const producerSequenceId = ++this.#messages
    const text = textOf(producerSequenceId, size)
    const transaction = this.#transaction(store, tx)
    transaction.real.add(messageForTopic(topic, text, producerSequenceId, notFor))
    const of = new Set(this.#contentsOf(notFor))
    transaction.adds.push({ to: this.#isKept(topic) ? { topic, notFor: of } : null, text, producerSequenceId })
    // Also where there is no record of it there is one of its transaction.
    transaction.records++
    this.#note()
  }

  #acknowledgeInTransaction(store: JournalStore, tx: number, number: number, nth: number): void {
    const subscription = this.#state.subscriptions.get(number)
    const sequence = nthOf(subscription, nth)
    const transaction = this.#transaction(store, tx)
    transaction.real.remove(holderOf(number), sequence)
    if (!subscription?.has(sequence)) return
    transaction.acknowledgements.push({ subscription, sequence })
    transaction.records++
    this.#note()
  }

  /** What those have that a message is not for. */
  #contentsOf(notFor: number): Set<Map<number, string>> {
    const found = allSubscriptions.filter((one) => (notFor & (1 << one)) !== 0)
    return new Set(found.flatMap((one) => this.#state.subscriptions.get(one) ?? []))
  }

  #placeInTopic(
    topic: number,
    sequence: number,
    text: string,
    producerSequenceId: number,
    notFor: ReadonlySet<Map<number, string>>,
  ): void {
    for (const [number, content] of this.#state.subscriptions)
      if (number % 2 === topic && !notFor.has(content)) content.set(sequence, text)
    this.#noteProducer(topicName(topic), producerSequenceId)
  }

  #add(store: JournalStore, queue: string, size: number): void {
    const number = ++this.#messages
    const text = textOf(number, size)
    const sequence = this.#state.lastSequence + 1
    store.add(
      {
        holder: queueHolder(queue),
        bytes: Buffer.from(text),
        producerId: producerOf(queue),
        producerSequenceId: number,
      },
      sequence,
    )
    this.#addQueue(queue)
    this.#place(queue, sequence, text, number)
    this.#note()
  }

  #update(store: JournalStore, queue: string, nth: number, size: number): void {
    const text = textOf(1_000_000 + ++this.#updates, size)
    const sequence = this.#nth(queue, nth)
    const changed = { bytes: Buffer.from(text), producerId: producerOf(queue), producerSequenceId: 0 }
    store.update({ holder: queueHolder(queue), ...changed }, sequence)
    const messages = this.#state.queues.get(queue)
    if (!messages?.has(sequence)) return
    messages.set(sequence, text)
    this.#note()
  }

  #addInTransaction(store: JournalStore, tx: number, queue: string, size: number): void {
    const producerSequenceId = ++this.#messages
    const text = textOf(producerSequenceId, size)
    const producerId = producerOf(queue)
    const transaction = this.#transaction(store, tx)
    transaction.real.add({ holder: queueHolder(queue), bytes: Buffer.from(text), producerId, producerSequenceId })
    this.#addQueue(queue)
    transaction.adds.push({ to: queue, text, producerSequenceId })
    transaction.records++
    this.#note()
  }

  #commit(tx: number): void {
    const first = this.#state.lastSequence + 1
    const open = this.#transactions.get(tx)
    if (!open) return
    this.#transactions.delete(tx)
    open.real.commit(first)
    if (open.records === 0) return
    open.adds.forEach(({ to, text, producerSequenceId }, index) => {
      if (typeof to === 'string') this.#place(to, first + index, text, producerSequenceId)
      else if (to) this.#placeInTopic(to.topic, first + index, text, producerSequenceId, to.notFor)
    })
    this.#state.lastSequence = first + open.adds.length - 1
    for (const { queue, sequence } of open.removes) this.#state.queues.get(queue)?.delete(sequence)
    for (const { subscription, sequence } of open.acknowledgements) subscription.delete(sequence)
    this.#note()
  }

  #rollback(tx: number): void {
    const open = this.#transactions.get(tx)
    if (!open) return
    this.#transactions.delete(tx)
    open.real.rollback()
    if (open.records > 0) this.#note()
  }

  #removeQueue(store: JournalStore, queue: string): void {
    store.removeHolder(queueHolder(queue))
    if (!this.#state.queues.delete(queue)) return
    this.#note()
    if ([...this.#transactions.values()].some(({ adds }) => adds.some(({ to }) => to === queue))) this.#addQueue(queue)
  }

  #addQueue(queue: string): void {
    if (this.#state.queues.has(queue)) return
    this.#state.queues.set(queue, new Map())
    this.#note()
  }

  #place(queue: string, sequence: number, text: string, producerSequenceId: number): void {
    this.#state.queues.get(queue)?.set(sequence, text)
    this.#state.lastSequence = sequence
    this.#noteProducer(queue, producerSequenceId)
  }

  #noteProducer(of: string, producerSequenceId: number): void {
    const producer = producerOf(of)
    this.#state.producers.set(producer, Math.max(this.#state.producers.get(producer) ?? 0, producerSequenceId))
  }

  #transaction(store: JournalStore, tx: number): ModelTransaction {
    let open = this.#transactions.get(tx)
    if (!open)
      this.#transactions.set(
        tx,
        (open = { real: store.begin(), adds: [], removes: [], acknowledgements: [], records: 0 }),
      )
    return open
  }

  #nth(queue: string, nth: number): number {
    return nthOf(this.#state.queues.get(queue), nth)
  }

  #note(): void {
    this.#states.push(this.#print())
  }

  #print(): string {
    return printState(this.#state)
  }

  async #printStore(store: JournalStore, { queues, subscriptions, lastSequence }: RecoveredState): Promise<string> {
    const state: ModelState = { queues: new Map(), subscriptions: new Map(), producers: new Map(), lastSequence }
    for (const { name, messageCount, messageBytes } of queues) {
      const content = (await contentOf(store, name)).map(parseLine)
      const bytes = content.reduce((total, [, text]) => total + text.length, 0)
      if (content.length !== messageCount || bytes !== messageBytes)
        throw new Error(
          `Queue ${name} said ${messageCount} messages, ${messageBytes} bytes; read ${content.length}, ${bytes}`,
        )
      state.queues.set(name, new Map(content))
    }
    for (const { topic, clientId, name, selector, noLocal, ...counted } of subscriptions) {
      const number = Number(clientId.at(-1))
      const terms = termsOf(number)
      if (holderOf(number).key !== subscriptionHolder(topic, clientId, name).key) throw new Error(`Unknown ${clientId}`)
      if (selector !== terms.selector || noLocal !== terms.noLocal) throw new Error(`Wrong terms of ${clientId}`)
      const content = (await readAll(store, holderOf(number))).map(parseLine)
      const bytes = content.reduce((total, [, text]) => total + text.length, 0)
      if (content.length !== counted.messageCount || bytes !== counted.messageBytes)
        throw new Error(`${clientId} said ${JSON.stringify(counted)}; read ${content.length}, ${bytes}`)
      state.subscriptions.set(number, new Map(content))
    }
    const distinct = new Set([...state.subscriptions.values()].flatMap((content) => [...content.keys()]))
    const expected = [...state.queues.values()].reduce((sum, { size }) => sum + size, distinct.size)
    if (store.statistics().messages !== expected)
      throw new Error(`The store has ${store.statistics().messages} messages, of which ${expected} are wanted`)
    for (const queue of ['queue-0', 'queue-1', 'queue-2', 'topic-0', 'topic-1']) {
      const sequence = store.lastProducerSequence(producerOf(queue))
      if (sequence !== undefined) state.producers.set(producerOf(queue), sequence)
    }
    return printState(state)
  }
}

const messageForTopic = (topic: number, text: string, producerSequenceId: number, notFor: number): AddedMessage => ({
  holder: topicHolder(topicName(topic)),
  bytes: Buffer.from(text),
  producerId: producerOf(topicName(topic)),
  producerSequenceId,
  notFor: allSubscriptions.filter((one) => one % 2 === topic && (notFor & (1 << one)) !== 0).map(holderOf),
})

function nthOf(messages: ReadonlyMap<number, string> | undefined, nth: number): number {
  const sequences = [...(messages?.keys() ?? [])]
  return sequences[nth % Math.max(1, sequences.length)] ?? 999_999
}

const parseLine = (line: string): readonly [number, string] => {
  const colon = line.indexOf(':')
  return [Number(line.slice(0, colon)), line.slice(colon + 1)]
}

interface PrintedState {
  readonly lastSequence: number
  readonly producers: [string, number][]
  readonly queues: [string, [number, string][]][]
  readonly subscriptions: [number, [number, string][]][]
}

const printState = ({ queues, subscriptions, producers, lastSequence }: ModelState): string => {
  const printed: PrintedState = {
    lastSequence,
    producers: [...producers].sort(byName),
    queues: [...queues].map(([name, messages]): [string, [number, string][]] => [name, [...messages]]).sort(byName),
    subscriptions: [...subscriptions]
      .map(([number, messages]): [number, [number, string][]] => [number, [...messages]])
      .sort(([a], [b]) => a - b),
  }
  return JSON.stringify(printed)
}

const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : 1)

const parseState = (text: string): ModelState => {
  const { lastSequence, producers, queues, subscriptions } = JSON.parse(text) as PrintedState
  return {
    lastSequence,
    producers: new Map(producers),
    queues: new Map(queues.map(([name, messages]) => [name, new Map(messages)])),
    subscriptions: new Map(subscriptions.map(([number, messages]) => [number, new Map(messages)])),
  }
}
