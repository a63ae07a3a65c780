// What users see of a pair on a database, with real databases: the Secret leads its members there, an active that is killed has an heir,
// and a database that nobody reaches is told.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { BrokerClusterSpecInput } from '../../operator/api/spec-schema.ts'
import { databasePair, databaseSecret } from '../support/cluster-harness.ts'
import { freshDatabase, testDatabases } from '../support/databases.ts'
import { startLocalStack } from '../support/local-stack.ts'
import { brokerClusters, numbersUpTo, receive, send, type Stack } from '../support/stack.ts'
import { nothingLost } from '../support/traffic.ts'

const lease = { duration: '2s', renewInterval: '500ms' }

describe('a pair on a database, on the stand-in', () => {
  let stack: Stack
  const drops: (() => Promise<void>)[] = []
  beforeAll(async () => {
    stack = await startLocalStack()
  })
  afterAll(async () => {
    await stack?.stop()
    for (const drop of drops) await drop()
  })

  /** A database for each kind that this machine has. */
  async function databases() {
    const found = await Promise.all((await testDatabases()).map((one) => freshDatabase(one)))
    drops.push(...found.map(({ drop }) => drop))
    return found
  }

  /** User and password leave the URL, as a Secret has them. */
  async function putSecret(name: string, jdbcUrl: string, host?: string): Promise<void> {
    const url = new URL(jdbcUrl.slice('jdbc:'.length))
    const [username, password] = ['user', 'password'].map((option) => url.searchParams.get(option) ?? '')
    for (const option of ['user', 'password']) url.searchParams.delete(option)
    if (host !== undefined) url.host = host
    const { data } = databaseSecret({ url: `jdbc:${url.href}`, username, password })
    await stack.applyObject({ apiVersion: 'v1', kind: 'Secret', name, content: { data } })
  }

  const on = (secret: string, change: Partial<BrokerClusterSpecInput> = {}) =>
    databasePair({ secretRef: { name: secret }, lease }, change)

  const storageOf = (name: string) =>
    stack.cluster(name).status?.conditions?.find(({ type }) => type === 'StorageReady')

  test('goes on after a kill of its active, loses nothing, and has the killed one back as a standby', async () => {
    for (const { kind, url } of await databases()) {
      await putSecret(`${kind}-db`, url)
      await stack.apply(kind, on(`${kind}-db`))
      await stack.ready(kind)
      const traffic = await stack.startTraffic(kind)
      await traffic.flows()
      const { active, standbys, lock } = stack.group(kind)!
      expect(lock).toMatchObject({ type: 'Lease', holder: active })
      await stack.killActive(active!, standbys)
      await traffic.flows()
      await stack.settled(kind, ({ groups }) => groups![0]!.standbys.includes(active!))
      expect(stack.group(kind)!.lock!.term).toBeGreaterThan(lock!.term!)
      expect(await traffic.stop()).toMatchObject(nothingLost)
    }
  })

  test('waits for its Secret, says that nobody reaches the database, and works when the URL leads there', async () => {
    const { url } = (await databases())[0]!
    await stack.apply('late', on('late-db'))
    await stack.eventually([brokerClusters], () =>
      storageOf('late')?.reason === 'UnknownSecret' ? true : JSON.stringify(storageOf('late') ?? 'no status'),
    )
    await putSecret('late-db', url, '127.0.0.1:1')
    const unreachable = await stack.eventually([brokerClusters], () => {
      const condition = storageOf('late')
      return condition?.reason === 'DatabaseUnreachable' ? condition : JSON.stringify(condition ?? 'no status')
    })
    expect(unreachable.message).toMatch(/^late-g0-\d: .*127\.0\.0\.1:1/)
    await putSecret('late-db', url)
    await stack.ready('late')
    await send(stack.url('late'), 'LATE', 20)
    expect(await receive(stack.url('late'), 'LATE', 20)).toEqual(numbersUpTo(20))
  })

  test('is rolled when another URL leads to the same database, and loses nothing', async () => {
    const { url } = (await databases())[0]!
    await putSecret('moved-db', url)
    await stack.apply('moved', on('moved-db'))
    const { groups } = await stack.ready('moved')
    const traffic = await stack.startTraffic('moved')
    await traffic.flows()
    await putSecret('moved-db', url, `localhost:${new URL(url.slice('jdbc:'.length)).port}`)
    // A change of the spec is looked at now, and the Secret with it; otherwise within a minute or so.
    await stack.apply('moved', on('moved-db', { services: { client: { labels: { moved: 'yes' } } } }))
    const after = await stack.settled('moved', (status) => status.groups![0]!.revision !== groups![0]!.revision)
    expect(after.groups![0]).toMatchObject({
      updatedReplicas: 2,
      lastFailover: { from: groups![0]!.active, reason: 'Switchover' },
    })
    await traffic.flows()
    expect(await traffic.stop()).toMatchObject(nothingLost)
  })
})
