// What is read of the tables when a store opens, but for its messages: one text of several statements, the same for each kind of
// database.
import { SqlError } from '../../sql/sql-error.ts'
import type { SqlResult, SqlRow, SqlSession } from '../../sql/database.ts'
import type { TableNames } from '../../sql/table-names.ts'
import { unknownNoLocal } from './batch-lists.ts'
import { foundSubscriptions, type AckRow, type OwnRow } from './found-subscriptions.ts'
import type { ArrivalRow, Container, LoadedTables, ProducerRow, WriterProof } from './store-tables.ts'

/** The proof is looked at in what was read: that nothing else is written afterwards is up to each write. */
export async function loadTables(session: SqlSession, names: TableNames, proof: WriterProof): Promise<LoadedTables> {
  const [lock, state, ...results] = await session.run({ text: statements(names).join('; ') })
  const [term, lastId] = state!.rows[0] ?? []
  const [holder] = lock!.rows[0] ?? []
  if (term !== proof.term || (proof.leaseHolder !== undefined && holder !== proof.leaseHolder)) throw fencedError(proof)
  return loaded(lastId as number, results)
}

/** What a write of somebody ends with who is not the owner any more. */
export const fencedError = ({ term }: WriterProof): SqlError =>
  new SqlError('Fenced', `Cannot use the tables as the owner with term ${term}: they belong to another broker by now`)

/**
 * Of messages that belong to no prepared transaction. Not as `XID IS NULL`, for which there is an index: a planner that knows little of the tables
 * takes it in place of the key, and nearly all rows are in it.
 */
export const unprepared = "COALESCE(XID, '') = ''"

/** Of all messages that are there. Producers that sent last come first. */
export const producersStatement = (names: TableNames, limit: number): string =>
  `SELECT MSGID_PROD, MAX(MSGID_SEQ), MAX(ID) AS NEWEST FROM ${names.messages} WHERE ${unprepared} AND MSGID_PROD IS NOT NULL` +
  ` GROUP BY MSGID_PROD ORDER BY NEWEST DESC LIMIT ${limit}`

export const producerRow = ([producerId, producerSequenceId, id]: SqlRow): ProducerRow => ({
  producerId: producerId as string,
  producerSequenceId: (producerSequenceId as number | null) ?? 0,
  id: id as number,
})

const statements = ({ lock, state, messages, acks, ...own }: TableNames): readonly string[] => [
  `SELECT BROKER_NAME FROM ${lock} WHERE ID = 1`,
  `SELECT TERM, LAST_ID FROM ${state} WHERE ID = 1`,
  `SELECT MAX(ID) FROM ${messages}`,
  `SELECT MAX(LAST_ACKED_ID) FROM ${acks}`,
  `SELECT CONTAINER, PRIORITY FROM ${own.queues}`,
  `SELECT CONTAINER, PRIORITY, CLIENT_ID, SUB_NAME, SUB_DEST, SELECTOR, LAST_ACKED_ID, XID FROM ${acks}`,
  `SELECT CONTAINER, PRIORITY, CLIENT_ID, SUB_NAME, NO_LOCAL, SELECTOR, ACKED FROM ${own.subscriptions}`,
  `SELECT MSGID_PROD, MSGID_SEQ, ID FROM ${own.producers} ORDER BY ID`,
  `SELECT ID, CONTAINER, PRIORITY, MSGID_PROD, MSGID_SEQ FROM ${own.arrivals} ORDER BY ID`,
  `SELECT XID FROM ${messages} WHERE XID IS NOT NULL`,
]

function loaded(lastId: number, results: readonly SqlResult[]): LoadedTables {
  const [messageIds, ackedIds, queues, acks, subscriptions, producers, arrivals, xids] = results.map(
    ({ rows }) => rows,
  ) as unknown as RowsOf8
  const prepared = xids.filter(([xid]) => isPreparedAdd(xid as string)).length
  return {
    lastId,
    largestId: Math.max(0, Number(messageIds[0]?.[0] ?? 0), Number(ackedIds[0]?.[0] ?? 0)),
    queues: queues.map(containerOfRow),
    subscriptions: foundSubscriptions(acks.map(ackRow), subscriptions.map(ownRow)),
    producers: producers.map(producerRow),
    arrivals: arrivals.map(arrivalRow),
    preparedMessages: prepared,
    preparedAcknowledgements: xids.length - prepared + acks.filter((row) => row[7] !== null).length,
  }
}

type Rows = readonly SqlRow[]
type RowsOf8 = readonly [Rows, Rows, Rows, Rows, Rows, Rows, Rows, Rows]

/** ActiveMQ: Base64 of the branch's id behind `+` for a message that was sent, `-` for one that was acknowledged. */
const isPreparedAdd = (xid: string): boolean => Buffer.from(xid.slice(0, 4), 'base64')[0] === 0x2b

const containerOfRow = ([container, priority]: SqlRow): Container => ({
  container: container as string,
  priority: priority as number,
})

const ackRow = (row: SqlRow): AckRow => ({
  ...containerOfRow(row),
  clientId: row[2] as string,
  name: row[3] as string,
  subscribedDestination: row[4] as string | null,
  selector: row[5] as string | null,
  lastAckedId: row[6] as number | null,
})

const ownRow = (row: SqlRow): OwnRow => ({
  ...containerOfRow(row),
  clientId: row[2] as string,
  name: row[3] as string,
  noLocal: row[4] === unknownNoLocal ? null : row[4] !== 0,
  selector: row[5] as string | null,
  acked: row[6] as Buffer | null,
})

const arrivalRow = ([id, container, priority, producerId, producerSequenceId]: SqlRow): ArrivalRow => ({
  id: id as number,
  container: container as string,
  priority: priority as number,
  producerId: producerId as string,
  producerSequenceId: producerSequenceId as number,
})
