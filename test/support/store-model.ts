// A model of a journal store under crashes: operations are put into a log, one entry for each record that the store writes,
// and with each the state that the store has when the log ends there. After a crash the store must be in one of the states
// from the last acknowledged entry on.
import * as fc from 'fast-check'
import type { SimulatedDisk } from './simulated-disk.ts'
import type { JournalStore } from '../../broker/store/journal/journal-store.ts'
import type { RecoveredState } from '../../broker/store/message-store.ts'
import { contentOf } from './store-content.ts'
import { turns } from './turns.ts'
import { queueHolder } from '../../broker/store/held-message.ts'
import type { StoreTransaction } from '../../broker/store/store-transaction.ts'

type Change =
  | { readonly kind: 'add'; readonly queue: number; readonly size: number }
  | { readonly kind: 'remove'; readonly queue: number; readonly nth: number }
  | { readonly kind: 'addInTransaction'; readonly queue: number; readonly size: number; readonly tx: number }
  | { readonly kind: 'removeInTransaction'; readonly queue: number; readonly nth: number; readonly tx: number }
  | { readonly kind: 'commit' | 'rollback'; readonly tx: number }
  | { readonly kind: 'removeQueue'; readonly queue: number }

export type Operation = Change | { readonly kind: 'settle' | 'reclaim' | 'turn' }

const queue = fc.nat(2)
const tx = fc.nat(1)
const nth = fc.nat(30)
const size = fc.oneof({ arbitrary: fc.integer({ min: 0, max: 400 }), weight: 9 }, fc.constant(6000))

export const operations = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.record({ kind: fc.constant('add' as const), queue, size }) },
    { weight: 7, arbitrary: fc.record({ kind: fc.constant('remove' as const), queue, nth }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('addInTransaction' as const), queue, size, tx }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('removeInTransaction' as const), queue, nth, tx }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('commit' as const, 'rollback' as const), tx }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('removeQueue' as const), queue }) },
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constantFrom('settle' as const, 'reclaim' as const, 'turn' as const) }),
    },
  ),
  { minLength: 20, maxLength: 60, size: 'max' },
)

interface ModelState {
  /** queue → sequence → text of the message. */
  readonly queues: Map<string, Map<number, string>>
  readonly producers: Map<string, number>
  lastSequence: number
}

interface ModelTransaction {
  readonly real: StoreTransaction
  readonly adds: { readonly queue: string; readonly text: string; readonly producerSequenceId: number }[]
  readonly removes: { readonly queue: string; readonly sequence: number }[]
  /** One without any leaves nothing in the journal. */
  records: number
}

const producerOf = (queue: string): string => `ID:${queue}:1:1:1`
const textOf = (number: number, size: number): string => `${number}-`.padEnd(size, String(number % 10))

export class StoreModel {
  #state: ModelState = { queues: new Map(), producers: new Map(), lastSequence: 0 }
  #transactions = new Map<number, ModelTransaction>()
  #messages = 0
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
    }
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

  #addInTransaction(store: JournalStore, tx: number, queue: string, size: number): void {
    const producerSequenceId = ++this.#messages
    const text = textOf(producerSequenceId, size)
    const producerId = producerOf(queue)
    const transaction = this.#transaction(store, tx)
    transaction.real.add({ holder: queueHolder(queue), bytes: Buffer.from(text), producerId, producerSequenceId })
    this.#addQueue(queue)
    transaction.adds.push({ queue, text, producerSequenceId })
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
    open.adds.forEach(({ queue, text, producerSequenceId }, index) =>
      this.#place(queue, first + index, text, producerSequenceId),
    )
    for (const { queue, sequence } of open.removes) this.#state.queues.get(queue)?.delete(sequence)
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
    if ([...this.#transactions.values()].some(({ adds }) => adds.some((add) => add.queue === queue)))
      this.#addQueue(queue)
  }

  #addQueue(queue: string): void {
    if (this.#state.queues.has(queue)) return
    this.#state.queues.set(queue, new Map())
    this.#note()
  }

  #place(queue: string, sequence: number, text: string, producerSequenceId: number): void {
    this.#state.queues.get(queue)?.set(sequence, text)
    this.#state.lastSequence = sequence
    const producer = producerOf(queue)
    this.#state.producers.set(producer, Math.max(this.#state.producers.get(producer) ?? 0, producerSequenceId))
  }

  #transaction(store: JournalStore, tx: number): ModelTransaction {
    let open = this.#transactions.get(tx)
    if (!open) this.#transactions.set(tx, (open = { real: store.begin(), adds: [], removes: [], records: 0 }))
    return open
  }

  #nth(queue: string, nth: number): number {
    const sequences = [...(this.#state.queues.get(queue)?.keys() ?? [])]
    return sequences[nth % Math.max(1, sequences.length)] ?? 999_999
  }

  #note(): void {
    this.#states.push(this.#print())
  }

  #print(): string {
    return printState(this.#state)
  }

  async #printStore(store: JournalStore, { queues, lastSequence }: RecoveredState): Promise<string> {
    const state: ModelState = { queues: new Map(), producers: new Map(), lastSequence }
    for (const { name, messageCount, messageBytes } of queues) {
      const content = (await contentOf(store, name)).map((line) => {
        const colon = line.indexOf(':')
        return [Number(line.slice(0, colon)), line.slice(colon + 1)] as const
      })
      const bytes = content.reduce((total, [, text]) => total + text.length, 0)
      if (content.length !== messageCount || bytes !== messageBytes)
        throw new Error(
          `Queue ${name} said ${messageCount} messages, ${messageBytes} bytes; read ${content.length}, ${bytes}`,
        )
      state.queues.set(name, new Map(content))
    }
    for (const queue of ['queue-0', 'queue-1', 'queue-2']) {
      const sequence = store.lastProducerSequence(producerOf(queue))
      if (sequence !== undefined) state.producers.set(producerOf(queue), sequence)
    }
    return printState(state)
  }
}

interface PrintedState {
  readonly lastSequence: number
  readonly producers: [string, number][]
  readonly queues: [string, [number, string][]][]
}

const printState = ({ queues, producers, lastSequence }: ModelState): string => {
  const printed: PrintedState = {
    lastSequence,
    producers: [...producers].sort(byName),
    queues: [...queues].map(([name, messages]): [string, [number, string][]] => [name, [...messages]]).sort(byName),
  }
  return JSON.stringify(printed)
}

const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : 1)

const parseState = (text: string): ModelState => {
  const { lastSequence, producers, queues } = JSON.parse(text) as PrintedState
  return {
    lastSequence,
    producers: new Map(producers),
    queues: new Map(queues.map(([name, messages]) => [name, new Map(messages)])),
  }
}
