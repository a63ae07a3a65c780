// Groups whose messages are in a database: what their Secret does to them, and what is told when nobody gets through to it.
import { describe, expect, test } from '@jest/globals'
import { KubeApiError } from '../../../operator/kube/errors.ts'
import type { KubeObject } from '../../../operator/kube/port.ts'
import { secrets } from '../../../operator/kube/resource-types.ts'
import { childrenOf, ClusterHarness, databasePair, databaseSecret, rolesOf } from '../../support/cluster-harness.ts'

async function settled(): Promise<ClusterHarness> {
  const harness = new ClusterHarness()
  harness.kube.put(databaseSecret())
  harness.apply(databasePair())
  await harness.run()
  return harness
}

/** Some time passes. */
async function live(harness: ClusterHarness, rounds = 5): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    await harness.reconcile()
    harness.world.tick()
    harness.clock.advance(500)
  }
}

const setOf = ({ kube }: ClusterHarness) =>
  kube.all<KubeObject & { spec: { template: { spec: { volumes: object[]; containers: object[] } } } }>(
    'StatefulSet',
  )[0]!
const configOf = ({ kube }: ClusterHarness): { store: object } =>
  JSON.parse(kube.all<KubeObject & { data: Record<string, string> }>('ConfigMap').at(-1)!.data['broker.json']!) as {
    store: object
  }
const uids = ({ world }: ClusterHarness) => world.pods().map(({ metadata }) => metadata.uid)

describe('a group on a database', () => {
  test('has an active, standbys, and no claim', async () => {
    const harness = await settled()
    expect(rolesOf(harness).sort()).toEqual([
      expect.stringMatching(/active|standby/),
      expect.stringMatching(/active|standby/),
    ])
    expect(childrenOf(harness)).not.toContainEqual(expect.stringContaining('PersistentVolumeClaim'))
    expect(harness.condition('StorageReady')).toMatchObject({ status: 'True', reason: 'DatabaseReachable' })
    expect(harness.cluster.status!.groups![0]).not.toHaveProperty('storage')
  })

  test('leaves nothing of its Secret in any object, event or status', async () => {
    const harness = await settled()
    harness.kube.put(databaseSecret({ url: 'sesame', password: 'sesame2' }))
    await live(harness)
    const said = [
      ...['StatefulSet', 'ConfigMap', 'Service', 'BrokerCluster', 'Pod'].flatMap((kind) => harness.kube.all(kind)),
      ...harness.events,
    ]
    expect(JSON.stringify(said)).not.toMatch(/sesame|postgresql:\/\/db/)
  })

  test('on another prefix would be another store, and is refused by the operator, too', async () => {
    const harness = await settled()
    harness.apply(databasePair({ tablePrefix: 'NEW_' }))
    await harness.reconcile()
    expect(harness.condition('SpecValid')).toMatchObject({ status: 'False', reason: 'UnsupportedChange' })
    expect(harness.condition('SpecValid')!.message).toContain('JDBC tablePrefix NEW_')
  })
})

describe('a Secret', () => {
  test.each<[string, object | undefined, string, string]>([
    [
      'that is not there',
      undefined,
      'UnknownSecret',
      'There is no Secret orders-db; expected one with the keys url, username and password',
    ],
    [
      'without a key',
      databaseSecret({ url: undefined, uri: 'postgresql://db' }),
      'UnknownSecret',
      'Secret orders-db has no key url: it has password, uri, username; expected one with the keys url, username and password',
    ],
    [
      'without anything',
      { ...databaseSecret(), data: undefined },
      'UnknownSecret',
      'Secret orders-db has no key url and no key username and no key password: it has none; expected one with the keys url, username and password',
    ],
    [
      'with the URL of something else',
      databaseSecret({ url: 'postgresql://orders:sesame@db/orders' }),
      'InvalidSecret',
      'Secret orders-db: key url holds no URL of a database; expected jdbc:postgresql://…, jdbc:mysql://… or jdbc:mariadb://…',
    ],
  ])('%s is told, and the group waits for it', async (_, secret, reason, message) => {
    const harness = new ClusterHarness()
    if (secret) harness.kube.put(secret as KubeObject)
    harness.apply(databasePair())
    await live(harness)
    expect(harness.condition('StorageReady')).toMatchObject({ status: 'False', reason, message })
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'StorageNotReady', message })
    expect(harness.condition('Reconciling')).toMatchObject({ reason: 'WaitingForDependency' })
    expect(harness.condition('SpecValid')).toMatchObject({ status: 'True' })
    expect(harness.events).toContainEqual({ type: 'Warning', reason: 'StorageNotReady', note: message })
    expect(childrenOf(harness)).toEqual(['Service orders'])
    expect(await harness.reconcile()).toEqual({ requeueAfterMs: 500 })
    harness.kube.put(databaseSecret())
    await harness.run()
    expect(harness.condition('StorageReady')).toMatchObject({ status: 'True' })
  })

  test('that comes late is waited for, and is Stalled at last', async () => {
    const harness = new ClusterHarness()
    harness.apply(databasePair())
    await harness.reconcile()
    harness.clock.advance(11 * 60_000)
    await harness.reconcile()
    expect(harness.condition('Stalled')).toMatchObject({ reason: 'ProgressDeadlineExceeded' })
  })

  test('with keys of another name is read by them', async () => {
    const harness = new ClusterHarness()
    harness.kube.put(databaseSecret({ 'jdbc-uri': 'jdbc:mariadb://db/orders', url: undefined, 'root.pem': 'x' }))
    harness.apply(databasePair({ keys: { url: 'jdbc-uri', ca: 'root.pem' } }))
    await harness.run()
    expect(configOf(harness).store).toMatchObject({ urlFile: 'url', caFile: 'ca.crt' })
    expect(setOf(harness).spec.template.spec.volumes).toContainEqual({
      name: 'database',
      secret: {
        secretName: 'orders-db',
        items: [
          { key: 'jdbc-uri', path: 'url' },
          { key: 'username', path: 'username' },
          { key: 'password', path: 'password' },
          { key: 'root.pem', path: 'ca.crt' },
        ],
      },
    })
  })

  test.each([
    ['user and password', { username: 'other', password: 'new' }],
    [
      'a password in the URL, as some who make databases write it',
      { url: 'jdbc:postgresql://db/orders?user=a&password=b' },
    ],
  ])('that changes in %s restarts nobody: brokers read it anew', async (_, change) => {
    const harness = new ClusterHarness()
    harness.kube.put(databaseSecret('url' in change ? { url: `${change.url}c` } : {}))
    harness.apply(databasePair())
    await harness.run()
    const before = uids(harness)
    harness.kube.writes.length = 0
    harness.kube.put(databaseSecret(change))
    await live(harness)
    expect(uids(harness)).toEqual(before)
    expect(harness.kube.writes).toEqual([])
  })

  test.each([
    ['in its URL', { url: 'jdbc:postgresql://other/orders' }],
    ['because it has certificates now', { 'ca.crt': '-----BEGIN CERTIFICATE-----' }],
  ])('that changes %s rolls the group, standbys first', async (_, change) => {
    const harness = await settled()
    const before = uids(harness)
    const active = harness.world.activeOf('orders')
    harness.kube.put(databaseSecret(change))
    await live(harness, 1)
    expect(harness.condition('UpToDate')).toMatchObject({ status: 'False', reason: 'RollingStandbys' })
    expect(harness.world.activeOf('orders')).toBe(active)
    await harness.run()
    expect(uids(harness).filter((uid) => before.includes(uid))).toEqual([])
    expect(harness.condition('UpToDate')).toMatchObject({ status: 'True' })
  })

  test('that is deleted is told, and changes nothing of the group that runs; its return neither', async () => {
    const harness = await settled()
    const before = JSON.stringify(setOf(harness).spec)
    const pods = uids(harness)
    harness.kube.remove(databaseSecret())
    await live(harness)
    expect(harness.condition('StorageReady')).toMatchObject({ status: 'False', reason: 'UnknownSecret' })
    expect(harness.condition('Available')).toMatchObject({ status: 'True' })
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'StorageNotReady' })
    harness.kube.put(databaseSecret())
    await harness.run()
    expect(JSON.stringify(setOf(harness).spec)).toBe(before)
    expect(uids(harness)).toEqual(pods)
  })

  test('that may not be read is told so', async () => {
    const harness = new ClusterHarness()
    harness.kube.put(databaseSecret())
    const get = harness.kube.get.bind(harness.kube)
    harness.kube.get = (type, key) =>
      type === secrets ? Promise.reject(new KubeApiError(403, 'Forbidden', 'secrets is forbidden')) : get(type, key)
    harness.apply(databasePair())
    await harness.reconcile()
    expect(harness.condition('StorageReady')).toMatchObject({
      status: 'False',
      reason: 'UnknownSecret',
      message: 'Secret orders-db cannot be read: secrets is forbidden',
    })
    harness.kube.get = (type, key) =>
      type === secrets ? Promise.reject(new KubeApiError(500, 'InternalError', 'etcd is away')) : get(type, key)
    await expect(harness.reconcile()).rejects.toThrow('etcd is away')
  })

  test('is looked at again and again, because no watch tells of it', async () => {
    const harness = await settled()
    const { requeueAfterMs } = await harness.reconcile()
    expect(requeueAfterMs).toBeLessThanOrEqual(75_000)
  })
})

describe('a database that nobody reaches', () => {
  const trouble = 'connect ECONNREFUSED 10.0.0.9:5432'

  test('is told when the group has no active for it, and is waited for', async () => {
    const harness = await settled()
    for (const { metadata } of harness.world.pods()) harness.world.lockTroubles.set(metadata.name, trouble)
    harness.world.crash(harness.world.activeOf('orders')!)
    await live(harness)
    expect(harness.condition('StorageReady')).toMatchObject({
      status: 'False',
      reason: 'DatabaseUnreachable',
      message: `orders-g0-0: ${trouble}`,
    })
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'StorageNotReady' })
    expect(harness.condition('Reconciling')).toMatchObject({ reason: 'WaitingForDependency' })
    expect(harness.events).toContainEqual(expect.objectContaining({ reason: 'StorageNotReady' }))
    harness.world.lockTroubles.clear()
    await harness.run()
    expect(harness.condition('StorageReady')).toMatchObject({ status: 'True' })
  })

  test('by a standby alone is no trouble of the storage', async () => {
    const harness = await settled()
    const standby = harness.world.pods().find(({ metadata }) => metadata.name !== harness.world.activeOf('orders'))!
    harness.world.lockTroubles.set(standby.metadata.name, trouble)
    await live(harness)
    expect(harness.condition('StorageReady')).toMatchObject({ status: 'True' })
    const message = `Group g0 has 1 of 2 members ready; ${standby.metadata.name}: ${trouble}`
    expect(harness.condition('Degraded')).toMatchObject({ reason: 'StandbyMissing', message })
    expect(harness.cluster.status!.groups![0]!.standbys).toEqual([])
    // It would not take over.
    const active = harness.world.activeOf('orders')
    harness.apply(databasePair({}, { broker: { memoryLimit: '40%' } }))
    await live(harness, 10)
    expect(harness.world.activeOf('orders')).toBe(active)
    expect(harness.condition('UpToDate')).toMatchObject({ status: 'False' })
    harness.world.lockTroubles.clear()
    await harness.run()
    expect(harness.condition('UpToDate')).toMatchObject({ status: 'True' })
  })
})

describe('a group on a database that leaves', () => {
  const mesh = (groups: number, drain: 'Skip' | 'BestEffort') => ({
    topology: { type: 'Combined' as const, network: { layout: 'Mesh' as const } },
    groups: ['a', 'b', 'c'].slice(0, groups).map((name) => ({
      name,
      ...databasePair({ tablePrefix: `${name.toUpperCase()}_` }).groupTemplate!,
    })),
    scaleDown: { drain, timeout: '10s' },
  })

  test.each([
    ['Skip', 'orders-c leaves the cluster: messages that it still has stay in its database until the group comes back'],
    [
      'BestEffort',
      'Group c leaves the cluster after spec.scaleDown.timeout with 5 messages left, which stay in its database until the group comes back',
    ],
  ] as const)('(%s) is told where its messages are', async (drain, note) => {
    const harness = new ClusterHarness()
    harness.kube.put(databaseSecret())
    harness.apply(mesh(3, drain))
    await harness.run()
    harness.world.drainSpeed = 0
    harness.world.messages.set('orders-c', 5)
    harness.apply(mesh(2, drain))
    await live(harness, 30)
    expect(harness.events).toContainEqual(expect.objectContaining({ type: 'Warning', note }))
    expect(harness.kube.all('StatefulSet').map(({ metadata }) => metadata.name)).toEqual(['orders-a', 'orders-b'])
  })
})
