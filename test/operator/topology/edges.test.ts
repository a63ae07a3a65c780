// Which groups are joined, whom a broker dials for it, and who is restarted when that changes.
import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { parseBrokerConfig } from '../../../broker/config/parse.ts'
import type { BrokerCluster } from '../../../operator/api/broker-cluster.ts'
import type { NetworkSpec } from '../../../operator/api/network-schema.ts'
import { type BrokerClusterSpecInput, specSchema } from '../../../operator/api/spec-schema.ts'
import { parseSpec } from '../../../operator/api/validate.ts'
import { planEdges } from '../../../operator/topology/edges.ts'
import type { ClusterPlan, EdgePlan } from '../../../operator/topology/plan.ts'
import { planCluster } from '../../../operator/topology/planner.ts'
import { goodNetworks } from '../api/rules/wrong-networks.ts'
import { networkOf, sharedPair, single, threeServers } from '../../support/cluster-harness.ts'

const metadata = { name: 'orders', namespace: 'shop', uid: 'uid-1' }

function plan(spec: BrokerClusterSpecInput): ClusterPlan {
  const parsed = parseSpec({ metadata, spec } as BrokerCluster)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return planCluster(metadata, parsed.spec, { defaultImage: 'broker:1' })
}

const joins = ({ edges }: ClusterPlan): string[] =>
  edges.map(({ from, to, duplex }) => `${from} ${duplex ? '=' : '>'} ${to}`)
const hops = ({ edges }: ClusterPlan): number[] => [
  ...new Set(edges.flatMap((edge) => [edge.messageTTL, edge.consumerTTL])),
]
const connectorsOf = ({ groups }: ClusterPlan, group: string) =>
  groups.find(({ name }) => name === group)!.brokerConfig.networkConnectors

describe('layouts', () => {
  test('a mesh joins each pair once, in both directions, and the later group dials', () => {
    expect(joins(plan(networkOf({ layout: 'Mesh' }, 3)))).toEqual(['g1 = g0', 'g2 = g0', 'g2 = g1'])
    expect(hops(plan(networkOf({ layout: 'Mesh' }, 3)))).toEqual([1])
  })

  test('spokes dial the hub, and reach each other over it', () => {
    const hub = plan(networkOf({ layout: 'HubSpoke', hub: 'g1' }, 3))
    expect(joins(hub)).toEqual(['g0 = g1', 'g2 = g1'])
    expect(hops(hub)).toEqual([2])
    expect(connectorsOf(hub, 'g1')).toBeUndefined()
  })

  test('in a ring each dials the one before, and the last one closes it', () => {
    expect(joins(plan(networkOf({ layout: 'Ring' }, 4)))).toEqual(['g1 = g0', 'g2 = g1', 'g3 = g2', 'g3 = g0'])
    expect(joins(plan(networkOf({ layout: 'Ring' }, 2)))).toEqual(['g1 = g0'])
    expect([2, 3, 4, 5, 16].map((groups) => hops(plan(networkOf({ layout: 'Ring' }, groups))))).toEqual(
      [1, 1, 2, 2, 8].map((ttl) => [ttl]),
    )
  })

  test('edges that somebody draws lead in one direction, unless they say that they are duplex', () => {
    const drawn = (edges: NetworkSpec['edges']) => joins(plan(networkOf({ layout: 'Custom', edges }, 2)))
    expect(drawn([{ name: 'a', from: 'g0', to: 'g1' }])).toEqual(['g0 > g1'])
    expect(drawn([{ name: 'a', from: 'g0', to: 'g1', connector: { duplex: true } }])).toEqual(['g0 = g1'])
    expect(
      drawn([
        { name: 'a', from: 'g0', to: 'g1' },
        { name: 'b', from: 'g1', to: 'g0' },
      ]),
    ).toEqual(['g0 > g1', 'g1 > g0'])
  })

  test('without duplex each end of a made layout dials for what it sends', () => {
    const network = { layout: 'Mesh', connectorDefaults: { duplex: false } } as const
    expect(joins(plan(networkOf(network, 2)))).toEqual(['g1 > g0', 'g0 > g1'])
  })

  test('topologies of one group have no edges', () => {
    for (const spec of [sharedPair(), single()]) {
      const { edges, groups } = plan(spec)
      expect(edges).toEqual([])
      expect(groups[0]!.brokerConfig).not.toHaveProperty('brokerId')
      expect(groups[0]!.brokerConfig).not.toHaveProperty('networkConnectors')
    }
  })
})

describe('what a broker is told', () => {
  test('the three servers: A dials whichever of B and C is active', () => {
    const cluster = plan(threeServers())
    expect(connectorsOf(cluster, 'a')).toEqual([
      {
        name: 'a-to-bc',
        uri: 'masterslave:(tcp://orders-bc-0.orders-bc.shop.svc:61616,tcp://orders-bc-1.orders-bc.shop.svc:61616)',
        duplex: true,
        prefetchSize: 200,
        dynamicallyIncludedDestinations: ['queue://orders.>'],
      },
    ])
    expect(connectorsOf(cluster, 'bc')).toBeUndefined()
    expect(cluster.endpoints[0]!.url).toBe(
      'failover:(tcp://orders-a-0.orders-a.shop.svc:61616,tcp://orders-bc-0.orders-bc.shop.svc:61616,tcp://orders-bc-1.orders-bc.shop.svc:61616)',
    )
  })

  test('a single broker is dialled by itself; what an edge says counts more than the defaults', () => {
    const cluster = plan({
      ...networkOf(
        {
          layout: 'Custom',
          connectorDefaults: {
            networkTTL: 3,
            conduitSubscriptions: false,
            transportConnector: 'bridges',
            reconnect: { initialDelay: '500ms', maxDelay: '5s', exponentialBackOff: false, backOffMultiplier: '3' },
          },
          edges: [
            { name: 'one', from: 'g0', to: 'g1' },
            { name: 'two', from: 'g1', to: 'g2', connector: { messageTTL: 2, conduitSubscriptions: true } },
            { name: 'three', from: 'g2', to: 'g0', connector: { networkTTL: -1, transportConnector: 'openwire' } },
          ],
        },
        3,
        1,
      ),
      transportConnectors: [
        { name: 'openwire', port: 61_616 },
        { name: 'bridges', port: 61_620 },
      ],
    })
    const options = '?initialReconnectDelay=500&maxReconnectDelay=5000&useExponentialBackOff=false&backOffMultiplier=3'
    const uri = (group: string, port: number) =>
      `static:(tcp://orders-${group}-0.orders-${group}.shop.svc:${port})${options}`
    expect(connectorsOf(cluster, 'g0')).toEqual([
      { name: 'one', uri: uri('g1', 61_620), messageTTL: 3, consumerTTL: 3, conduitSubscriptions: false },
    ])
    expect(connectorsOf(cluster, 'g1')).toEqual([
      { name: 'two', uri: uri('g2', 61_620), messageTTL: 2, consumerTTL: 3, conduitSubscriptions: true },
    ])
    expect(connectorsOf(cluster, 'g2')).toEqual([
      { name: 'three', uri: uri('g0', 61_616), messageTTL: -1, consumerTTL: -1, conduitSubscriptions: false },
    ])
  })

  test.each(goodNetworks)('is a file that brokers take: $title', ({ spec }) => {
    for (const { brokerConfig } of plan(spec).groups)
      expect(parseBrokerConfig(brokerConfig)).toMatchObject({ ok: true })
  })

  test('Static names every member by itself', () => {
    const network = { layout: 'Mesh', connectorDefaults: { discovery: 'Static' } } as const
    expect(connectorsOf(plan(networkOf(network, 2)), 'g1')![0]!.uri).toMatch(/^static:\(tcp:.*,tcp:.*\)$/)
  })

  test('Multicast finds whoever of the group announces itself, and is announced only where somebody looks', () => {
    const multicast = (discovery: 'Multicast' | 'MasterSlave') =>
      plan(
        networkOf({ layout: 'Custom', edges: [{ name: 'found', from: 'g0', to: 'g1', connector: { discovery } }] }, 2),
      )
    const cluster = multicast('Multicast')
    const [g0, g1] = cluster.groups.map(({ brokerConfig }) => brokerConfig.transportConnectors![0]!)
    expect(connectorsOf(cluster, 'g0')).toEqual([{ name: 'found', uri: 'multicast://shop.orders.g1' }])
    expect(g1).toEqual({ ...g0, discoveryUri: 'multicast://shop.orders.g1' })
    const both = { configuration: ['g0', 'g1'], restarted: ['g0', 'g1'] }
    expect(changed(multicast('MasterSlave'), cluster)).toEqual(both)
    for (const { brokerConfig } of cluster.groups) expect(parseBrokerConfig(brokerConfig)).toMatchObject({ ok: true })
  })

  test('each group has an id of its own that no other cluster has, the same for all its members', () => {
    const ids = (uid: string) =>
      planCluster({ ...metadata, uid }, specSchema.parse(networkOf({ layout: 'Mesh' }, 3)), {
        defaultImage: 'b',
      }).groups.map(({ brokerConfig }) => brokerConfig.brokerId)
    expect(ids('uid-1')).toEqual(
      [0, 1, 2].map((index) => expect.stringMatching(new RegExp(`^ID:orders-g${index}-[0-9a-f]{10}$`))),
    )
    expect(new Set([...ids('uid-1'), ...ids('uid-2')]).size).toBe(6)
  })

  test('names of connectors fit however long those of groups are', () => {
    const names = ['a'.repeat(40), `${'a'.repeat(39)}b`, 'c']
    const groups = names.map((name) => ({ name, ...sharedPair().groupTemplate! }))
    const { edges } = plan({ topology: { type: 'Combined', network: { layout: 'Mesh' } }, groups })
    expect(edges.map(({ name }) => name.length <= 63)).toEqual([true, true, true])
    expect(new Set(edges.map(({ name }) => name)).size).toBe(3)
  })

  test('what clients are told of other brokers is in the file only where it is asked for', () => {
    const spec = networkOf({ layout: 'Mesh' }, 2)
    const connector = { name: 'openwire', port: 61_616, rebalanceClusterClients: true, updateClusterClients: true }
    const [quiet, telling] = [spec, { ...spec, transportConnectors: [connector] }].map(
      (one) => plan(one).groups[0]!.brokerConfig.transportConnectors![0]!,
    )
    expect(telling).toEqual({ ...quiet, updateClusterClients: true, rebalanceClusterClients: true })
  })
})

test('edges are between groups that there are', () => {
  const spec = specSchema.parse(networkOf({ layout: 'Custom', edges: [{ name: 'x', from: 'g0', to: 'x' }] }, 2))
  expect(() => planEdges(spec, [{ name: 'g0', members: [] }])).toThrow('between groups that there are')
  const itself = specSchema.parse(networkOf({ layout: 'Custom', edges: [{ name: 'x', from: 'g0', to: 'g0' }] }, 2))
  expect(() => planEdges(itself, [{ name: 'g0', members: [] }])).toThrow('not joined with itself')
})

/** Who has another configuration, and who is restarted. */
function changed(before: ClusterPlan, after: ClusterPlan) {
  const common = before.groups.flatMap((group) => {
    const now = after.groups.find(({ name }) => name === group.name)
    return now ? [[group, now] as const] : []
  })
  const differing = (of: (group: ClusterPlan['groups'][number]) => unknown) =>
    common.filter(([then, now]) => JSON.stringify(of(then)) !== JSON.stringify(of(now))).map(([{ name }]) => name)
  return {
    configuration: differing(({ brokerConfig }) => brokerConfig),
    restarted: differing(({ revision }) => revision),
  }
}

describe('a group that joins or leaves', () => {
  test('changes nobody else in a mesh, and nobody else with a hub', () => {
    const nobody = { configuration: [], restarted: [] }
    for (const network of [{ layout: 'Mesh' }, { layout: 'HubSpoke', hub: 'g0' }] as const) {
      const [small, large] = [3, 4].map((groups) => plan(networkOf(network, groups))) as [ClusterPlan, ClusterPlan]
      expect([network.layout, changed(small, large)]).toEqual([network.layout, nobody])
      expect([network.layout, changed(large, small)]).toEqual([network.layout, nobody])
    }
  })

  test('changes the one in a ring that was the last, when the way round is said', () => {
    const ring = (groups: number) => plan(networkOf({ layout: 'Ring', connectorDefaults: { networkTTL: 8 } }, groups))
    expect(changed(ring(4), ring(5))).toEqual({ configuration: ['g3'], restarted: ['g3'] })
    expect(changed(ring(5), ring(4))).toEqual({ configuration: ['g3'], restarted: ['g3'] })
  })

  test('is new to a network, and is restarted once: it gets an id that lasts', () => {
    const [alone, joined] = [plan(sharedPair()), plan(networkOf({ layout: 'Mesh' }, 2))]
    expect(changed(alone, joined)).toEqual({ configuration: ['g0'], restarted: ['g0'] })
  })

  test('a standby more restarts those that dial its group, and not the group', () => {
    const change = changed(plan(threeServers()), plan(threeServers(3)))
    expect(change).toEqual({ configuration: ['a'], restarted: ['a'] })
  })
})

/** Any network of up to six groups, whose edges and TTLs make sense or not. */
const networks = fc
  .record({ groups: fc.integer({ min: 2, max: 6 }), layout: fc.constantFrom('Mesh', 'HubSpoke', 'Ring', 'Custom') })
  .chain(({ groups, layout }) =>
    fc.record({
      groups: fc.constant(groups),
      network: fc.record({
        layout: fc.constant(layout),
        ...(layout === 'HubSpoke' && { hub: fc.nat(groups - 1).map((index) => `g${index}`) }),
        ...(layout === 'Custom' && { edges: edgesOf(groups) }),
        connectorDefaults: fc.record({ duplex: fc.boolean(), messageTTL: ttl, consumerTTL: ttl }, { requiredKeys: [] }),
      }),
    }),
  )
const ttl = fc.constantFrom(-1, 1, 2, 3, 7)

function edgesOf(groups: number) {
  const group = fc.nat(groups - 1).map((index) => `g${index}`)
  const connector = fc.record({ duplex: fc.boolean(), messageTTL: ttl, consumerTTL: ttl }, { requiredKeys: [] })
  return fc
    .uniqueArray(fc.record({ from: group, to: group, connector }), {
      minLength: 1,
      maxLength: 12,
      selector: ({ from, to }) => `${from} ${to}`,
    })
    .map((edges) => edges.map((edge, index) => ({ name: `e${index}`, ...edge })))
}

describe('any network that is accepted', () => {
  const accepted = (check: (cluster: ClusterPlan, groups: string[]) => void) => {
    let planned = 0
    fc.assert(
      fc.property(networks, ({ network, groups }) => {
        const spec = networkOf(network, groups)
        const parsed = parseSpec({ metadata, spec } as BrokerCluster)
        if (!parsed.ok) return
        planned++
        const cluster = planCluster(metadata, parsed.spec, { defaultImage: 'broker:1' })
        check(
          cluster,
          cluster.groups.map(({ name }) => name),
        )
      }),
      { numRuns: 500 },
    )
    expect(planned).toBeGreaterThan(50)
  }

  test('has each edge exactly once, as a connector of the group that dials', () => {
    accepted((cluster, groups) => {
      const told = groups.flatMap((group) => (connectorsOf(cluster, group) ?? []).map(({ name }) => `${group} ${name}`))
      expect(told.toSorted()).toEqual(cluster.edges.map(({ from, name }) => `${from} ${name}`).toSorted())
      const directions = arcsOf(cluster.edges).map(({ from, to }) => `${from} ${to}`)
      expect(new Set(directions).size).toBe(directions.length)
    })
  })

  test('gets messages to every consumer that there is a way to, and no further than the TTL, and never in a circle', () => {
    accepted(({ edges }, groups) => {
      for (const consumer of groups)
        for (const sender of groups) {
          if (sender === consumer || !isJoined(edges, sender, consumer)) continue
          expect(flow(edges, sender, consumer)).toBeDefined()
        }
    })
  })

  test('joins every group', () => {
    accepted(({ edges }, [first, ...others]) => {
      const both = edges.map((edge) => ({ ...edge, duplex: true }))
      for (const other of others) expect(isJoined(both, first!, other)).toBe(true)
    })
  })
})

const arcsOf = (edges: readonly EdgePlan[]) =>
  edges.flatMap((edge) => (edge.duplex ? [edge, { ...edge, from: edge.to, to: edge.from }] : [edge]))

function isJoined(edges: readonly EdgePlan[], from: string, to: string, seen: readonly string[] = []): boolean {
  if (from === to) return true
  return arcsOf(edges).some(
    (arc) => arc.from === from && !seen.includes(arc.to) && isJoined(edges, arc.to, to, [...seen, from]),
  )
}

/**
 * The brokers that a message passes from the sender to the consumer, as bridges decide it one by one: demand comes with the
 * path that it has taken, and so does the message.
 */
function flow(edges: readonly EdgePlan[], sender: string, consumer: string): readonly string[] | undefined {
  const passes = (ttl: number, path: readonly string[]) => ttl < 0 || path.length < ttl
  // Where demand comes to, by which path of brokers.
  const demand: (readonly string[])[] = [[consumer]]
  for (const way of demand) {
    const [here, path] = [way.at(-1)!, way.slice(0, -1)]
    for (const { from, to, consumerTTL } of arcsOf(edges))
      if (to === here && passes(consumerTTL, path) && !way.includes(from)) demand.push([...way, from])
  }
  return demand.find((way) => {
    const brokers = way.toReversed()
    if (brokers[0] !== sender) return false
    return brokers.slice(1).every((to, index) => {
      const path = brokers.slice(0, index)
      const arc = arcsOf(edges).find((one) => one.from === brokers[index] && one.to === to)!
      return passes(arc.messageTTL, path) && !path.includes(to)
    })
  })
}
