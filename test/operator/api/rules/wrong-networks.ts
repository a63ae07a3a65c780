// Of wrong-manifests.ts those that are about topology.network.
import type { BrokerClusterSpecInput } from '../../../../operator/api/spec-schema.ts'
import type { GoodManifest, WrongManifest } from './manifest.ts'

const none = { type: 'None' } as const
const connector = { name: 'openwire', port: 61_616 }
const storage = { claimTemplate: { resources: { requests: { storage: '20Gi' } } } }
const shared = (): BrokerClusterSpecInput => ({
  topology: { type: 'MasterSlave' },
  groupTemplate: { replicas: 2, storage: { type: 'SharedVolume', sharedVolume: storage } },
})
type Network = NonNullable<BrokerClusterSpecInput['topology']['network']>
type Connector = Network['connectorDefaults']
/** Pairs g0, g1 and g2. */
const combined = (network: Network): BrokerClusterSpecInput => ({
  ...shared(),
  topology: { type: 'Combined', network },
  groupCount: 3,
})
const mesh = (connectorDefaults?: Connector) =>
  combined({ layout: 'Mesh', ...(connectorDefaults && { connectorDefaults }) })
const edge = (from: string, to: string, connector?: Connector) => ({
  name: `${from}-to-${to}`,
  from,
  to,
  ...(connector && { connector }),
})
const custom = (...edges: NonNullable<Network['edges']>) => combined({ layout: 'Custom', edges })
const chain = [edge('g0', 'g1'), edge('g1', 'g2')]
const brokerCluster = (groups: number): BrokerClusterSpecInput => ({
  topology: { type: 'BrokerCluster', network: { layout: 'Mesh' } },
  groups: Array.from({ length: groups }, (_, index) => ({ name: `b${index}`, storage: none })),
})
const ring = (): BrokerClusterSpecInput['topology'] => ({ type: 'BrokerCluster', network: { layout: 'Ring' } })
const everyField: Connector = {
  discovery: 'Static',
  transportConnector: 'openwire',
  messageTTL: 2,
  consumerTTL: -1,
  duplex: false,
  dynamicOnly: true,
  staticBridge: false,
  conduitSubscriptions: true,
  conduitNetworkQueueSubscriptions: true,
  decreaseNetworkConsumerPriority: true,
  consumerPriorityBase: -10,
  suppressDuplicateQueueSubscriptions: true,
  suppressDuplicateTopicSubscriptions: false,
  prefetchSize: 100,
  bridgeTempDestinations: false,
  alwaysSyncSend: false,
  useCompression: true,
  useVirtualDestSubs: true,
  syncDurableSubs: true,
  checkDuplicateMessagesOnDuplex: true,
  dynamicallyIncludedDestinations: ['queue://orders.>', 'topic://prices?forceDurable=true'],
  staticallyIncludedDestinations: ['queue://audit'],
  excludedDestinations: ['queue://local.>'],
  reconnect: { initialDelay: '1s', maxDelay: '30s', exponentialBackOff: true, backOffMultiplier: '1.5' },
}

export const goodNetworks: readonly GoodManifest[] = [
  { title: 'a mesh of pairs', spec: mesh() },
  { title: 'spokes and a hub', spec: combined({ layout: 'HubSpoke', hub: 'g2' }) },
  { title: 'a ring of single brokers', spec: { ...brokerCluster(16), topology: ring() } },
  {
    title: 'a broker without a store that is joined with a pair',
    spec: {
      topology: { type: 'Combined', network: { layout: 'Custom', edges: [edge('a', 'bc', { duplex: true })] } },
      groups: [
        { name: 'a', storage: none },
        { name: 'bc', ...shared().groupTemplate! },
      ],
    },
  },
  {
    title: 'every field of a connector',
    spec: {
      ...custom(edge('g0', 'g1', { networkTTL: 3 }), edge('g1', 'g0'), edge('g1', 'g2', { duplex: true })),
      topology: {
        type: 'Combined',
        network: {
          layout: 'Custom',
          edges: [edge('g0', 'g1', { networkTTL: 3 }), edge('g1', 'g0'), edge('g1', 'g2', { duplex: true })],
          connectorDefaults: everyField,
        },
      },
      transportConnectors: [
        {
          ...connector,
          updateClusterClients: true,
          rebalanceClusterClients: true,
          updateClusterClientsOnRemove: true,
        },
      ],
    },
  },
]

export const wrongNetworks: readonly WrongManifest[] = [
  {
    title: 'a network of one pair',
    spec: { ...shared(), topology: { type: 'Combined', network: { layout: 'Mesh' } } },
    by: 'rule',
    field: 'spec.groupCount',
    text: 'BrokerCluster and Combined are groups that are joined; accepted: 2 or more',
  },
  {
    title: 'a network of one broker',
    spec: brokerCluster(1),
    by: 'rule',
    field: 'spec.groups',
    text: 'topology.type BrokerCluster is two groups or more with replicas 1 each',
  },
  {
    title: 'a BrokerCluster with standbys',
    spec: { ...mesh(), topology: { type: 'BrokerCluster', network: { layout: 'Mesh' } } },
    by: 'rule',
    field: 'spec.groupTemplate.replicas',
    text: 'topology.type BrokerCluster has no standbys; accepted: 1',
  },
  {
    title: 'a BrokerCluster with standbys, groups one by one',
    spec: {
      topology: { type: 'BrokerCluster', network: { layout: 'Mesh' } },
      groups: ['a', 'b'].map((name) => ({ name, ...shared().groupTemplate! })),
    },
    by: 'rule',
    field: 'spec.groups',
    operatorField: 'spec.groups[0].replicas',
    text: 'topology.type BrokerCluster is two groups or more with replicas 1 each',
  },
  {
    title: 'a Combined without standbys',
    spec: { ...mesh(), groupTemplate: { storage: none } },
    by: 'rule',
    field: 'spec.groupTemplate.replicas',
    text: 'topology.type Combined has standbys; accepted: 2 or more',
  },
  {
    title: 'a Combined without standbys, groups one by one',
    spec: { ...brokerCluster(2), topology: { type: 'Combined', network: { layout: 'Mesh' } } },
    by: 'rule',
    field: 'spec.groups',
    text: 'topology.type Combined is two groups or more, at least one of them with replicas 2 or more',
  },
  {
    title: 'a network without a layout of it',
    spec: { ...mesh(), topology: { type: 'Combined' } },
    by: 'rule',
    field: 'spec.topology.network',
    text: 'required with topology.type BrokerCluster and Combined',
  },
  {
    title: 'a network of one group',
    spec: { ...shared(), topology: { type: 'MasterSlave', network: { layout: 'Mesh' } } },
    by: 'rule',
    field: 'spec.topology.network',
    text: 'accepted only with them',
  },
  {
    title: 'a layout that there is not',
    spec: { ...mesh(), topology: { type: 'Combined', network: { layout: 'Star' } } },
    by: 'schema',
    field: 'spec.topology.network.layout',
    text: 'supported values: "Mesh", "HubSpoke", "Ring", "Custom"',
  },
  {
    title: 'a mesh with edges',
    spec: combined({ layout: 'Mesh', edges: [edge('g0', 'g1')] }),
    by: 'rule',
    field: 'spec.topology.network.edges',
    text: 'required with layout Custom, and accepted only with it',
  },
  {
    title: 'a Custom layout without edges',
    spec: custom(),
    by: 'rule',
    field: 'spec.topology.network.edges',
    text: 'required with layout Custom, and accepted only with it',
  },
  {
    title: 'spokes without a hub',
    spec: combined({ layout: 'HubSpoke' }),
    by: 'rule',
    field: 'spec.topology.network.hub',
    text: 'required with layout HubSpoke, and accepted only with it',
  },
  {
    title: 'a ring with a hub',
    spec: combined({ layout: 'Ring', hub: 'g0' }),
    by: 'rule',
    field: 'spec.topology.network.hub',
    text: 'required with layout HubSpoke, and accepted only with it',
  },
  {
    title: 'a hub that is no group',
    spec: combined({ layout: 'HubSpoke', hub: 'g3' }),
    by: 'rule',
    field: 'spec.topology.network.hub',
    text: 'there is no such group',
  },
  {
    title: 'an edge to no group',
    spec: custom(...chain, edge('g2', 'g10')),
    by: 'rule',
    field: 'spec.topology.network.edges',
    operatorField: 'spec.topology.network.edges[2].to',
    text: 'from or to is no group',
  },
  {
    title: 'an edge from no group, groups one by one',
    spec: {
      ...brokerCluster(2),
      topology: { type: 'BrokerCluster', network: { layout: 'Custom', edges: [edge('g0', 'b1'), edge('b0', 'b1')] } },
    },
    by: 'rule',
    field: 'spec.topology.network.edges',
    operatorField: 'spec.topology.network.edges[0].from',
    text: 'from or to is no group',
  },
  {
    title: 'an edge from a group to itself',
    spec: custom(...chain, edge('g0', 'g0')),
    by: 'rule',
    field: 'spec.topology.network.edges[2].to',
    text: 'accepted: another one than from',
  },
  {
    title: 'two edges for one way',
    spec: custom(...chain, { ...edge('g0', 'g1'), name: 'again' }),
    by: 'rule',
    field: 'spec.topology.network.edges',
    operatorField: 'spec.topology.network.edges[2]',
    text: 'two lead from the same group to the same one',
  },
  {
    title: 'an edge against a duplex one',
    spec: custom(...chain, edge('g1', 'g0', { duplex: true })),
    by: 'rule',
    field: 'spec.topology.network.edges',
    operatorField: 'spec.topology.network.edges[0]',
    text: 'one leads against a duplex one',
  },
  {
    title: 'edges against each other that are duplex by default',
    spec: combined({
      layout: 'Custom',
      edges: [...chain, edge('g1', 'g0')],
      connectorDefaults: { duplex: true },
    }),
    by: 'rule',
    field: 'spec.topology.network.edges',
    operatorField: 'spec.topology.network.edges[0]',
    text: 'one leads against a duplex one',
  },
  {
    title: 'networkTTL with messageTTL',
    spec: mesh({ networkTTL: 2, messageTTL: 2 }),
    by: 'rule',
    field: 'spec.topology.network.connectorDefaults.networkTTL',
    text: 'networkTTL sets messageTTL and consumerTTL',
  },
  {
    title: 'a TTL with which nothing passes',
    spec: custom(edge('g0', 'g1', { consumerTTL: 0 }), edge('g1', 'g2')),
    by: 'rule',
    field: 'spec.topology.network.edges[0].connector',
    operatorField: 'spec.topology.network.edges[0].connector.consumerTTL',
    text: 'nothing passes; accepted: 1 or more, or -1',
  },
  {
    title: 'a prefetch of nothing',
    spec: mesh({ prefetchSize: 0 }),
    by: 'schema',
    field: 'spec.topology.network.connectorDefaults.prefetchSize',
    text: 'greater than or equal to 1',
  },
  {
    title: 'a destination of no kind',
    spec: mesh({ excludedDestinations: ['orders'] }),
    by: 'schema',
    field: 'spec.topology.network.connectorDefaults.excludedDestinations[0]',
    text: 'should match',
  },
  {
    title: 'a transport connector that there is not',
    spec: mesh({ transportConnector: 'bridges' }),
    by: 'rule',
    field: 'spec.topology.network.connectorDefaults.transportConnector',
    text: 'there is no such connector',
  },
  {
    title: 'a transport connector that there is not, of one edge',
    spec: custom(edge('g0', 'g1', { transportConnector: 'bridges' }), edge('g1', 'g2')),
    by: 'rule',
    field: 'spec.topology.network.edges',
    operatorField: 'spec.topology.network.edges[0].connector.transportConnector',
    text: 'connector.transportConnector is no connector',
  },
  {
    title: 'a group that nobody is joined with',
    spec: custom(edge('g0', 'g1')),
    by: 'operator',
    field: 'spec.topology.network.edges',
    text: 'no edge leads from g0 to g2 or back',
  },
  {
    title: 'a TTL that ends before the next spoke',
    spec: combined({ layout: 'HubSpoke', hub: 'g0', connectorDefaults: { networkTTL: 1 } }),
    by: 'operator',
    field: 'spec.topology.network.connectorDefaults',
    text: 'expected messageTTL and consumerTTL 2 or more, or none: messages of group g1 pass 2 edges to consumers of group g2',
  },
  {
    title: 'a TTL of one edge that ends too early',
    spec: custom(edge('g0', 'g1', { consumerTTL: 1 }), edge('g1', 'g2')),
    by: 'operator',
    field: 'spec.topology.network.edges[0].connector',
    text: 'messages of group g0 pass 2 edges to consumers of group g2',
  },
]
