// Both ends of updateClusterClients: connectors with their sessions on real sockets, and our client with its failover transport.
import { afterEach, expect, test } from '@jest/globals'
import { createConnectionFactory } from '../../broker/client/index.ts'
import type { TransportConnector } from '../../broker/net/transport-connector.ts'
import { ClusterBrokers } from '../../broker/session/cluster-brokers.ts'
import type { ClusterClientOptions } from '../../broker/session/openwire/cluster-clients.ts'
import { buildTransportConnector } from '../../broker/transport-connectors.ts'
import { buildService, type FakeRegion } from '../support/fake-region.ts'
import { testConfig } from '../support/started-broker.ts'

interface Member {
  readonly name: string
  readonly connector: TransportConnector
  readonly cluster: ClusterBrokers
  readonly region: FakeRegion
  readonly url: string
}

const ends: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

/** A broker without much behind its connector. */
async function member(
  name: string,
  options: Partial<Omit<ClusterClientOptions, 'updateClusterFilter'>> & { updateClusterFilter?: string },
): Promise<Member> {
  const { service, region } = buildService()
  const url = (): string => `tcp://127.0.0.1:${connector.port}`
  const identity = {
    brokerName: name,
    brokerId: `ID:${name}`,
    get brokerUrl() {
      return url()
    },
  }
  const cluster = new ClusterBrokers(identity)
  const config = { ...testConfig().transportConnectors[0]!, updateClusterClients: true, ...options }
  const connector = buildTransportConnector(config, { ...service, identity, cluster }, '0.0.0')
  await connector.open()
  ends.push(() => connector.close())
  return { name, connector, cluster, region, url: url() }
}

const bridge = (one: Member, other: Member): void =>
  one.cluster.peerAdded({ brokerName: other.name, brokerId: `ID:${other.name}`, urls: [other.url] })

/** With the names of the brokers that it came to. */
async function connect(
  to: Member,
  options = '',
): Promise<{ settled: () => Promise<void>; resumed: () => Promise<string> }> {
  const url = `failover:(${to.url})?randomize=false&initialReconnectDelay=1${options}`
  const connection = await createConnectionFactory(url).createConnection()
  ends.push(() => connection.close())
  const uris: string[] = []
  let heard = (): void => {}
  connection.on('transportResumed', (uri) => {
    uris.push(uri)
    heard()
  })
  /** Everything that it has said to its broker was answered. */
  const settled = async (): Promise<void> => {
    const session = await connection.createSession('auto')
    await session.createProducer('queue://Q')
  }
  return {
    settled,
    resumed: async () => {
      while (uris.length === 0) await new Promise<void>((resolve) => (heard = resolve))
      await settled()
      return uris.shift()!
    },
  }
}

test('a client that has heard of another broker goes there when its own is gone', async () => {
  const [a, b] = [await member('a', {}), await member('b', {})]
  const { resumed, settled } = await connect(a)
  bridge(a, b)
  await settled()
  a.connector.abort()
  expect(await resumed()).toContain(b.url)
  expect(b.region.of('connect')).toMatchObject([[{ failoverReconnect: true }]])
})

test('it hears of brokers that were there before it', async () => {
  const [a, b] = [await member('a', {}), await member('b', {})]
  bridge(a, b)
  const { resumed } = await connect(a)
  a.connector.abort()
  expect(await resumed()).toContain(b.url)
})

test('clients share out over brokers, and stay where they went', async () => {
  const options = { rebalanceClusterClients: true }
  const [a, b] = [await member('a', options), await member('b', options)]
  bridge(a, b)
  bridge(b, a)
  const first = await connect(a)
  // It is told before it is answered.
  const second = await connect(a)
  await first.settled()
  await second.settled()
  expect([a.region.of('connect').length, b.region.of('connect').length]).toEqual([2, 1])
})

test('a client that does not want to hear of others stays', async () => {
  const [a, b] = [await member('a', { rebalanceClusterClients: true }), await member('b', {})]
  bridge(a, b)
  await connect(a, '&updateURIsSupported=false')
  const { settled } = await connect(a, '&updateURIsSupported=false')
  await settled()
  expect([a.region.of('connect').length, b.region.of('connect').length]).toEqual([2, 0])
})
