// The PostgreSQL that brokers with a store in a database are measured on: one server for a whole run of the bench, which waits for the disk at each
// commit; each broker has a database of its own on it.
import { embeddedPostgresql } from '../../hack/databases/postgresql.ts'
import type { ServerKind } from '../../hack/databases/server-kind.ts'
import { startDatabase, type DatabaseServer } from '../../hack/databases/start-database.ts'
import { freshDatabase, type TestDatabase } from '../support/databases.ts'
import { runTool } from '../support/java-clients.ts'
import { runSql } from '../support/run-sql.ts'
import type { BenchBroker, RunningBroker } from './brokers.ts'
import { cpuSeconds, processTree } from './usage.ts'

/** A little more room than for tests. */
const measured: ServerKind = {
  ...embeddedPostgresql,
  prepare(facts) {
    const prepared = embeddedPostgresql.prepare(facts)
    const args = [...prepared.program.args, '-c', 'shared_buffers=256MB']
    return { ...prepared, program: { ...prepared.program, args } }
  },
}

export interface BenchDatabase {
  readonly title: string
  readonly server: DatabaseServer
}

export async function startBenchDatabase(): Promise<BenchDatabase> {
  const server = await startDatabase(measured, { syncs: true, endsWithParent: true })
  const [row] = await runSql(server.url, 'SHOW server_version')
  return { title: `PostgreSQL ${String(row!.server_version)}, fsync on, shared_buffers 256MB`, server }
}

export interface DatabaseUse {
  /** That the broker sent it: each round trip has one, or several if it has more than fits into one, which is 64 KiB on the loopback interface. */
  readonly packets: number
  /** Of all kinds, also of statements that change nothing. The server adds them up once a second. */
  readonly commits: number
  /** Of the whole server. */
  readonly cpu: number
}

/** Between two, the difference is what was asked. Connections that are there no more are not counted: brokers keep theirs. */
async function databaseUse({ server }: BenchDatabase, url: string, broker: RunningBroker): Promise<DatabaseUse> {
  const [row] = await runSql(
    url,
    'SELECT xact_commit::text AS commits FROM pg_stat_database WHERE datname = current_database()',
  )
  const listing = runTool('ss', ['-tinpHO', 'state', 'established', `dport = :${portOf(url)}`])
  const packets = packetsOf(listing, new Set(processTree(broker.pid)))
  return { packets, commits: Number(row!.commits), cpu: cpuSeconds(server.pid) }
}

/** With data in them, that these processes have sent. */
export const packetsOf = (listing: string, pids: ReadonlySet<number>): number =>
  listing
    .split('\n')
    .filter((line) => pids.has(Number(/pid=(\d+)/.exec(line)?.[1])))
    .reduce((sum, line) => sum + Number(/ data_segs_out:(\d+)/.exec(line)?.[1] ?? 0), 0)

const portOf = (url: string): string => new URL(url.slice('jdbc:'.length)).port

/** The same broker with its store in a fresh database of that server, which goes when it stops. */
export const onDatabase = (broker: BenchBroker, database: BenchDatabase): BenchBroker => ({
  ...broker,
  settings: `Store and lock (a lease) in a database of its own: ${database.title}.`,
  async start(options): Promise<RunningBroker> {
    const server: TestDatabase = { kind: 'postgresql', url: database.server.url }
    const own = await freshDatabase(server)
    const running = await broker.start({ ...options, jdbcUrl: own.url })
    return {
      get pid() {
        return running.pid
      },
      port: running.port,
      url: running.url,
      log: () => running.log(),
      restart: () => running.restart(),
      database: () => databaseUse(database, own.url, running),
      async stop(signal) {
        await running.stop(signal)
        await own.drop()
      },
    }
  },
})
