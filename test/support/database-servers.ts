// The database servers behind databases.ts: those that the environment names, or our own.
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { startDatabase, type DatabaseServer } from '../../hack/databases/start-database.ts'
import { hasMariadb, mariadb } from '../../hack/databases/mariadb.ts'
import { embeddedPostgresql } from '../../hack/databases/postgresql.ts'
import type { ServerKind } from '../../hack/databases/server-kind.ts'
import type { TestDatabase } from './databases.ts'

interface StartedDatabases {
  readonly databases: readonly TestDatabase[]
  stop(): Promise<void>
}

/** They end with this process at the latest. */
export async function startDatabases(): Promise<StartedDatabases> {
  const own: Promise<DatabaseServer>[] = []
  const start = async (kind: ServerKind): Promise<string> => {
    const starting = startDatabase(kind, { syncs: false, endsWithParent: true })
    own.push(starting)
    return (await starting).url
  }
  const { FLOTILLA_TEST_POSTGRESQL, FLOTILLA_TEST_MYSQL } = process.env
  const [postgresql, mysql] = await Promise.all([
    FLOTILLA_TEST_POSTGRESQL ?? start(embeddedPostgresql),
    FLOTILLA_TEST_MYSQL ?? (hasMariadb() ? start(mariadb) : undefined),
  ])
  return {
    databases: [
      { kind: 'postgresql', url: postgresql },
      ...(mysql === undefined || mysql === '' ? [] : [{ kind: 'mysql', url: mysql } as const]),
    ],
    stop: async () => {
      await Promise.all(own.map(async (server) => (await server).stop()))
    },
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
