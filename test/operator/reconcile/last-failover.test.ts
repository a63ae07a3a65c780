// Why the active changed, as the status tells it: what became of the pod of the former one says whether it was stopped.
import { expect, test } from '@jest/globals'
import type { BrokerClusterStatus } from '../../../operator/api/status-schema.ts'
import type { Judgement } from '../../../operator/reconcile/judgement.ts'
import type { SeenMember } from '../../../operator/reconcile/observe.ts'
import { buildStatus } from '../../../operator/reconcile/status.ts'
import { buildSnapshot } from '../../support/broker-world.ts'
import { seenMember } from '../../support/seen-member.ts'

const heir = 'orders-g0-1'
const heirSince = '2026-11-21T03:10:00Z'

const active = seenMember(
  heir,
  {
    role: 'Active',
    term: 2,
    snapshot: buildSnapshot(heir, { role: 'Active', term: 2, activeSince: heirSince }),
  },
  '2026-11-21T03:00:00Z',
)

function reasonFor(before: SeenMember | undefined, previous: Partial<BrokerClusterStatus>): string | undefined {
  const conditions = previous.conditions ?? []
  const cluster = {
    metadata: { name: 'orders', namespace: 'shop', uid: 'u' },
    spec: {},
    status: { ...previous, conditions },
  }
  const judgement = {
    cluster,
    plan: undefined,
    problems: [],
    rollout: { state: 'Idle', pending: [] },
    rolloutMessage: '',
    leaving: [],
    drainsRefused: new Map(),
    observation: { members: before ? [before, active] : [active] },
    nowMs: Date.parse(heirSince),
  } as unknown as Judgement
  return buildStatus(judgement).groups?.[0]?.lastFailover?.reason
}

const group = { name: 'g0', standbys: [heir], replicas: 2, readyReplicas: 2, updatedReplicas: 2, revision: 'r' }
const seenActive = { groups: [{ ...group, active: 'orders-g0-0', activeSince: '2026-11-21T03:00:00Z' }] }
const seenNobody: Partial<BrokerClusterStatus> = {
  groups: [{ ...group, lock: { type: 'File', holder: 'orders-g0-0', term: 1 } }],
  conditions: [
    {
      type: 'Available',
      status: 'False',
      reason: 'GroupWithoutActive',
      message: '',
      observedGeneration: 1,
      lastTransitionTime: '2026-11-21T03:09:58Z',
    },
  ],
}
const older = '2026-11-21T02:59:59Z'
const old = '2026-11-21T03:00:00Z'
const anew = '2026-11-21T03:09:59Z'

test.each([
  ['its pod is the one that was active', older, {}, 'Failover'],
  ['its pod is being deleted', older, { terminating: true }, 'Switchover'],
  ['its pod was made anew', anew, {}, 'Switchover'],
] as const)('%s', (_, created, change, reason) => {
  const before = seenMember('orders-g0-0', change, created)
  expect(reasonFor(before, seenActive)).toBe(reason)
  expect(reasonFor(before, seenNobody)).toBe(reason)
})

test('its pod is gone, as after scaling down', () => {
  expect(reasonFor(undefined, seenActive)).toBe('Switchover')
  expect(reasonFor(undefined, seenNobody)).toBe('Switchover')
})

test('its pod was made anew in the second in which it had become active', () => {
  expect(
    reasonFor(seenMember('orders-g0-0', {}, old), { groups: [{ ...seenActive.groups[0]!, activeSince: old }] }),
  ).toBe('Switchover')
})

test('its pod was made, became active and was killed in one second', () => {
  expect(reasonFor(seenMember('orders-g0-0', { hasEnded: true }, old), seenActive)).toBe('Failover')
  const lost = seenNobody.conditions![0]!.lastTransitionTime
  expect(reasonFor(seenMember('orders-g0-0', { hasEnded: true }, lost), seenNobody)).toBe('Failover')
  expect(reasonFor(seenMember('orders-g0-0', {}, lost), seenNobody)).toBe('Switchover')
})

test('its broker does not answer in that second, before the node has told that its container ended', () => {
  const before = seenMember('orders-g0-0', { running: true, role: 'Unknown' }, old)
  expect(reasonFor(before, { groups: [{ ...seenActive.groups[0]!, activeSince: old }] })).toBe('Failover')
  // Nobody was active for a while: by now it may be another pod, which is starting.
  const lost = seenNobody.conditions![0]!.lastTransitionTime
  expect(reasonFor(seenMember('orders-g0-0', { running: true, role: 'Unknown' }, lost), seenNobody)).toBe('Switchover')
})
