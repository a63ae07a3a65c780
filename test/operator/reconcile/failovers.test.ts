// What the operator makes of members that fail, take over, contradict each other or do not answer.
import { describe, expect, test } from '@jest/globals'
import { rolesOf, settledPair } from '../../support/cluster-harness.ts'

describe('a failover', () => {
  test('is seen, labelled and told, and needs nothing of the operator', async () => {
    const harness = await settledPair()
    const before = harness.world.activeOf('orders')!
    harness.world.crash(before)
    harness.world.tick()
    const after = harness.world.activeOf('orders')!
    expect(after).not.toBe(before)
    await harness.run()
    expect(rolesOf(harness).sort()).toEqual([`${after} active`, `${before} standby`].sort())
    expect(harness.cluster.status!.groups![0]).toMatchObject({
      active: after,
      lock: { term: 2 },
      lastFailover: { from: before, to: after, reason: 'Failover' },
    })
    expect(harness.events.map(({ reason }) => reason)).toEqual(['Created', 'FailoverCompleted'])
  })

  test('in which the operator saw nobody active for a while is told as one', async () => {
    const harness = await settledPair()
    const before = harness.world.activeOf('orders')!
    harness.world.crash(before)
    await harness.reconcile()
    expect(harness.condition('Available')).toMatchObject({ status: 'False', reason: 'GroupWithoutActive' })
    await harness.run()
    const after = harness.world.activeOf('orders')!
    if (after !== before)
      expect(harness.cluster.status!.groups![0]!.lastFailover).toMatchObject({ from: before, to: after })
  })

  test('without a second member ready afterwards is Degraded', async () => {
    const harness = await settledPair()
    const before = harness.world.activeOf('orders')!
    harness.world.brokenRevisions.add(harness.cluster.status!.groups![0]!.revision)
    harness.world.crash(before)
    for (let round = 0; round < 4; round++) {
      harness.world.tick()
      await harness.reconcile()
    }
    expect(harness.condition('Degraded')).toMatchObject({ status: 'True', reason: 'StandbyMissing' })
    expect(harness.condition('Available')).toMatchObject({ status: 'True' })
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'StandbyMissing' })
  })

  test('that two members claim is decided by the higher term', async () => {
    const harness = await settledPair()
    const active = harness.world.activeOf('orders')!
    const other = active === 'orders-g0-0' ? 'orders-g0-1' : 'orders-g0-0'
    Object.assign(harness.world.broker(other)!, { role: 'Active', term: 7, activeSince: '2026-11-21T04:00:00Z' })
    await harness.reconcile()
    expect(harness.condition('Degraded')).toMatchObject({ status: 'True', reason: 'MultipleActives' })
    expect(harness.condition('Available')).toMatchObject({ status: 'Unknown', reason: 'MultipleActives' })
    expect(rolesOf(harness).sort()).toEqual([`${active} undefined`, `${other} active`].sort())
  })

  test('of brokers that cannot be asked leaves the labels as they are', async () => {
    const harness = await settledPair()
    const before = rolesOf(harness)
    for (const { metadata } of harness.world.pods()) harness.world.unreachable.add(metadata.name)
    await harness.reconcile()
    expect(rolesOf(harness)).toEqual(before)
    expect(harness.condition('Ready')).toMatchObject({ status: 'Unknown', reason: 'MembersUnreachable' })
    expect(harness.condition('Available')).toMatchObject({ status: 'Unknown' })
  })
})
