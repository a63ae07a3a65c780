import { describe, expect, test } from '@jest/globals'
import { ManualClock } from '../../../broker/base/manual-clock.ts'
import type { BrokerCluster } from '../../../operator/api/broker-cluster.ts'
import type { ApplyOptions, KubeObject, ObjectKey, ResourceType } from '../../../operator/kube/port.ts'
import { leases } from '../../../operator/kube/resource-types.ts'
import { ClusterClaims } from '../../../operator/reconcile/cluster-claims.ts'
import { kubeError, MemoryKube } from '../../support/memory-kube.ts'

class ClaimKube extends MemoryKube {
  readonly applied: unknown[] = []
  refuses: Error | undefined
  mayReadLeases = true

  override apply<T extends KubeObject>(_type: ResourceType, object: T, options: ApplyOptions): Promise<T> {
    this.applied.push({ ...options, ...object.metadata, status: object['status'] })
    return this.refuses ? Promise.reject(this.refuses) : Promise.resolve(object)
  }

  override get<T extends KubeObject>(type: ResourceType, key: ObjectKey): Promise<T | undefined> {
    if (!this.mayReadLeases) return Promise.reject(kubeError(403, 'Forbidden'))
    return super.get<T>(type, key)
  }
}

const cluster = (operator?: string): BrokerCluster =>
  ({
    metadata: { namespace: 'shop', name: 'orders', uid: 'u1', resourceVersion: '7' },
    ...(operator !== undefined && { status: { operator } }),
  }) as BrokerCluster

function start() {
  const client = new ClaimKube()
  const clock = new ManualClock()
  const conflicts: string[] = []
  const claims = new ClusterClaims({
    client,
    clock,
    lease: { namespace: 'operators', name: 'mine' },
    onConflict: ({ metadata }, owner) => conflicts.push(`${metadata.name} ${owner}`),
  })
  const renew = async () => {
    const lease = { apiVersion: leases.apiVersion, kind: leases.kind, metadata: { namespace: 'north', name: 'other' } }
    const known = await client.get(leases, lease.metadata)
    await (known ? client.replace(leases, { ...known, renewed: clock.nowMs() }) : client.create(leases, lease))
  }
  return { client, clock, conflicts, claims, renew }
}

describe('a cluster', () => {
  test('that is nobody’s is claimed without force, once, though the cache is behind', async () => {
    const { client, claims } = start()
    expect(await claims.isOurs(cluster())).toBe(true)
    expect(await claims.isOurs(cluster())).toBe(true)
    expect(await claims.isOurs(cluster('operators/mine'))).toBe(true)
    expect(client.applied).toEqual([
      {
        fieldManager: expect.stringMatching(/^flotilla-operator\/[0-9a-z]+$/),
        force: false,
        subresource: 'status',
        namespace: 'shop',
        name: 'orders',
        uid: 'u1',
        status: { operator: 'operators/mine' },
      },
    ])
  })

  test('that somebody else has claimed at the same time is left alone', async () => {
    const { client, claims } = start()
    client.refuses = kubeError(409, 'Conflict')
    expect(await claims.isOurs(cluster())).toBe(false)
    client.refuses = kubeError(500, 'InternalError')
    await expect(claims.isOurs(cluster())).rejects.toBe(client.refuses)
  })

  test('of an operator that is at work is left alone for as long as it is, and that is told once', async () => {
    const { client, clock, conflicts, claims, renew } = start()
    for (let minute = 0; minute < 5; minute++) {
      await renew()
      expect(await claims.isOurs(cluster('north/other'))).toBe(false)
      clock.advance(50_000)
    }
    expect(conflicts).toEqual(['orders north/other'])
    expect(client.applied).toEqual([])
  })

  test.each([
    ['whose Lease stands still', true],
    ['whose Lease is not there', false],
  ])('of an operator %s is taken over after a minute, from the state that was judged', async (_title, exists) => {
    const { client, clock, claims, renew } = start()
    if (exists) await renew()
    expect(await claims.isOurs(cluster('north/other'))).toBe(false)
    clock.advance(59_000)
    expect(await claims.isOurs(cluster('north/other'))).toBe(false)
    clock.advance(5_000)
    expect(await claims.isOurs(cluster('north/other'))).toBe(true)
    expect(client.applied).toMatchObject([{ force: true, resourceVersion: '7' }])
  })

  test('of an operator whose Lease may not be read stays its own', async () => {
    const { client, clock, claims } = start()
    client.mayReadLeases = false
    for (let minute = 0; minute < 5; minute++) {
      expect(await claims.isOurs(cluster('north/other'))).toBe(false)
      clock.advance(60_000)
    }
    expect(client.applied).toEqual([])
  })

  test('of an operator with many is asked about once in a while', async () => {
    const { client, claims, renew } = start()
    await renew()
    client.calls.length = 0
    for (let count = 0; count < 100; count++) await claims.isOurs(cluster('north/other'))
    expect(client.calls).toEqual(['get leases north/other'])
  })
})
