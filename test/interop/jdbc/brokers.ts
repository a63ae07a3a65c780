// The two brokers that share a database: a real ActiveMQ (support/activemq-on-jdbc.ts) and ours, configured alike.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BrokerConfigInput } from '../../../broker/config/schema.ts'
import { ActivemqOnJdbc, knownAdapter } from '../../support/activemq-on-jdbc.ts'
import { freePorts } from '../../../hack/ports/free-ports.ts'
import { BrokerMember } from '../../support/broker-process.ts'
import type { TestDatabase } from '../../support/databases.ts'

export const lockers = ['lease', 'database'] as const
export type Locker = (typeof lockers)[number]

/** Short, so that a takeover does not take long. */
export const leaseMs = 3000

export interface JdbcBroker {
  readonly url: string
  /** Resolves when it has the lock and clients can connect. */
  started(): Promise<unknown>
  /** Whether it has the lock, as far as it says. */
  isActive(): Promise<boolean>
  /** As an operator stops it. */
  stop(): Promise<unknown>
  kill(): Promise<unknown>
  /** What it said last. */
  lastWords(): string
}

/** ActiveMQ's own policies are in java/jdbc/JdbcBroker.java. */
const policies: BrokerConfigInput = {
  destinationPolicies: [
    { queue: 'AGAIN.>', persistJMSRedelivered: true },
    { queue: 'PRIO.>', prioritizedMessages: true },
    { topic: 'PRIO.>', prioritizedMessages: true },
  ],
}

export async function startActivemq(
  database: TestDatabase,
  locker: Locker,
  settings: readonly string[] = [],
): Promise<JdbcBroker> {
  const [port] = (await freePorts(1)) as [number]
  const broker = new ActivemqOnJdbc({
    url: database.url,
    port,
    settings: [`locker=${locker}`, `leaseMs=${leaseMs}`, ...knownAdapter(database.url), ...settings],
  })
  return {
    url: broker.url,
    started: () => broker.started(),
    isActive: async () => broker.lines.includes('started'),
    stop: () => broker.stop(),
    kill: () => broker.kill(),
    lastWords: () => broker.lines.slice(-5).join('\n'),
  }
}

export async function startOurs(database: TestDatabase, locker: Locker): Promise<JdbcBroker> {
  const [openwirePort, adminPort] = (await freePorts(2)) as [number, number]
  const directory = mkdtempSync(join(tmpdir(), 'flotilla-jdbc-'))
  const member = new BrokerMember({
    member: 'ours-0',
    directory,
    dataDirectory: join(directory, 'data'),
    openwirePort,
    adminPort,
    config: { ...policies, store: jdbcStore(database, locker) },
  }).start()
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    await member.stop(signal)
    rmSync(directory, { recursive: true, force: true })
  }
  return {
    url: member.url,
    started: () => member.waitForRole('Active', 30_000),
    isActive: async () => (await member.role())?.role === 'Active',
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    lastWords: () => member.log.slice(-15).join(''),
  }
}

export const jdbcStore = ({ url }: TestDatabase, locker: Locker): NonNullable<BrokerConfigInput['store']> => ({
  type: 'JDBC',
  url,
  locker: locker === 'lease' ? 'Lease' : 'Database',
  lease: { duration: `${leaseMs}ms`, renewInterval: `${leaseMs / 3}ms` },
})
