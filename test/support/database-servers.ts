// The database servers behind databases.ts: those that the environment names, or a PostgreSQL of our own.
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { startDatabase } from '../../hack/databases/start-database.ts'
import { embeddedPostgresql } from '../../hack/databases/postgresql.ts'
import type { TestDatabase } from './databases.ts'

interface StartedDatabases {
  readonly databases: readonly TestDatabase[]
  stop(): Promise<void>
}

/** They end with this process at the latest. */
export async function startDatabases(): Promise<StartedDatabases> {
  const { FLOTILLA_TEST_POSTGRESQL, FLOTILLA_TEST_MYSQL } = process.env
  const own = FLOTILLA_TEST_POSTGRESQL
    ? undefined
    : await startDatabase(embeddedPostgresql, { syncs: false, endsWithParent: true })
  return {
    databases: [
      { kind: 'postgresql', url: FLOTILLA_TEST_POSTGRESQL || own!.url },
      ...(FLOTILLA_TEST_MYSQL ? [{ kind: 'mysql', url: FLOTILLA_TEST_MYSQL } as const] : []),
    ],
    stop: async () => own?.stop(),
  }
}

export interface DatabaseHost {
  readonly url: string
  stop(): Promise<void>
}

/** Starts them for the first who asks at this URL, and tells all where they are: for tests in several processes. */
export async function hostDatabases(): Promise<DatabaseHost> {
  let started: Promise<StartedDatabases> | undefined
  const server = createServer((_, response) => {
    started ??= startDatabases()
    started.then(
      ({ databases }) => response.end(JSON.stringify(databases)),
      (error: Error) => response.writeHead(500).end(error.message),
    )
  })
  await listens(server)
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/`,
    stop: async () => {
      server.closeAllConnections()
      server.close()
      await (await started?.catch(() => undefined))?.stop()
    },
  }
}

const listens = (server: Server): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    // Does not hold Jest back from ending.
    server.listen(0, '127.0.0.1', resolve).unref()
  })
