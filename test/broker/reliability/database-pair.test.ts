// Two members whose messages are in a database, as processes: the active is killed under a load, and nothing that was answered is lost.
import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals'
import type { BrokerSnapshot } from '../../../broker/management/contract.ts'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createConnectionFactory, type Connection } from '../../../broker/client/index.ts'
import { freePorts } from '../../../hack/ports/free-ports.ts'
import { BrokerMember, settled } from '../../support/broker-process.ts'
import { freshDatabase, testDatabases } from '../../support/databases.ts'
import { runSql } from '../../support/run-sql.ts'

jest.setTimeout(180_000)

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

let directory: string
beforeAll(() => void (directory = mkdtempSync(join(tmpdir(), 'database-pair-'))))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

async function startPair(url: string, locker: 'Lease' | 'Database'): Promise<BrokerMember[]> {
  const ports = await freePorts(4)
  const members = ['a', 'b'].map((member, index) =>
    new BrokerMember({
      member,
      directory: join(directory, `${locker}-${ports[0]}-${member}`),
      dataDirectory: join(directory, `${locker}-${ports[0]}-${member}`, 'data'),
      config: {
        brokerName: 'pair',
        store: { type: 'JDBC', url, locker, lease: { duration: '2s', renewInterval: '300ms' } },
      },
      openwirePort: ports[2 * index]!,
      adminPort: ports[2 * index + 1]!,
      restart: true,
    }).start(),
  )
  cleanups.push(() => Promise.all(members.map((member) => member.stop('SIGKILL'))))
  return members
}

async function connected(members: readonly BrokerMember[], clientId: string): Promise<Connection> {
  const urls = members.map(({ url }) => url).join(',')
  const factory = createConnectionFactory(
    `failover:(${urls})?initialReconnectDelay=20&randomize=false&jms.clientID=${clientId}`,
  )
  const connection = await factory.createConnection()
  cleanups.push(() => connection.close().catch(() => {}))
  connection.start()
  return connection
}

/** What the consumer of this destination gets until nothing comes any more. */
async function drain(connection: Connection, subscribe: 'queue' | 'durable'): Promise<string[]> {
  const session = await connection.createSession('auto')
  const consumer =
    subscribe === 'queue'
      ? await session.createConsumer('queue://ORDERS')
      : await session.createDurableConsumer('topic://PRICES', 'all')
  const texts: string[] = []
  for (let message = await consumer.receive(10_000); message; message = await consumer.receive(1000))
    texts.push(message.text ?? '')
  return texts
}

test.each([
  ['postgresql', 'Lease'],
  ['postgresql', 'Database'],
  ['mysql', 'Lease'],
] as const)('%s, locker %s: nothing that was answered is lost when the active is killed', async (kind, locker) => {
  const server = (await testDatabases()).find((one) => one.kind === kind)
  if (!server) return
  const database = await freshDatabase(server)
  cleanups.push(() => database.drop())
  const members = await startPair(database.url, locker)
  let active = await settled(members)

  const subscriber = await connected(members, 'subscriber')
  await (await (await subscriber.createSession('auto')).createDurableConsumer('topic://PRICES', 'all')).close()
  const sender = await connected(members, 'sender')
  const session = await sender.createSession('auto')
  const orders = await session.createProducer('queue://ORDERS')
  const prices = await session.createProducer('topic://PRICES')
  const transacted = await sender.createSession('transacted')
  const committed = await transacted.createProducer('queue://ORDERS')

  const answered: string[] = []
  for (let round = 1; round <= 3; round++) {
    for (let n = 1; n <= 40; n++) {
      const text = `${round}-${n}`
      if (n === 20) active.kill('SIGKILL')
      await orders.send(text)
      await prices.send(text)
      answered.push(text)
    }
    for (let n = 1; n <= 3; n++) await committed.send(`${round}-committed-${n}`)
    await transacted.commit()
    active = await settled(members)
  }
  const whole = answered.concat([1, 2, 3].flatMap((round) => [1, 2, 3].map((n) => `${round}-committed-${n}`)))
  expect((await drain(sender, 'queue')).sort()).toEqual(whole.toSorted())
  expect(await drain(subscriber, 'durable')).toEqual(answered)
})

test('who gets no session for its store leaves the lock to others, and says why', async () => {
  const database = await freshDatabase((await testDatabases()).find(({ kind }) => kind === 'postgresql')!)
  const sql = (statement: string): Promise<unknown> => runSql(database.url, statement)
  const user = `limited_${process.pid}`
  await sql(`CREATE ROLE ${user} LOGIN PASSWORD 'secret'`)
  cleanups.push(async () => {
    await sql(`DROP OWNED BY ${user} CASCADE`)
    await sql(`DROP ROLE ${user}`)
    await database.drop()
  })
  const ports = await freePorts(4)
  const start = (member: string, openwirePort: number, adminPort: number, store: object): BrokerMember => {
    const own = join(directory, member)
    const config = { brokerName: 'limited', store: { type: 'JDBC', url: database.url, ...store } } as const
    const started = new BrokerMember({
      member,
      directory: own,
      dataDirectory: join(own, 'data'),
      config,
      args: ['--exit-on-lock-loss'],
      openwirePort,
      adminPort,
    }).start()
    cleanups.push(() => started.stop('SIGKILL'))
    return started
  }
  const first = start('free', ports[0]!, ports[1]!, {})
  await first.waitForRole('Active')
  await sql(`GRANT ALL ON ALL TABLES IN SCHEMA public TO ${user}`)
  const member = start('limited', ports[2]!, ports[3]!, { username: user, password: 'secret' })
  await member.hasLogged('Waiting for the lock')
  await sql(`ALTER ROLE ${user} CONNECTION LIMIT 1`)
  await sql(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${user}' AND application_name NOT LIKE '%/lock'`,
  )
  await first.stop()
  await member.hasLogged('too many connections for role')
  const { lock } = (await (await fetch(`http://127.0.0.1:${ports[3]}/snapshot`)).json()) as BrokerSnapshot
  expect(lock.trouble).toContain('too many connections for role')
  await sql(`ALTER ROLE ${user} CONNECTION LIMIT -1`)
  await member.waitForRole('Active', 30_000)
  expect(member.log.join('')).not.toContain('Coming back as a standby')
})
