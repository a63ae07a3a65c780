// Where our broker keeps its messages while Java clients work with it: the suites are the same for each store.
import type { BrokerConfigInput } from '../../broker/config/schema.ts'
import { freshDatabase, testDatabases, type TestDatabase } from '../support/databases.ts'
import { jdbcStore } from './jdbc/brokers.ts'

export const ourStores = ['journal', 'jdbc-postgresql', 'jdbc-mariadb'] as const
export type OurStore = (typeof ourStores)[number]

/** Those in a database that this machine has. */
export async function jdbcStores(): Promise<readonly OurStore[]> {
  const kinds = (await testDatabases()).map(({ kind }) => kind)
  return ourStores.filter((store) => store !== 'journal' && kinds.includes(kindOf(store)))
}

/** What differs from the test's own configuration, and goes when it is over. Throws where this machine has no such database. */
export async function openOurStore(store: OurStore): Promise<{ config: BrokerConfigInput; drop(): Promise<void> }> {
  if (store === 'journal') return { config: {}, drop: () => Promise.resolve() }
  const server = (await testDatabases()).find(({ kind }) => kind === kindOf(store))
  if (!server) throw new Error(`Cannot run with ${store}: "apt-get install mariadb-server" brings a MariaDB`)
  const database = await freshDatabase(server)
  // A killed broker's successor need not wait until a lease has passed.
  return { config: { store: jdbcStore(database, 'database') }, drop: () => database.drop() }
}

const kindOf = (store: OurStore): TestDatabase['kind'] => (store === 'jdbc-postgresql' ? 'postgresql' : 'mysql')
