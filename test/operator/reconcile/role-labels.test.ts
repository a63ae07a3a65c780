import { expect, test } from '@jest/globals'
import { labels } from '../../../operator/api/names.ts'
import { applyRoleLabels } from '../../../operator/reconcile/role-labels.ts'
import { FakeKube } from '../../support/fake-kube.ts'
import { seenMember } from '../../support/seen-member.ts'

test('a pod that went, or whose name another one has, is passed over: the others get their labels', async () => {
  const kube = new FakeKube()
  const podOf = (name: string) =>
    kube.put({ apiVersion: 'v1', kind: 'Pod', metadata: { namespace: 'shop', name, labels: {} } })
  const [gone, reborn, active] = [podOf('orders-g0-0'), podOf('orders-g0-1'), podOf('orders-g0-2')]
  kube.remove(gone)
  kube.remove(reborn)
  podOf('orders-g0-1')
  const written = await applyRoleLabels(kube, [
    seenMember('orders-g0-0', { pod: gone, role: 'Standby' }),
    seenMember('orders-g0-1', { pod: reborn, role: 'Standby' }),
    seenMember('orders-g0-2', { pod: active, role: 'Active', term: 1 }),
  ])
  expect(written).toBe(3)
  const roles = kube.all('Pod').map(({ metadata }) => [metadata.name, metadata.labels?.[labels.role]])
  expect(new Map(roles as [string, string][])).toEqual(
    new Map([
      ['orders-g0-1', undefined],
      ['orders-g0-2', 'active'],
    ]),
  )
})
