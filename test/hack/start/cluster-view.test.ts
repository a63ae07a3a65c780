import { expect, test } from '@jest/globals'
import { type ClusterObject, failoverUrl, networkWay, type PodObject } from '../../../hack/start/cluster-view.ts'

const cluster = (
  network: NonNullable<NonNullable<ClusterObject['spec']>['topology']>['network'],
  groups: Record<string, string[]>,
  edges: [string, string][],
): ClusterObject => ({
  metadata: { name: 'orders', namespace: 'default' },
  spec: { topology: { type: 'Combined', ...(network && { network }) } },
  status: {
    groups: Object.entries(groups).map(([name, standbys]) => ({ name, active: `${name}-0`, standbys })),
    edges: edges.map(([from, to]) => ({ name: `${from}-to-${to}`, from, to })),
  },
})
const three = { a: [], bc: ['bc-1'] }

test('a network is proven from a group with standbys to one that it sends to', () => {
  const duplex = { name: 'a-to-bc', connector: { duplex: true } }
  expect(networkWay(cluster({ layout: 'Custom', edges: [duplex] }, three, [['a', 'bc']]))).toEqual({
    sendTo: 'bc',
    consumeAt: 'a',
  })
  expect(networkWay(cluster({ layout: 'Mesh' }, { g0: ['g0-1'], g1: ['g1-1'] }, [['g1', 'g0']]))).toEqual({
    sendTo: 'g1',
    consumeAt: 'g0',
  })
})

test('and not where it sends to nobody, or nobody would take over', () => {
  expect(networkWay(cluster({ layout: 'Custom' }, three, [['a', 'bc']]))).toBeUndefined()
  expect(networkWay(cluster({ layout: 'Mesh' }, { g0: [], g1: [] }, [['g1', 'g0']]))).toBeUndefined()
  expect(networkWay(cluster(undefined, { g0: ['g0-1'] }, []))).toBeUndefined()
})

test('the URL for clients on this machine has the options that the cluster tells', () => {
  const pod = { metadata: { name: 'orders-g0-0' }, status: { podIP: '127.1.2.3' } } as PodObject
  const told = (url: string): ClusterObject => ({
    ...cluster(undefined, {}, []),
    status: { endpoints: [{ name: 'openwire', url }] },
  })
  expect(failoverUrl([pod], told('failover:(tcp://orders-g0-0.orders-g0.shop.svc:61616)?maxReconnectDelay=1000'))).toBe(
    'failover:(tcp://127.1.2.3:61616)?maxReconnectDelay=1000',
  )
  expect(failoverUrl([pod], told('failover:(tcp://orders-g0-0.orders-g0.shop.svc:61616)'))).toBe(
    'failover:(tcp://127.1.2.3:61616)',
  )
})
