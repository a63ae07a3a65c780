import { expect, test } from '@jest/globals'
import { silentLogger } from '../../../broker/base/logger.ts'
import { Network } from '../../../broker/network/network.ts'
import { NetworkConnector } from '../../../broker/network/supervision/network-connector.ts'
import {
  defaultDelays,
  noJitter,
  remoteOf,
  ScriptedBridge,
  ScriptedBridges,
  targetOf,
} from './supervision/scripted-bridges.ts'

function setUp() {
  const bridges = new ScriptedBridges()
  const { clock, startBridge } = bridges
  const events: string[] = []
  const connectorOf = (name: string, autoStart: boolean) =>
    new NetworkConnector({
      name,
      duplex: false,
      autoStart,
      targets: [targetOf(`tcp://${name}:61616`)],
      agent: null,
      reconnect: defaultDelays,
      startBridge,
      onChange: () => {},
      clock,
      random: noJitter,
      logger: silentLogger,
    })
  const network = new Network({
    connectors: [connectorOf('a', true), connectorOf('b', false)],
    announcers: [{ start: () => void events.push('announce'), stop: () => void events.push('silence') }],
    clock,
    logger: silentLogger,
  })
  return { network, bridges, events }
}

test('starts what is to start by itself, and stops everything', () => {
  const { network, bridges, events } = setUp()
  network.start()
  expect([bridges.takeDialled(), events]).toEqual([['tcp://a:61616'], ['announce']])
  const accepted: ScriptedBridge[] = []
  network.accepted({ connector: 'theirs', remote: remoteOf('C') }, (listener) => {
    const bridge = new ScriptedBridge('c', 0, listener)
    accepted.push(bridge)
    return bridge
  })
  expect(network.bridges().map(({ connector, state }) => `${connector} ${state}`)).toEqual([
    'a Connecting',
    'b Idle',
    'theirs Connecting',
  ])
  network.stop()
  expect([bridges.last.stopped, accepted[0]!.stopped, events]).toEqual([true, true, ['announce', 'silence']])
  expect(network.bridges().map(({ connector, state }) => `${connector} ${state}`)).toEqual(['a Idle', 'b Idle'])
  expect(bridges.clock.pendingTimers).toBe(0)
})

test('connectors are switched one by one, again and again', () => {
  const { network, bridges } = setUp()
  network.start()
  for (let round = 0; round < 2; round++) {
    expect(network.switchConnector('b', true)).toBe(true)
    expect(network.switchConnector('b', true)).toBe(true)
    expect(network.switchConnector('a', false)).toBe(true)
    expect(network.connectors()).toEqual([
      { name: 'a', duplex: false, started: false },
      { name: 'b', duplex: false, started: true },
    ])
    expect(network.switchConnector('b', false)).toBe(true)
    expect(network.switchConnector('a', true)).toBe(true)
  }
  expect(network.switchConnector('c', true)).toBe(false)
  expect(bridges.takeDialled().map((uri) => uri.slice(6, 7))).toEqual(['a', 'b', 'a', 'b', 'a'])
})
