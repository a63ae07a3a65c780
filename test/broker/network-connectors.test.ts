// What a URI of a network connector becomes.
import { expect, test } from '@jest/globals'
import { silentLogger } from '../../broker/base/logger.ts'
import { buildNetwork } from '../../broker/network-connectors.ts'
import type { MulticastUri } from '../../broker/network/discovery/multicast-agent.ts'
import type { SessionService } from '../../broker/session/session-service.ts'
import { systemClock } from '../../broker/base/clock.ts'
import { defaultDelays, ScriptedBridges, targetOf } from './network/supervision/scripted-bridges.ts'

const multicast: MulticastUri = {
  kind: 'multicast',
  address: '239.255.2.3',
  port: 30_000 + ((process.pid + 7) % 20_000),
  group: `connectors-${process.pid}`,
  keepAliveIntervalMs: 50,
  timeToLive: 0,
  loopBackMode: false,
  interface: '127.0.0.1',
  reconnect: defaultDelays,
}

function setUp() {
  const bridges = new ScriptedBridges()
  const service = {
    identity: { brokerName: 'A', brokerId: 'ID:A', brokerUrl: 'tcp://a:61616' },
    clock: systemClock,
    logger: silentLogger,
  } as SessionService
  return { bridges, service }
}

test('brokers that are named are dialled', () => {
  const { bridges, service } = setUp()
  const target = targetOf('tcp://b:61616', 'tcp://c:61616')
  const network = buildNetwork(
    [
      {
        name: 'nc',
        duplex: true,
        autoStart: true,
        discovery: { kind: 'static', targets: [target], reconnect: defaultDelays },
        startBridge: bridges.startBridge,
      },
    ],
    [],
    service,
    () => {},
  )
  network.start()
  expect(bridges.takeDialled()).toEqual(['tcp://b:61616'])
  expect(network.bridges()).toMatchObject([{ connector: 'nc', uri: target.uri, duplex: true }])
  network.stop()
})

test('brokers that announce themselves are found and dialled, but nobody finds himself', async () => {
  const { bridges, service } = setUp()
  const dialled = Promise.withResolvers<string>()
  bridges.atOnce = ({ uri }) => dialled.resolve(uri)
  const alive = setInterval(() => {}, 1000)
  const finder = buildNetwork(
    [{ name: 'nc', duplex: false, autoStart: true, discovery: multicast, startBridge: bridges.startBridge }],
    [{ uri: multicast, service: () => service.identity.brokerUrl }],
    service,
    () => {},
  )
  const other = buildNetwork([], [{ uri: multicast, service: () => 'tcp://b:61616' }], service, () => {})
  finder.start()
  other.start()
  expect(await dialled.promise).toBe('tcp://b:61616')
  expect(finder.bridges().map(({ uri }) => uri)).toEqual(['tcp://b:61616'])
  other.stop()
  finder.stop()
  clearInterval(alive)
})
