// Where a group drains to that is no longer in the plan.
import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { problemOfDiscoveryUri } from '../../../broker/base/discovery-outline.ts'
import type { BrokerCluster } from '../../../operator/api/broker-cluster.ts'
import type { BrokerClusterSpecInput } from '../../../operator/api/spec-schema.ts'
import { parseSpec } from '../../../operator/api/validate.ts'
import { neighboursOf, planDrainTargets } from '../../../operator/topology/drain-targets.ts'
import type { ClusterPlan } from '../../../operator/topology/plan.ts'
import { planCluster } from '../../../operator/topology/planner.ts'
import { goodNetworks } from '../api/rules/wrong-networks.ts'
import { networkOf, sharedPair, threeServers } from '../../support/cluster-harness.ts'

const metadata = { name: 'orders', namespace: 'shop', uid: 'uid-1' }

function plan(spec: BrokerClusterSpecInput): ClusterPlan {
  const parsed = parseSpec({ metadata, spec } as BrokerCluster)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return planCluster(metadata, parsed.spec, { defaultImage: 'broker:1' })
}

const uri = (group: string, members: number): string => {
  const hosts = Array.from({ length: members }, (_, n) => `tcp://orders-${group}-${n}.orders-${group}.shop.svc:61616`)
  return `${members > 1 ? 'masterslave' : 'static'}:(${hosts.join(',')})`
}

describe('the neighbours of a group', () => {
  test('are those that it dials, and those that dial it', () => {
    expect(neighboursOf('g1', plan(networkOf({ layout: 'Mesh' }, 3)).edges)).toEqual(['g0', 'g2'])
    expect(neighboursOf('g3', plan(networkOf({ layout: 'Ring' }, 4)).edges)).toEqual(['g0', 'g2'])
    expect(neighboursOf('bc', plan(threeServers()).edges)).toEqual(['a'])
    expect(neighboursOf('g0', plan(sharedPair()).edges)).toEqual([])
    const oneWay = { layout: 'Mesh', connectorDefaults: { duplex: false } } as const
    expect(neighboursOf('g0', plan(networkOf(oneWay, 2)).edges)).toEqual(['g1'])
  })
})

describe('a group drains', () => {
  test('to whoever is active of each neighbour that stays', () => {
    expect(planDrainTargets(plan(networkOf({ layout: 'Mesh' }, 3)), 'g0,g2,g7')).toEqual([uri('g0', 2), uri('g2', 2)])
    expect(planDrainTargets(plan(threeServers(3)), 'a,bc')).toEqual([uri('a', 1), uri('bc', 3)])
  })

  test('to all that stay when it has no neighbour among them, or none is known', () => {
    for (const known of [undefined, '', 'g7,g8'])
      expect(planDrainTargets(plan(networkOf({ layout: 'Mesh' }, 2, 1)), known)).toEqual([uri('g0', 1), uri('g1', 1)])
  })

  test('to the first OpenWire connector, whatever its port', () => {
    const transportConnectors = [
      { name: 'clients', port: 61_700 },
      { name: 'bridges', port: 61_701 },
    ]
    expect(planDrainTargets(plan({ ...sharedPair(), transportConnectors }), undefined)[0]).toMatch(/:61700\)$/)
  })

  test('to URIs that brokers take, each group once, and to nobody who is not in the plan', () => {
    const names = fc.subarray(['g0', 'g1', 'g2', 'g3', 'a', 'bc', 'hub', 'elsewhere'])
    fc.assert(
      fc.property(fc.constantFrom(...goodNetworks), fc.option(names, { nil: undefined }), ({ spec }, neighbours) => {
        const cluster = plan(spec)
        const to = planDrainTargets(cluster, neighbours?.join(','))
        const hosts = to.flatMap((target) => [...target.matchAll(/tcp:\/\/([^:]+):/g)].map(([, host]) => host!))
        const groups = cluster.groups.filter(({ members }) => members.some(({ host }) => hosts.includes(host)))
        expect(hosts).toEqual(groups.flatMap(({ members }) => members.map(({ host }) => host)))
        expect(to).toHaveLength(groups.length)
        const staying = cluster.groups.filter(({ name }) => neighbours?.includes(name))
        expect(groups).toEqual(staying.length > 0 ? staying : cluster.groups)
        for (const target of to) expect(problemOfDiscoveryUri(target)).toBeNull()
      }),
    )
  })
})
