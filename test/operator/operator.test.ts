// The operator put together, over an API server in memory: which namespaces it looks after, and what one of them can do
// to the others.
import { describe, expect, test } from '@jest/globals'
import { silentLogger } from '../../broker/base/logger.ts'
import { ManualClock } from '../../broker/base/manual-clock.ts'
import { seededRandom } from '../../broker/base/random.ts'
import { type BrokerAdmin, BrokerAdminError, type RoleListener } from '../../operator/broker-admin/broker-admin.ts'
import { noMetrics } from '../../operator/controller/metrics.ts'
import type { KubeList, KubeObject, ListOptions, ResourceType } from '../../operator/kube/port.ts'
import { brokerClusters, leases, pods, statefulSets } from '../../operator/kube/resource-types.ts'
import { startOperator } from '../../operator/operator.ts'
import { kubeError, MemoryKube, settle, unreachable } from '../support/memory-kube.ts'

class GuardedKube extends MemoryKube {
  readonly forbidden = new Set<string | undefined>()

  override async list<T extends KubeObject>(type: ResourceType, options: ListOptions): Promise<KubeList<T>> {
    if (this.forbidden.has(options.namespace)) throw kubeError(403, 'Forbidden')
    return super.list<T>(type, options)
  }
}

const lease = { namespace: 'flotilla', name: 'operator' }

/** `wakeAfter`: as of a process that was stopped and goes on; no timer has fired yet. */
class FrozenClock extends ManualClock {
  #frozenMs = 0

  wakeAfter(durationMs: number): void {
    this.#frozenMs += durationMs
  }

  override monotonicMs(): number {
    return super.monotonicMs() + this.#frozenMs
  }
}

const nobodyListens: BrokerAdmin = {
  snapshot: (target) => Promise.reject(new BrokerAdminError('BROKER_UNREACHABLE', target, 'nobody listens')),
  drain: () => Promise.resolve(),
  endDrain: () => Promise.resolve(),
  watchRole: () => () => {},
}

async function start(
  watchNamespaces: readonly string[],
  forbidden: readonly string[] = [],
  change: Partial<Parameters<typeof startOperator>[0]> = {},
) {
  const server = new GuardedKube()
  for (const namespace of forbidden) server.forbidden.add(namespace)
  for (const namespace of ['shop', 'bank', 'attic'])
    await server.create(brokerClusters, {
      apiVersion: brokerClusters.apiVersion,
      kind: brokerClusters.kind,
      metadata: { namespace, name: 'orders', generation: 1 },
      spec: { topology: { type: 'Standalone' }, groupTemplate: { storage: { type: 'None' } } },
    })
  const clock = new FrozenClock()
  const operator = startOperator({
    client: server,
    brokerAdmin: nobodyListens,
    clock,
    random: seededRandom(1),
    logger: silentLogger,
    metrics: noMetrics,
    brokerImage: 'broker:1',
    watchNamespaces,
    lease: undefined,
    identity: 'one',
    concurrency: 4,
    ...change,
  })
  await settle(50)
  const servedNamespaces = () => new Set(server.all(statefulSets).map(({ metadata }) => metadata.namespace))
  return { server, clock, operator, servedNamespaces }
}

describe('the operator', () => {
  test.each([
    ['one namespace', ['shop'], ['shop']],
    ['several', ['shop', 'bank'], ['shop', 'bank']],
    ['all', [], ['shop', 'bank', 'attic']],
  ])('looks after %s', async (_title, watched, served) => {
    const { operator, servedNamespaces } = await start(watched)
    expect(await operator.started).toBe(true)
    expect(servedNamespaces()).toEqual(new Set(served))
    expect(operator.notReadyReason()).toBeUndefined()
    await operator.stop()
  })

  test('tells the conditions of the clusters that it works on', async () => {
    const { operator } = await start(['shop', 'bank'])
    const told = operator.clusters()
    expect(told.map(({ namespace, name }) => `${namespace}/${name}`).sort()).toEqual(['bank/orders', 'shop/orders'])
    for (const { conditions } of told)
      expect(conditions).toContainEqual(expect.objectContaining({ type: 'Ready', status: 'False' }))
    await operator.stop()
  })

  test('serves the other namespaces while it may not read one, and says which', async () => {
    const { server, clock, operator, servedNamespaces } = await start(['shop', 'attic'], ['attic'])
    expect(servedNamespaces()).toEqual(new Set(['shop']))
    expect(operator.notReadyReason()).toBe('reading the state of namespace attic')
    server.forbidden.clear()
    clock.advance(60_000)
    await settle(50)
    expect(await operator.started).toBe(true)
    expect(servedNamespaces()).toEqual(new Set(['shop', 'attic']))
    expect(operator.notReadyReason()).toBeUndefined()
    await operator.stop()
  })

  test('asks brokers when they tell something, and listens to nobody any more when it is stopped', async () => {
    const listeners = new Set<RoleListener>()
    const asked: string[] = []
    const brokerAdmin: BrokerAdmin = {
      ...nobodyListens,
      snapshot: (target) => {
        asked.push(target.name)
        return nobodyListens.snapshot(target)
      },
      watchRole: (_target, listener) => {
        listeners.add(listener)
        return () => void listeners.delete(listener)
      },
    }
    const { server, operator } = await start(['shop'], [], { brokerAdmin })
    const [set] = server.all(statefulSets)
    const { metadata } = (set as unknown as { spec: { template: Pick<KubeObject, 'metadata'> } }).spec.template
    await server.create(pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { ...metadata, namespace: 'shop', name: 'orders-g0-0' },
      status: { podIP: '10.0.0.1', containerStatuses: [{ name: 'broker', state: { running: {} } }] },
    })
    await settle(50)
    const [listener] = listeners
    listener!.told()
    await settle(50)
    asked.length = 0
    listener!.told()
    await settle(50)
    expect(asked).toEqual(['orders-g0-0'])
    await operator.stop()
    expect(listeners.size).toBe(0)
  })
})

describe('the leadership', () => {
  const isWrite = (call: string) =>
    /^(create|replace|apply|mergePatch|delete) /.test(call) && !call.includes(' leases ')
  const pass = async (clock: ManualClock, seconds: number) => {
    for (let halves = 0; halves < 2 * seconds; halves++) {
      clock.advance(500)
      await settle(5)
    }
  }
  const addCluster = (server: MemoryKube, name: string) =>
    server.create(brokerClusters, {
      apiVersion: brokerClusters.apiVersion,
      kind: brokerClusters.kind,
      metadata: { namespace: 'shop', name, generation: 1 },
      spec: { topology: { type: 'Standalone' }, groupTemplate: { storage: { type: 'None' } } },
    })

  test('lost, it stops everything, cuts what is under way, and is won again by the same process', async () => {
    let cuts = 0
    const { server, clock, operator } = await start(['shop'], [], { lease, cutRequests: () => cuts++ })
    await pass(clock, 1)
    expect(operator.clusters()).toHaveLength(1)
    for (let count = 0; count < 8; count++) server.failNext('replace', unreachable())
    await pass(clock, 12)
    expect([operator.clusters(), server.openWatches, cuts]).toEqual([[], 0, 1])
    expect(operator.notReadyReason()).toBeUndefined()
    const before = server.calls.length
    await addCluster(server, 'late')
    await pass(clock, 1)
    expect(server.calls.slice(before).filter(isWrite)).toEqual(['create brokerclusters shop/late'])
    await pass(clock, 30)
    expect(operator.clusters()).toHaveLength(2)
    expect(await server.get(statefulSets, { namespace: 'shop', name: 'late-g0' })).toBeDefined()
    await operator.stop()
    expect(await server.get(leases, lease)).toMatchObject({ spec: { holderIdentity: '' } })
    expect(server.openWatches).toBe(0)
  })

  test('taken by another one, it is left to that one', async () => {
    const { server, clock, operator } = await start(['shop'], [], { lease })
    await pass(clock, 1)
    await server.mergePatch(leases, lease, { spec: { holderIdentity: 'other' } })
    await pass(clock, 3)
    const before = server.calls.length
    await addCluster(server, 'late')
    for (let turn = 0; turn < 4; turn++) {
      await server.mergePatch(leases, lease, { spec: { renewTime: String(turn) } })
      await pass(clock, 10)
    }
    expect(server.calls.slice(before).filter(isWrite)).toEqual(['create brokerclusters shop/late'])
    await operator.stop()
    expect(await server.get(leases, lease)).toMatchObject({ spec: { holderIdentity: 'other' } })
  })

  test('is over for one that was frozen in the middle of a reconcile: after what was under way it writes nothing', async () => {
    const { server, clock, operator } = await start(['shop'], [], { lease })
    await pass(clock, 1)
    const release = server.holdNext('apply')
    await addCluster(server, 'late')
    await settle(20)
    const before = server.calls.length
    clock.wakeAfter(16_000)
    release()
    await settle(50)
    expect(server.calls.slice(before).filter(isWrite)).toEqual([])
    await operator.stop()
  })

  test('stopped while it waits to win it again, it ends', async () => {
    const { server, clock, operator } = await start(['shop'], [], { lease })
    for (let count = 0; count < 100; count++) server.failNext('replace', unreachable())
    await pass(clock, 20)
    const stopped = operator.stop()
    await pass(clock, 3)
    await stopped
    expect([clock.pendingTimers, server.openWatches]).toEqual([0, 0])
  })
})
