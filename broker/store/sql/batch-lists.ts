// What a batch writes, as lists of rows with columns: the same for each kind of database, whose statements are made of them.
import { isMarkerContainer } from './containers.ts'
import type { Sequence } from '../held-message.ts'
import type {
  ArrivalRow,
  Container,
  MessageRow,
  ProducerRow,
  ProgressRow,
  SubscriptionKey,
  SubscriptionRow,
  WriteBatch,
} from './store-tables.ts'
import { selectorColumn } from './stored-texts.ts'

export type ColumnType = 'bigint' | 'text' | 'bytea'

export interface Column {
  readonly name: string
  readonly type: ColumnType
  /** number, string or Buffer, as the type is; or null. */
  readonly of: (row: never) => unknown
}

export interface List {
  readonly rows: (batch: WriteBatch) => readonly unknown[]
  readonly columns: readonly Column[]
}

type UpdatedRow = WriteBatch['updatedMessages'][number]

interface ColumnOf<R> {
  readonly name: string
  readonly type: ColumnType
  readonly of: (row: R) => unknown
}

/** So that rows and columns fit each other. */
const list = <R>(rows: (batch: WriteBatch) => readonly R[], columns: readonly ColumnOf<R>[]): List => ({
  rows,
  columns,
})

/** Longs come from clients; a number that is no safe integer stands for one that is near the end of what there is. */
const long =
  <R>(of: (row: R) => number) =>
  (row: R): number =>
    Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, of(row)))

const itself = <R>(row: R): R => row

const container: readonly ColumnOf<Container>[] = [
  { name: 'CONTAINER', type: 'text', of: (row) => row.container },
  { name: 'PRIORITY', type: 'bigint', of: (row) => row.priority },
]

const subscription: readonly ColumnOf<SubscriptionKey>[] = [
  ...container,
  { name: 'CLIENT_ID', type: 'text', of: (row) => row.clientId },
  { name: 'SUB_NAME', type: 'text', of: (row) => row.name },
]

const id: readonly ColumnOf<{ readonly id: number }>[] = [{ name: 'ID', type: 'bigint', of: (row) => row.id }]
const ids: readonly ColumnOf<number>[] = [{ name: 'ID', type: 'bigint', of: itself }]

const blob: readonly ColumnOf<{ readonly blob: Buffer }>[] = [{ name: 'MSG', type: 'bytea', of: (row) => row.blob }]

const producer: readonly ColumnOf<{ readonly producerId: string; readonly producerSequenceId: number }>[] = [
  { name: 'MSGID_PROD', type: 'text', of: (row) => row.producerId },
  { name: 'MSGID_SEQ', type: 'bigint', of: long((row) => row.producerSequenceId) },
]

const lastAcked: ColumnOf<ProgressRow> = { name: 'LAST_ACKED_ID', type: 'bigint', of: (row) => row.lastAckedId }
const acked: ColumnOf<ProgressRow> = { name: 'ACKED', type: 'bytea', of: (row) => row.acked }

/** In the order in which they are written. Named for what is done; the key columns of those that change rows come first. */
/** In the column NO_LOCAL. */
export const unknownNoLocal = -1

export const batchLists = {
  addMessages: list<MessageRow>(
    (batch) => batch.addedMessages,
    [
      ...id,
      ...container,
      ...producer,
      { name: 'EXPIRATION', type: 'bigint', of: long((row) => row.expiration) },
      ...blob,
    ],
  ),
  updateMessages: list<UpdatedRow>((batch) => batch.updatedMessages, [...id, ...blob]),
  removeMessages: list<Sequence>((batch) => batch.removedMessages, ids),
  addQueues: list<Container>((batch) => batch.addedQueues, container),
  removeQueues: list<Container>((batch) => batch.removedQueues, container),
  /** ActiveMQ's rows; ours follow. */
  addAcks: list<SubscriptionRow>(
    (batch) => batch.addedSubscriptions.filter((row) => !isMarkerContainer(row.container)),
    [
      ...subscription,
      { name: 'SUB_DEST', type: 'text', of: (row) => row.subscribedDestination },
      { name: 'SELECTOR', type: 'text', of: (row) => selectorColumn(row.selector) },
      lastAcked,
    ],
  ),
  addSubscriptions: list<SubscriptionRow>(
    (batch) => batch.addedSubscriptions,
    [
      ...subscription,
      { name: 'NO_LOCAL', type: 'bigint', of: (row) => (row.noLocal === null ? unknownNoLocal : Number(row.noLocal)) },
      { name: 'SELECTOR', type: 'text', of: (row) => row.selector },
      acked,
    ],
  ),
  removeAcks: list<SubscriptionKey>((batch) => batch.removedSubscriptions, subscription),
  removeSubscriptions: list<SubscriptionKey>((batch) => batch.removedSubscriptions, subscription),
  moveAcks: list<ProgressRow>((batch) => batch.progress, [...subscription, lastAcked]),
  setRanges: list<ProgressRow>((batch) => batch.progress.filter((row) => row.acked !== null), [...subscription, acked]),
  clearRanges: list<ProgressRow>((batch) => batch.progress.filter((row) => row.acked === null), subscription),
  setProducers: list<ProducerRow>((batch) => batch.producers, [...producer, ...id]),
  forgetProducers: list<string>(
    (batch) => batch.forgottenProducers,
    [{ name: 'MSGID_PROD', type: 'text', of: itself }],
  ),
  addArrivals: list<ArrivalRow>((batch) => batch.addedArrivals, [...id, ...container, ...producer]),
  removeArrivals: list<Sequence>((batch) => batch.removedArrivals, ids),
} as const satisfies Record<string, List>

export type ListName = keyof typeof batchLists

export const listNames = Object.keys(batchLists) as readonly ListName[]

export const rowsOfBatch = (batch: WriteBatch): number =>
  listNames.reduce((rows, name) => rows + batchLists[name].rows(batch).length, 0)

/** A batch that says that and nothing else. */
export const onlyLastId = (lastId: Sequence): WriteBatch => ({
  lastId,
  addedMessages: [],
  updatedMessages: [],
  removedMessages: [],
  addedQueues: [],
  removedQueues: [],
  addedSubscriptions: [],
  removedSubscriptions: [],
  progress: [],
  producers: [],
  forgottenProducers: [],
  addedArrivals: [],
  removedArrivals: [],
})
