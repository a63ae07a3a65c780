// The operator put together, over an API server in memory: which namespaces it looks after, and what one of them can do
// to the others.
import { describe, expect, test } from '@jest/globals'
import { silentLogger } from '../../broker/base/logger.ts'
import { ManualClock } from '../../broker/base/manual-clock.ts'
import { seededRandom } from '../../broker/base/random.ts'
import { BrokerAdminError } from '../../operator/broker-admin/broker-admin.ts'
import { noMetrics } from '../../operator/controller/metrics.ts'
import type { KubeList, KubeObject, ListOptions, ResourceType } from '../../operator/kube/port.ts'
import { brokerClusters, statefulSets } from '../../operator/kube/resource-types.ts'
import { startOperator } from '../../operator/operator.ts'
import { kubeError, MemoryKube, settle } from '../support/memory-kube.ts'

class GuardedKube extends MemoryKube {
  readonly forbidden = new Set<string | undefined>()

  override async list<T extends KubeObject>(type: ResourceType, options: ListOptions): Promise<KubeList<T>> {
    if (this.forbidden.has(options.namespace)) throw kubeError(403, 'Forbidden')
    return super.list<T>(type, options)
  }
}

async function start(watchNamespaces: readonly string[], forbidden: readonly string[] = []) {
  const server = new GuardedKube()
  for (const namespace of forbidden) server.forbidden.add(namespace)
  for (const namespace of ['shop', 'bank', 'attic'])
    await server.create(brokerClusters, {
      apiVersion: brokerClusters.apiVersion,
      kind: brokerClusters.kind,
      metadata: { namespace, name: 'orders', generation: 1 },
      spec: { topology: { type: 'Standalone' }, groupTemplate: { storage: { type: 'None' } } },
    })
  const clock = new ManualClock()
  const operator = startOperator({
    client: server,
    brokerAdmin: {
      snapshot: (target) => Promise.reject(new BrokerAdminError('BROKER_UNREACHABLE', target, 'nobody listens')),
    },
    clock,
    random: seededRandom(1),
    logger: silentLogger,
    metrics: noMetrics,
    brokerImage: 'broker:1',
    watchNamespaces,
    lease: undefined,
    identity: 'one',
    concurrency: 4,
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
})
