// What brokers tell by themselves: at rest nobody is asked, and what changes is seen at once.
import { describe, expect, test } from '@jest/globals'
import { fastPollMs, restPollMs, slowPollMs, watchRetryMs } from '../../../operator/reconcile/limits.ts'
import { settle } from '../../support/memory-kube.ts'
import { type ClusterHarness, rolesOf, settledPair, sharedPair } from '../../support/cluster-harness.ts'

/** A pair whose brokers have told their roles. */
async function atRest(): Promise<ClusterHarness> {
  const harness = await settledPair()
  await settle()
  await harness.reconcile()
  harness.woken.length = 0
  return harness
}

const nextMs = async (harness: ClusterHarness): Promise<number | undefined> =>
  (await harness.reconcile()).requeueAfterMs

describe('a cluster at rest', () => {
  test('is looked at rarely when all its brokers tell by themselves, and not with all others in one moment', async () => {
    const harness = await atRest()
    const times = [await nextMs(harness), await nextMs(harness)] as [number, number]
    for (const time of times) {
      expect(time).toBeGreaterThanOrEqual(restPollMs * 0.75)
      expect(time).toBeLessThanOrEqual(restPollMs * 1.25)
    }
    expect(times[0]).not.toBe(times[1])
  })

  test('is asked as before while one of its brokers does not', async () => {
    const harness = await settledPair()
    harness.world.tellsRoles = false
    harness.startOperator()
    await nextMs(harness)
    await settle()
    expect(await nextMs(harness)).toBe(slowPollMs)
  })

  test('keeps one connection to each broker, and none when it is gone', async () => {
    const harness = await atRest()
    await harness.reconcile()
    expect(harness.world.watchCount).toBe(2)
    harness.kube.remove(harness.kube.read('BrokerCluster', { namespace: 'shop', name: 'orders' })!)
    await harness.reconcile()
    expect(harness.world.watchCount).toBe(0)
  })
})

describe('a cluster is woken', () => {
  test('by the end of a broker, and by who takes over', async () => {
    const harness = await atRest()
    const before = harness.world.activeOf('orders')!
    const after = before === 'orders-g0-0' ? 'orders-g0-1' : 'orders-g0-0'
    harness.clock.advance(restPollMs)
    harness.world.crash(before)
    expect(harness.woken).toEqual(['orders'])
    expect(await nextMs(harness)).toBe(fastPollMs)
    harness.woken.length = 0
    harness.world.tick()
    expect(harness.world.activeOf('orders')).toBe(after)
    expect(harness.woken).toEqual(['orders'])
    await harness.reconcile()
    expect(rolesOf(harness)).toContain(`${after} active`)
  })

  test('once by a broker whose connections do not last, which is asked as before then', async () => {
    const harness = await atRest()
    harness.clock.advance(watchRetryMs)
    const [pod] = harness.world.pods()
    harness.world.unreachable.add(pod!.metadata.name)
    harness.world.tell()
    harness.world.unreachable.clear()
    await harness.reconcile()
    await settle()
    harness.world.unreachable.add(pod!.metadata.name)
    harness.world.tell()
    harness.world.unreachable.clear()
    harness.woken.length = 0
    expect(await nextMs(harness)).toBe(slowPollMs)
    expect(harness.world.watchCount).toBe(1)
    harness.clock.advance(watchRetryMs)
    await harness.reconcile()
    expect(harness.world.watchCount).toBe(2)
    expect(harness.woken).toEqual([])
  })

  test('by a member that is added, from then on', async () => {
    const harness = await atRest()
    harness.apply(sharedPair({}, 3))
    await harness.run(() => harness.isSettled() && harness.world.watchCount === 3)
  })
})
