// A database in memory, exact in what the SQL store asks of its tables, and with the faults that one may have: for tests of the store
// that want to hold a batch, to fail it, or to look at what was written.
import type { Database, SqlSession } from '../../broker/sql/database.ts'
import { SqlError, type SqlErrorKind } from '../../broker/sql/sql-error.ts'
import { isMarkerContainer } from '../../broker/store/sql/containers.ts'
import type { OpenTables } from '../../broker/store/sql/open-tables.ts'
import type {
  ArrivalRow,
  Container,
  MessageRow,
  ProducerRow,
  StoreTables,
  SubscriptionKey,
  SubscriptionRow,
  WriteBatch,
  WriterProof,
} from '../../broker/store/sql/store-tables.ts'

interface Rows {
  lastId: number
  readonly messages: Map<number, MessageRow>
  readonly queues: Map<string, Container>
  readonly subscriptions: Map<string, SubscriptionRow>
  readonly producers: Map<string, ProducerRow>
  readonly arrivals: Map<number, ArrivalRow>
}

interface FakeSession extends SqlSession {
  readonly purpose: string
}

export class MemoryDatabase implements Database {
  readonly kind = 'postgresql'
  readonly place = 'memory'
  readonly rows: Rows = {
    lastId: 0,
    messages: new Map(),
    queues: new Map(),
    subscriptions: new Map(),
    producers: new Map(),
    arrivals: new Map(),
  }
  /** What was asked to be written, whatever came of it. */
  readonly written: WriteBatch[] = []
  /** Ids of each read. */
  readonly reads: (readonly number[])[] = []
  /** What the next writes come to, instead of being done. */
  readonly faults: SqlErrorKind[] = []
  term = 0
  preparedMessages = 0
  /** How many sessions were made. */
  connections = 0
  largestBlob = 2 ** 20
  readonly largestBatch = 2 ** 20
  /** Set: writes wait for it. */
  held: Promise<void> | undefined
  readonly #sessions = new Map<string, (error: SqlError) => void>()

  async connect({ applicationName }: { readonly applicationName: string }): Promise<SqlSession> {
    const lost = Promise.withResolvers<SqlError>()
    const purpose = applicationName.slice(applicationName.lastIndexOf('/') + 1)
    this.connections++
    this.#sessions.set(purpose, lost.resolve)
    const session: FakeSession = {
      purpose,
      kind: this.kind,
      run: ({ text }) =>
        text === 'SELECT 1'
          ? Promise.resolve([])
          : Promise.reject(new SqlError('Invalid', 'This database knows no SQL')),
      lost: lost.promise,
      close: async () => void this.#sessions.delete(purpose),
    }
    return session
  }

  get sessions(): string[] {
    return [...this.#sessions.keys()]
  }

  lose(purpose: string): void {
    this.#sessions.get(purpose)?.(new SqlError('Unreachable', `The connection for ${purpose} is gone`))
  }

  /** Writes wait until the returned function is called. */
  hold(): () => void {
    const held = Promise.withResolvers<void>()
    this.held = held.promise
    return () => {
      this.held = undefined
      held.resolve()
    }
  }

  readonly openTables: OpenTables = () => this.#tables()

  #tables(): StoreTables {
    const { rows } = this
    return {
      largestBlob: this.largestBlob,
      largestBatch: this.largestBatch,
      load: async (proof) => {
        this.#prove(proof, true)
        const largestId = Math.max(
          0,
          ...rows.messages.keys(),
          ...[...rows.subscriptions.values()].map(({ lastAckedId }) => lastAckedId),
        )
        return {
          lastId: rows.lastId,
          largestId,
          queues: [...rows.queues.values()],
          subscriptions: [...rows.subscriptions.values()],
          producers: [...rows.producers.values()],
          arrivals: [...rows.arrivals.values()].sort((a, b) => a.id - b.id),
          preparedMessages: this.preparedMessages,
          preparedAcknowledgements: 0,
        }
      },
      scan: async (visit) => {
        const ascending = [...rows.messages.values()].sort((a, b) => a.id - b.id)
        for (let first = 0; first < ascending.length; first += 3)
          visit(
            ascending
              .slice(first, first + 3)
              .map(({ id, container, priority, blob }) => ({ id, container, priority, bytes: blob.length })),
          )
      },
      producersOfMessages: async (limit) => producersOf([...rows.messages.values()]).slice(-limit),
      write: (batch, proof) => this.#write(batch, proof),
      read: async (ids) => {
        this.reads.push(ids)
        return ids.flatMap((id) => {
          const found = rows.messages.get(id)
          return found ? [{ id, blob: found.blob }] : []
        })
      },
    }
  }

  async #write(batch: WriteBatch, proof: WriterProof): Promise<void> {
    this.written.push(batch)
    // As a round trip: never within the call.
    await new Promise((resolve) => setImmediate(resolve))
    await this.held
    const fault = this.faults.shift()
    if (fault !== undefined) throw new SqlError(fault, `A fault of the kind ${fault}`)
    this.#prove(proof, false)
    checkLists(batch)
    this.#apply(batch)
  }

  #prove({ term }: WriterProof, isNew: boolean): void {
    if (term < this.term || (!isNew && term !== this.term))
      throw new SqlError('Fenced', `Term ${term} is not ${this.term}`)
    this.term = term
  }

  #apply(batch: WriteBatch): void {
    const { rows } = this
    rows.lastId = batch.lastId
    for (const row of batch.addedMessages) insert(rows.messages, row.id, row)
    for (const { id, blob } of batch.updatedMessages) {
      const found = rows.messages.get(id)
      if (found) rows.messages.set(id, { ...found, blob })
    }
    for (const id of batch.removedMessages) rows.messages.delete(id)
    for (const row of batch.addedQueues) rows.queues.set(containerKey(row), row)
    for (const row of batch.removedQueues) rows.queues.delete(containerKey(row))
    for (const row of batch.addedSubscriptions) insert(rows.subscriptions, subscriptionKey(row), row)
    for (const row of batch.removedSubscriptions) rows.subscriptions.delete(subscriptionKey(row))
    for (const row of batch.progress) {
      const found = rows.subscriptions.get(subscriptionKey(row))
      if (found) rows.subscriptions.set(subscriptionKey(row), { ...found, ...row })
    }
    for (const row of batch.producers) rows.producers.set(row.producerId, row)
    for (const id of batch.forgottenProducers) rows.producers.delete(id)
    for (const row of batch.addedArrivals) insert(rows.arrivals, row.id, row)
    for (const id of batch.removedArrivals) rows.arrivals.delete(id)
  }
}

/** No row is in two lists, and none twice in one. */
function checkLists(batch: WriteBatch): void {
  const lists: string[][] = [
    [
      ...batch.addedMessages.map(({ id }) => `${id}`),
      ...batch.updatedMessages.map(({ id }) => `${id}`),
      ...batch.removedMessages.map((id) => `${id}`),
    ],
    [...batch.addedQueues, ...batch.removedQueues].map(containerKey),
    [...batch.addedSubscriptions, ...batch.removedSubscriptions, ...batch.progress].map(subscriptionKey),
    [...batch.producers.map(({ producerId }) => producerId), ...batch.forgottenProducers],
    [...batch.addedArrivals.map(({ id }) => `${id}`), ...batch.removedArrivals.map((id) => `${id}`)],
  ]
  for (const list of lists)
    if (new Set(list).size !== list.length) throw new SqlError('Invalid', `A row is twice in a batch: ${list.join()}`)
  const columns = [
    ...batch.addedMessages.flatMap(({ container, producerId }) => [container, producerId]),
    ...batch.producers.map(({ producerId }) => producerId),
    ...batch.addedQueues.map(({ container }) => container),
    ...batch.addedSubscriptions.flatMap(({ container, clientId, name }) =>
      isMarkerContainer(container) ? [] : [container, clientId, name],
    ),
  ]
  for (const text of columns)
    if (text.length > 250 || text.includes('\u0000')) throw new SqlError('Invalid', `No column takes ${text}`)
}

function insert<K, R>(rows: Map<K, R>, key: K, row: R): void {
  if (rows.has(key)) throw new SqlError('Duplicate', `There is a row ${String(key)} already`)
  rows.set(key, row)
}

function producersOf(messages: readonly MessageRow[]): ProducerRow[] {
  const found = new Map<string, ProducerRow>()
  for (const { id, producerId, producerSequenceId } of messages.toSorted((a, b) => a.id - b.id)) {
    const known = found.get(producerId)?.producerSequenceId ?? producerSequenceId
    found.set(producerId, { id, producerId, producerSequenceId: Math.max(known, producerSequenceId) })
  }
  return [...found.values()].sort((a, b) => a.id - b.id)
}

const containerKey = ({ container, priority }: Container): string => `${priority} ${container}`

const subscriptionKey = ({ clientId, name, ...row }: SubscriptionKey): string =>
  JSON.stringify([containerKey(row), clientId, name])
