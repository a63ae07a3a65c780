// Where our broker keeps its messages while Java clients work with it: the suites are the same for each store.
import { join } from 'node:path'
import { startMembers, type BrokerMember, type MemberOptions } from '../support/broker-process.ts'
import { freshDatabase, testDatabases, type TestDatabase } from '../support/databases.ts'
import { ReplicatedMembers } from '../support/replicated-members.ts'
import { RealZooKeepers } from '../support/zookeeper-ensemble.ts'
import { jdbcStore } from './jdbc/brokers.ts'

export const ourStores = ['journal', 'jdbc-postgresql', 'jdbc-mariadb', 'replicated'] as const
export type OurStore = (typeof ourStores)[number]

/** Of a replicated store: fewer cannot be. */
const replicas = 3
export const sessionTimeoutMs = 2000

/** Those in a database that this machine has. */
export async function jdbcStores(): Promise<readonly OurStore[]> {
  const kinds = (await testDatabases()).map(({ kind }) => kind)
  return ourStores.filter((store) => kinds.some((kind) => kind === kindOf(store)))
}

export interface OurMembers {
  readonly members: readonly BrokerMember[]
  stop(): Promise<void>
}

/**
 * Broker processes on such a store, that are started again when they end. Of a replicated one there are three, however few are asked for.
 * Rejects where this machine has no such database, or no ZooKeeper.
 */
export async function startOnStore(
  store: OurStore,
  directory: string,
  count: number,
  options: Pick<MemberOptions, 'config' | 'wire'>,
): Promise<OurMembers> {
  if (store === 'replicated') return startReplicated(directory, options)
  const { config, drop } = await openDatabase(store)
  const members = await startMembers(directory, count, { ...options, config: { ...options.config, ...config } })
  return {
    members,
    async stop() {
      await Promise.all(members.map((member) => member.stop('SIGKILL')))
      await drop()
    },
  }
}

async function openDatabase(
  store: OurStore,
): Promise<{ config: NonNullable<MemberOptions['config']>; drop(): Promise<void> }> {
  if (store === 'journal') return { config: {}, drop: () => Promise.resolve() }
  const server = (await testDatabases()).find(({ kind }) => kind === kindOf(store))
  if (!server) throw new Error(`Cannot run with ${store}: "apt-get install mariadb-server" brings a MariaDB`)
  const database = await freshDatabase(server)
  // A killed broker's successor need not wait until a lease has passed.
  return { config: { store: jdbcStore(database, 'database') }, drop: () => database.drop() }
}

const kindOf = (store: OurStore): TestDatabase['kind'] | undefined =>
  ({ journal: undefined, replicated: undefined, 'jdbc-postgresql': 'postgresql', 'jdbc-mariadb': 'mysql' } as const)[
    store
  ]

/** One ensemble for all groups: it takes seconds to start. */
let zooKeepers: Promise<RealZooKeepers> | undefined
let groups = 0

async function startReplicated(
  directory: string,
  { config, ...options }: Pick<MemberOptions, 'config' | 'wire'>,
): Promise<OurMembers> {
  zooKeepers ??= RealZooKeepers.start()
  const { address } = await zooKeepers
  const group = await ReplicatedMembers.start({
    directory: join(directory, 'members'),
    zkAddress: address,
    count: replicas,
    store: { zkPath: `/interop/${++groups}`, zkSessionTimeout: `${sessionTimeoutMs}ms` },
    ...(config && { config }),
    ofMember: () => ({ ...options, restart: true }),
  })
  return { members: group.members, stop: () => group.stop() }
}

/** What was started for all groups together. */
export async function closeOurStores(): Promise<void> {
  await zooKeepers?.then((ensemble) => ensemble.stop())
}
