// What the network of an active broker makes of its configuration, and of brokers that dial it: who is refused, and who hears of
// bridges that come and go.
import { expect, test } from '@jest/globals'
import { RefusalError } from '../../broker/base/errors.ts'
import { brokerConfigSchema, type BrokerConfigInput } from '../../broker/config/schema.ts'
import { buildNetworkBridges } from '../../broker/network-bridges.ts'
import { drainTargetsOf } from '../../broker/member/network-settings.ts'
import { returnGraceMs } from '../../broker/network/limits.ts'
import { DrainFlow } from '../../broker/network/drain/drain-flow.ts'
import type { BrokerInfo, Command, ConnectionInfo } from '../../broker/wire/openwire/commands.ts'
import { buildBrokerInfo, buildResponse } from '../../broker/openwire/build-commands.ts'
import type { InitiatingBroker } from '../../broker/session/openwire/duplex-bridges.ts'
import { buildService } from '../support/fake-region.ts'
import { FakeNetwork, settle } from './client/transport/fake-network.ts'
import { FakeFarEnd } from './network/fake-far-end.ts'

const oneConnector: BrokerConfigInput = { networkConnectors: [{ name: 'nc', uri: 'static:(tcp://b:61616)' }] }

function setUp(config: BrokerConfigInput = {}) {
  const { service, region, clock } = buildService()
  const told: string[] = []
  const advisories = {
    ...service.advisories,
    bridgeStarted: ({ brokerName }: { brokerName: string | null }, createdByDuplex: boolean, address: string) =>
      void told.push(`started ${brokerName} ${createdByDuplex} ${address}`),
    bridgeStopped: ({ brokerName }: { brokerName: string | null }) => void told.push(`stopped ${brokerName}`),
  }
  const dialled = new FakeNetwork()
  const built = buildNetworkBridges(
    brokerConfigSchema.parse({ store: { type: 'Memory' }, ...config }),
    { ...service, advisories },
    { urlOf: () => '', changed: () => {} },
    dialled.dial,
  )
  const peers = () => service.cluster.peers.map(({ brokerName, urls }) => `${brokerName} ${urls.join(' ')}`)
  const accept = (given: Partial<InitiatingBroker> = {}) => {
    const far = new FakeFarEnd()
    return { far, listener: built.duplexBridges.accept({ ...other, ...given }, far) }
  }
  return { ...built, region, clock, dialled, told, peers, accept }
}

const other: InitiatingBroker = {
  brokerName: 'B',
  brokerId: 'ID:B',
  brokerUrl: 'tcp://b:61616',
  address: 'tcp://10.0.0.7:51234',
  connectorName: 'to-us',
  networkProperties: 'name=to-us\nduplex=true\n',
}

const infoOfB: Command = buildBrokerInfo({ brokerName: 'B', brokerId: 'ID:B', brokerUrl: 'tcp://b-active:61616' })

async function dialB(config: BrokerConfigInput = oneConnector) {
  const parts = setUp(config)
  parts.dialled.up.add('b')
  parts.network.start()
  await settle()
  const { last } = parts.dialled
  last.receive(infoOfB)
  const connection = last.sent.find(({ kind }) => kind === 'ConnectionInfo') as ConnectionInfo
  last.receive(buildResponse(connection.commandId))
  return parts
}

test('a bridge that is dialled leads to a broker that clients may go to, and to its other members', async () => {
  const { peers, told, dialled, network } = await dialB({
    networkConnectors: [{ name: 'nc', uri: 'masterslave:(tcp://b:61616,tcp://c:61616)' }],
  })
  expect(peers()).toEqual(['B tcp://b-active:61616 tcp://b:61616 tcp://c:61616'])
  expect(told).toEqual(['started B false tcp://b:61616'])
  dialled.last.cut()
  expect(peers()).toEqual([])
  expect(told).toEqual(['started B false tcp://b:61616', 'stopped B'])
  network.stop()
  expect(told).toHaveLength(2)
})

test('so it is when its connector is stopped, which the bridge does not tell', async () => {
  const { peers, told, network } = await dialB()
  expect(peers()).toHaveLength(1)
  network.switchConnector('nc', false)
  expect(peers()).toEqual([])
  expect(told.at(-1)).toBe('stopped B')
})

test('a bridge that is accepted is one to its broker as well, until it ends or the network does', () => {
  const { peers, told, network, accept } = setUp()
  const { listener } = accept()
  expect(peers()).toEqual(['B tcp://b:61616'])
  expect(network.bridges()).toMatchObject([{ connector: 'to-us', accepted: true, state: 'Connected' }])
  listener.failed(new Error('reset'))
  expect(peers()).toEqual([])
  accept()
  expect(peers()).toHaveLength(1)
  network.stop()
  expect(peers()).toEqual([])
  expect(told).toEqual([
    'started B true tcp://10.0.0.7:51234',
    'stopped B',
    'started B true tcp://10.0.0.7:51234',
    'stopped B',
  ])
})

test('what came over its socket counts as received', () => {
  const { network, accept } = setUp()
  accept().far.received = 7
  expect(network.bridges()).toMatchObject([{ received: 7 }])
})

test('a bridge that only forwards to this broker is told of subscriptions, if it asks for that and understands it', () => {
  const { duplexBridges } = setUp()
  const told = (networkProperties: string, version: number) =>
    duplexBridges.subscriptionsFor({ ...other, networkProperties }, version)
  const synchronizing = 'syncDurableSubs=true'
  expect(told(synchronizing, 12)).toMatchObject({ brokerName: 'localhost', subscriptionInfos: [] })
  expect([told(synchronizing, 11), told('', 12), told('prefetchSize=many', 12)]).toEqual([null, null, null])
})

test('a second one of the same connector takes the place of the first', () => {
  const { network, accept, peers } = setUp()
  const first = accept()
  accept()
  expect(first.far.closed).toBe(true)
  expect(network.bridges()).toHaveLength(1)
  expect(peers()).toHaveLength(1)
})

test('this broker itself is not accepted, nor one whose settings cannot be read', () => {
  const { accept, network, peers } = setUp()
  expect(() => accept({ brokerId: 'ID:test-0:1' })).toThrow('Cannot bridge B with itself')
  expect(() => accept({ networkProperties: 'prefetchSize=many' })).toThrow(/^Cannot accept the bridge of broker B: /)
  expect([network.bridges(), peers()]).toEqual([[], []])
})

test('a bridge that cannot be made is over at once', async () => {
  const refusal = new RefusalError('INVALID_REQUEST', 'Cannot connect')
  const { accept, network, region } = setUp()
  region.refusals.set('connect', refusal)
  expect(() => accept()).toThrow(refusal)
  expect(network.bridges()).toEqual([])

  const dialling = setUp(oneConnector)
  dialling.region.refusals.set('connect', refusal)
  dialling.dialled.up.add('b')
  dialling.network.start()
  await settle()
  dialling.dialled.last.receive(infoOfB)
  expect(dialling.network.bridges()).toMatchObject([{ state: 'Down', reason: 'Cannot connect' }])
  expect(dialling.dialled.last.closed).toBe(true)
  dialling.network.stop()
})

test('a bridge that cannot introduce itself has ended, and nothing is left of it', async () => {
  const { dialled, network, peers } = setUp(oneConnector)
  dialled.up.add('b')
  dialled.tooLarge.add('BrokerInfo')
  network.start()
  await settle()
  dialled.last.receive(infoOfB)
  expect(network.bridges()).toMatchObject([{ state: 'Down', reason: 'Cannot send BrokerInfo: too large' }])
  expect([dialled.last.closed, peers()]).toEqual([true, []])
  network.stop()
})

test('a drain dials whom it is given, says whether it has a store, and tells nobody here of its bridge', async () => {
  const propertiesOf = async (type: 'Memory' | 'Journal') => {
    const { drainTo, dialled, told, peers, region, clock } = setUp({ store: { type } })
    dialled.up.add('b')
    const parsed = drainTargetsOf(['static:(tcp://b:61616)'])
    const connector = drainTo(parsed.ok ? parsed.targets[0]! : (undefined as never), new DrainFlow())
    expect([connector.name, connector.duplex]).toEqual(['drain', false])
    connector.start()
    await settle()
    dialled.last.receive(infoOfB)
    clock.advance(returnGraceMs)
    expect(connector.bridges()).toMatchObject([{ state: 'Connected', uri: 'tcp://b:61616', demandSubscriptions: 1 }])
    expect(region.of('addConsumer')).toMatchObject([[{ destination: { kind: 'queue', name: '>' } }]])
    expect([told, peers()]).toEqual([[], []])
    const sent = dialled.last.sent.find(({ kind }) => kind === 'BrokerInfo') as BrokerInfo
    connector.stop()
    return sent.networkProperties
  }
  expect(await propertiesOf('Memory')).toContain('flotilla.unstored=true\n')
  expect(await propertiesOf('Journal')).toContain('flotilla.unstored=false\n')
})
