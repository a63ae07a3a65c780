// A real ActiveMQ fills a database and is killed; ours takes it over, delivers what ActiveMQ itself would have delivered, byte for byte as a Java
// client sees it, and writes more; ActiveMQ takes that over again. Branches of distributed transactions that ActiveMQ had prepared are left
// alone, and ActiveMQ commits them in the end.
import type { TestDatabase } from '../../support/databases.ts'
import { startActivemq, startOurs, type JdbcBroker } from './brokers.ts'
import type { Check } from './check.ts'
import { runClient } from './jdbc-client.ts'
import { copyOf, query, type Row } from './sql.ts'

export interface Written {
  /** Of ActiveMQ's program, besides what each has. */
  readonly settings: readonly string[]
  /** Of the program that takes over again. */
  readonly settingsAfterwards: readonly string[]
  /** Leaves prepared branches; of an older form those could not be read by the program that takes over again. */
  readonly prepares: boolean
  /** Durable subscribers of topics that go by priority: ActiveMQ's own tables on PostgreSQL have no room for them. */
  readonly durableByPriority: boolean
}

export async function takeover(database: TestDatabase, written: Written, check: Check): Promise<void> {
  const activemq = (on: TestDatabase): Promise<JdbcBroker> => startActivemq(on, 'lease', written.settings)
  const ours = (on: TestDatabase): Promise<JdbcBroker> => startOurs(on, 'lease')
  const client = (url: string, ...commands: string[]): Promise<readonly string[]> => runClient(url, commands, written)

  await whileItRuns(activemq(database), 'kill', ({ url }) =>
    client(url, 'write 0', ...(written.prepares ? ['prepare 0'] : [])),
  )
  const prepared = await preparedRows(database)
  const wanted = await onCopy(database, activemq, ({ url }) => client(url, 'drain'))

  await whileItRuns(ours(database), 'stop', async (broker) => {
    if (written.prepares)
      await check('ours tells of the prepared branches', async () => toldOfPrepared(broker, prepared))
    await check('ours delivers what ActiveMQ would have', async () => same(wanted, await client(broker.url, 'drain')))
    await check('ours leaves the prepared branches alone', async () => sameRows(prepared, await preparedRows(database)))
    await check('ours removes everything else', async () => onlyPreparedIsLeft(database))
    await client(broker.url, 'write 200')
  })
  const ourOwn = await onCopy(database, ours, ({ url }) => client(url, 'drain'))
  // What ours wrote has the form of version 11 always.
  await whileItRuns(startActivemq(database, 'lease', written.settingsAfterwards), 'stop', async ({ url }) => {
    if (written.prepares)
      await check('ActiveMQ commits the branches that it had prepared', async () =>
        allCommitted(await client(url, 'commit')),
      )
    await check('ActiveMQ takes it over again, and delivers what ours would have', async () => {
      const drained = await client(url, 'drain')
      if (written.prepares && !drained.some((line) => line.startsWith('got J.XA 94 ')))
        throw new Error('the prepared message did not come')
      return same(unaltered(ourOwn), unaltered(drained))
    })
  })
}

function allCommitted(lines: readonly string[]): void {
  const committed = lines.filter((line) => line.startsWith('committed '))
  if (committed.length !== 3) throw new Error(`committed: ${committed.join(', ')}`)
}

/** Starts, waits until it is active, and ends it that way. */
async function whileItRuns<T>(
  starting: Promise<JdbcBroker>,
  end: 'stop' | 'kill',
  body: (broker: JdbcBroker) => Promise<T>,
): Promise<T> {
  const broker = await starting
  try {
    await broker.started()
    const result = await body(broker)
    await broker[end]()
    return result
  } catch (error) {
    const words = broker.lastWords()
    await broker.kill()
    throw new Error(`${String(error)}\n${words}`, { cause: error })
  }
}

async function onCopy<T>(
  database: TestDatabase,
  start: (on: TestDatabase) => Promise<JdbcBroker>,
  body: (broker: JdbcBroker) => Promise<T>,
): Promise<T> {
  const copy = await copyOf(database)
  try {
    return await whileItRuns(start(copy), 'kill', body)
  } finally {
    await copy.drop()
  }
}

const preparedRows = async (database: TestDatabase): Promise<readonly Row[]> => [
  ...(await query(database, 'SELECT * FROM ACTIVEMQ_MSGS WHERE XID IS NOT NULL ORDER BY ID')),
  ...(await query(
    database,
    'SELECT CONTAINER, CLIENT_ID, SUB_NAME, PRIORITY, XID FROM ACTIVEMQ_ACKS WHERE XID IS NOT NULL',
  )),
]

function toldOfPrepared(broker: JdbcBroker, prepared: readonly Row[]): void {
  if (prepared.length !== 4) throw new Error(`${prepared.length} rows of prepared branches, not 4`)
  if (!/prepared/i.test(broker.lastWords())) throw new Error(`nothing in its log: ${broker.lastWords()}`)
}

function sameRows(wanted: readonly Row[], got: readonly Row[]): void {
  if (JSON.stringify(got) !== JSON.stringify(wanted))
    throw new Error(`rows are now ${JSON.stringify(got).slice(0, 500)}`)
}

/** What a client has acknowledged without waiting for an answer is removed a little later. */
const removedWithinMs = 5000

async function onlyPreparedIsLeft(database: TestDatabase): Promise<void> {
  const deadline = performance.now() + removedWithinMs
  for (;;) {
    const left = await query(database, 'SELECT ID, CONTAINER FROM ACTIVEMQ_MSGS WHERE XID IS NULL ORDER BY ID')
    if (left.length === 0) return
    if (performance.now() > deadline) throw new Error(`left: ${JSON.stringify(left).slice(0, 500)}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/**
 * But for what is acknowledged out of order, for which ActiveMQ has no column: it delivers some of that again. And but for the messages of branches,
 * which were not committed before.
 */
const unaltered = (lines: readonly string[]): string[] =>
  lines.filter((line) => !/^got (client-c:individually|\S+ 9[45]) /.test(line))

/** A subscription to several topics gets them in any order among each other. */
function same(wanted: readonly string[], got: readonly string[]): string {
  const [one, other] = [comparable(wanted), comparable(got)]
  if (one.length < 20) throw new Error(`only ${one.length} messages`)
  const at = one.findIndex((line, index) => line !== other[index])
  if (at >= 0 || other.length > one.length) {
    const place = at >= 0 ? at : one.length
    throw new Error(
      `message ${place} of ${one.length}: wanted ${shortened(one[place])}, got ${shortened(other[place])}`,
    )
  }
  return `${one.length} messages`
}

const comparable = (lines: readonly string[]): string[] => {
  const got = lines.filter((line) => line.startsWith('got '))
  const wild = got.filter((line) => line.startsWith('got client-d:wild '))
  return [...got.filter((line) => !wild.includes(line)), ...wild.toSorted()]
}

const shortened = (line: string | undefined): string =>
  line === undefined ? 'nothing' : line.length < 300 ? line : `${line.slice(0, 200)} … ${line.slice(-100)}`
