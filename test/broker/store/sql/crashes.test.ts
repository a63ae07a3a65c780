// Random calls of a store whose process dies between, or while batches are on their way: what the next one finds is what one moment of the
// first one's life was, and not before what it was told to be durable.
import * as fc from 'fast-check'
import { test } from '@jest/globals'
import {
  queueHolder,
  subscriptionHolder,
  topicHolder,
  type AddedMessage,
  type SubscriptionHolder,
} from '../../../../broker/store/held-message.ts'
import type { RecoveredState } from '../../../../broker/store/message-store.ts'
import type { StoreTransaction } from '../../../../broker/store/store-transaction.ts'
import { decodeAckedRanges } from '../../../../broker/store/sql/acked-ranges.ts'
import type { SqlStore } from '../../../../broker/store/sql/sql-store.ts'
import { MemoryDatabase } from '../../../support/memory-tables.ts'
import { soleOwner } from '../../../support/sole-owner.ts'
import { createSqlStore } from '../../../support/sql-stores.ts'
import { contentOf, durable, readAll } from '../../../support/store-content.ts'
import { turns } from '../../../support/turns.ts'

const numbers = { queue: fc.nat(1), subscription: fc.nat(2), nth: fc.nat(20), tx: fc.nat(1) }
const { queue, subscription, nth, tx } = numbers
const notFor = fc.nat(7)

const operations = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('add' as const), queue }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('addDispatched' as const), queue }) },
    { weight: 7, arbitrary: fc.record({ kind: fc.constant('remove' as const), queue, nth, awaited: fc.boolean() }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('update' as const), queue, nth }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('removeQueue' as const), queue }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('subscribe' as const), subscription }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('unsubscribe' as const), subscription }) },
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('publish' as const), notFor }) },
    { weight: 8, arbitrary: fc.record({ kind: fc.constant('acknowledge' as const), subscription, nth }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('addInTransaction' as const), queue, tx }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('publishInTransaction' as const), notFor, tx }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('removeInTransaction' as const), queue, nth, tx }) },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('acknowledgeInTransaction' as const), subscription, nth, tx }),
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('commit' as const, 'rollback' as const), tx }) },
    { weight: 8, arbitrary: fc.record({ kind: fc.constant('turn' as const) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait' as const) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('crash' as const) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('reopen' as const) }) },
  ),
  { minLength: 20, maxLength: 80, size: 'max' },
)

type Operation = typeof operations extends fc.Arbitrary<readonly (infer O)[]> ? O : never

/** What each has: sequence → text. */
interface State {
  readonly queues: Map<number, Map<number, string>>
  readonly subscriptions: Map<number, Map<number, string>>
}

interface OpenTransaction {
  readonly real: StoreTransaction
  /** Applied with the commit; each takes its own sequence when it adds. */
  readonly effects: ((take: () => number) => void)[]
}

const holderOf = (number: number): SubscriptionHolder => subscriptionHolder('topic', `client-${number}`, 'all')
const all = [0, 1, 2]

class Run {
  readonly #database = new MemoryDatabase()
  #store!: SqlStore
  #term = 0
  #state: State = { queues: new Map(), subscriptions: new Map() }
  /** After each call; those before `#confirmed` are not possible any more. */
  #states: string[] = []
  #confirmed = 0
  #last = 0
  #texts = 0
  readonly #transactions = new Map<number, OpenTransaction>()

  async open(): Promise<void> {
    this.#store = createSqlStore({ database: this.#database, openTables: this.#database.openTables })
    const recovered = await this.#store.open(soleOwner(++this.#term))
    const found = await this.#foundIn(recovered)
    if (this.#term === 1) this.#states = [found]
    if (!this.#states.slice(this.#confirmed).includes(found))
      throw new Error(`Found ${found}\nconfirmed ${this.#states[this.#confirmed]}\nlast ${this.#states.at(-1)}`)
    this.#state = parsed(found)
    this.#states = [found]
    this.#confirmed = 0
    this.#last = Math.max(this.#last, recovered.lastSequence)
    this.#transactions.clear()
  }

  async run(operation: Operation): Promise<void> {
    if (operation.kind === 'turn') return turns(1)
    if (operation.kind === 'wait') return durable(this.#store)
    if (operation.kind === 'crash') {
      const old = this.#store
      await this.open()
      return old.close()
    }
    if (operation.kind === 'reopen') {
      await this.#store.close()
      this.#confirmed = this.#states.length - 1
      return this.open()
    }
    this.#apply(operation)
    this.#states.push(printed(this.#state))
    const confirmed = this.#states.length - 1
    const states = this.#states
    this.#store.whenDurable(() => {
      if (states === this.#states) this.#confirmed = Math.max(this.#confirmed, confirmed)
    })
  }

  async end(): Promise<void> {
    await this.run({ kind: 'reopen' })
    await this.#store.close()
  }

  #apply(operation: Exclude<Operation, { kind: 'turn' | 'wait' | 'crash' | 'reopen' }>): void {
    if ('tx' in operation) return this.#applyTransacted(operation)
    const store = this.#store
    switch (operation.kind) {
      case 'add':
        store.add(this.#toQueue(operation.queue), ++this.#last)
        return void this.#queue(operation.queue).set(this.#last, this.#text)
      case 'addDispatched':
        store.addDispatched(this.#toQueue(operation.queue), ++this.#last, () => {})
        return void this.#queue(operation.queue).set(this.#last, this.#text)
      case 'remove': {
        const sequence = nthOf(this.#state.queues.get(operation.queue), operation.nth)
        store.remove(queueHolder(`q${operation.queue}`), sequence, operation.awaited)
        return void this.#state.queues.get(operation.queue)?.delete(sequence)
      }
      case 'update': {
        const messages = this.#state.queues.get(operation.queue)
        const sequence = nthOf(messages, operation.nth)
        store.update(this.#toQueue(operation.queue), sequence)
        if (messages?.has(sequence)) messages.set(sequence, this.#text)
        return
      }
      case 'removeQueue':
        store.removeHolder(queueHolder(`q${operation.queue}`))
        return void this.#state.queues.delete(operation.queue)
      case 'subscribe':
        store.addSubscription(holderOf(operation.subscription), { selector: null, noLocal: false })
        if (!this.#state.subscriptions.has(operation.subscription))
          this.#state.subscriptions.set(operation.subscription, new Map())
        return
      case 'unsubscribe':
        store.removeSubscription(holderOf(operation.subscription))
        return void this.#state.subscriptions.delete(operation.subscription)
      case 'publish':
        store.add(this.#toTopic(operation.notFor), ++this.#last)
        return this.#publish(operation.notFor, this.#last, this.#text)
      case 'acknowledge': {
        const messages = this.#state.subscriptions.get(operation.subscription)
        const sequence = nthOf(messages, operation.nth)
        store.remove(holderOf(operation.subscription), sequence)
        return void messages?.delete(sequence)
      }
    }
  }

  #applyTransacted(operation: Extract<Operation, { tx: number }>): void {
    const { real, effects } = this.#transaction(operation.tx)
    switch (operation.kind) {
      case 'addInTransaction': {
        real.add(this.#toQueue(operation.queue))
        const text = this.#text
        return void effects.push((take) => this.#queue(operation.queue).set(take(), text))
      }
      case 'publishInTransaction': {
        const isKept = this.#state.subscriptions.size > 0
        const unwanting = new Set(all.filter((one) => (operation.notFor & (1 << one)) !== 0))
        real.add(this.#toTopic(operation.notFor))
        const text = this.#text
        return void effects.push((take) => {
          const sequence = take()
          if (!isKept) return
          for (const [number, messages] of this.#state.subscriptions)
            if (!unwanting.has(number)) messages.set(sequence, text)
        })
      }
      case 'removeInTransaction': {
        const messages = this.#state.queues.get(operation.queue)
        const sequence = nthOf(messages, operation.nth)
        real.remove(queueHolder(`q${operation.queue}`), sequence)
        return void effects.push(() => this.#state.queues.get(operation.queue)?.delete(sequence))
      }
      case 'acknowledgeInTransaction': {
        const sequence = nthOf(this.#state.subscriptions.get(operation.subscription), operation.nth)
        real.remove(holderOf(operation.subscription), sequence)
        return void effects.push(() => this.#state.subscriptions.get(operation.subscription)?.delete(sequence))
      }
      case 'rollback':
        this.#transactions.delete(operation.tx)
        return real.rollback()
      case 'commit':
        this.#transactions.delete(operation.tx)
        real.commit(this.#last + 1)
        for (const effect of effects) effect(() => ++this.#last)
    }
  }

  #transaction(number: number): OpenTransaction {
    let open = this.#transactions.get(number)
    if (!open) this.#transactions.set(number, (open = { real: this.#store.begin(), effects: [] }))
    return open
  }

  get #text(): string {
    return `text ${this.#texts}`
  }

  #queue(number: number): Map<number, string> {
    const { queues } = this.#state
    if (!queues.has(number)) queues.set(number, new Map())
    return queues.get(number)!
  }

  #toQueue(number: number): AddedMessage {
    this.#texts++
    const producer = { producerId: `ID:q${number}`, producerSequenceId: this.#texts }
    return { holder: queueHolder(`q${number}`), bytes: Buffer.from(this.#text), ...producer }
  }

  #toTopic(unwanted: number): AddedMessage {
    this.#texts++
    return {
      holder: topicHolder('topic'),
      bytes: Buffer.from(this.#text),
      producerId: 'ID:topic',
      producerSequenceId: this.#texts,
      notFor: all.filter((one) => (unwanted & (1 << one)) !== 0).map(holderOf),
    }
  }

  #publish(unwanted: number, sequence: number, text: string): void {
    for (const [number, messages] of this.#state.subscriptions)
      if ((unwanted & (1 << number)) === 0) messages.set(sequence, text)
  }

  async #foundIn({ queues, subscriptions }: RecoveredState): Promise<string> {
    const found: State = { queues: new Map(), subscriptions: new Map() }
    const store = this.#store
    for (const { name, ...counted } of queues)
      found.queues.set(Number(name.slice(1)), contentFrom(await contentOf(store, name), counted))
    for (const { clientId, ...counted } of subscriptions) {
      const number = Number(clientId.at(-1))
      found.subscriptions.set(number, contentFrom(await readAll(store, holderOf(number)), counted))
    }
    const distinct = new Set([...found.subscriptions.values()].flatMap((messages) => [...messages.keys()]))
    const expected = [...found.queues.values()].reduce((sum, { size }) => sum + size, distinct.size)
    const { messages } = store.statistics()
    if (messages !== expected) throw new Error(`The store has ${messages} messages, of which ${expected} are wanted`)
    this.#checkHandedBack(distinct)
    return printed(found)
  }

  /** ActiveMQ goes on behind the largest id: no subscription may have acknowledged that above its mark. */
  #checkHandedBack(wanted: ReadonlySet<number>): void {
    const { messages, subscriptions } = this.#database.rows
    const marks = [...subscriptions.values()].map(({ lastAckedId }) => lastAckedId)
    const largest = Math.max(0, ...messages.keys(), ...marks)
    const extra = [...messages.values()].filter(({ id, container }) => container === 'topic://topic' && !wanted.has(id))
    if (extra.length > 1) throw new Error(`Rows that nobody wants: ${extra.map(({ id }) => id).join()}`)
    for (const { clientId, acked } of subscriptions.values())
      for (const { upTo } of decodeAckedRanges(acked))
        if (upTo > largest) throw new Error(`${clientId} has acknowledged ${upTo}, behind ${largest}`)
  }
}

function contentFrom(
  lines: readonly string[],
  { messageCount, messageBytes }: { readonly messageCount: number; readonly messageBytes: number },
): Map<number, string> {
  const content = new Map(
    lines.map((line) => [Number(line.slice(0, line.indexOf(':'))), line.slice(line.indexOf(':') + 1)]),
  )
  const bytes = [...content.values()].reduce((sum, { length }) => sum + length, 0)
  if (content.size !== messageCount || bytes !== messageBytes)
    throw new Error(`Said ${messageCount} messages, ${messageBytes} bytes; read ${content.size}, ${bytes}`)
  return content
}

function nthOf(messages: ReadonlyMap<number, string> | undefined, number: number): number {
  const sequences = [...(messages?.keys() ?? [])]
  return sequences[number % Math.max(1, sequences.length)] ?? 999_999
}

const printed = ({ queues, subscriptions }: State): string =>
  JSON.stringify(
    [queues, subscriptions].map((one) =>
      [...one].sort(([a], [b]) => a - b).map(([number, messages]) => [number, [...messages].sort(([a], [b]) => a - b)]),
    ),
  )

function parsed(text: string): State {
  const [queues, subscriptions] = (JSON.parse(text) as [number, [number, string][]][][]).map(
    (one) => new Map(one.map(([number, messages]) => [number, new Map(messages)])),
  )
  return { queues: queues!, subscriptions: subscriptions! }
}

test('what is found after a crash was there once, with all that was confirmed', async () => {
  await fc.assert(
    fc.asyncProperty(operations, async (all) => {
      const run = new Run()
      await run.open()
      for (const operation of all) await run.run(operation)
      await run.end()
    }),
    { numRuns: 200 },
  )
})
