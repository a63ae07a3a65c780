import { expect, test } from '@jest/globals'
import { specSchema } from '../../../operator/api/spec-schema.ts'
import { planEdges } from '../../../operator/topology/edges.ts'
import { planCluster } from '../../../operator/topology/planner.ts'
import { sharedPair, single } from '../../support/cluster-harness.ts'

const metadata = { name: 'orders', namespace: 'shop', uid: 'uid-1' }
const group = sharedPair().groupTemplate!
const { groups } = planCluster(
  metadata,
  specSchema.parse({
    topology: { type: 'MasterSlave' },
    groups: ['a', 'b', 'c'].map((name) => ({ name, ...group })),
  }),
  { defaultImage: 'broker:1' },
)

test('an edge names all members of the group that it leads to: whoever is active there is found', () => {
  expect(
    planEdges(groups, [
      { from: 'a', to: 'b' },
      { from: 'b', to: 'a' },
      { from: 'c', to: 'a' },
    ]),
  ).toEqual([
    { from: 'a', to: 'b', hosts: ['orders-b-0.orders-b.shop.svc', 'orders-b-1.orders-b.shop.svc'] },
    { from: 'b', to: 'a', hosts: ['orders-a-0.orders-a.shop.svc', 'orders-a-1.orders-a.shop.svc'] },
    { from: 'c', to: 'a', hosts: ['orders-a-0.orders-a.shop.svc', 'orders-a-1.orders-a.shop.svc'] },
  ])
})

test('links lead from one group that there is to another one', () => {
  expect(() => planEdges(groups, [{ from: 'a', to: 'x' }])).toThrow('between groups that there are')
  expect(() => planEdges(groups, [{ from: 'x', to: 'a' }])).toThrow('between groups that there are')
  expect(() => planEdges(groups, [{ from: 'a', to: 'a' }])).toThrow('not linked with itself')
})

test('topologies of one group have no edges', () => {
  for (const spec of [sharedPair(), single()])
    expect(planCluster(metadata, specSchema.parse(spec), { defaultImage: 'broker:1' }).edges).toEqual([])
})
