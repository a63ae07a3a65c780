import { expect, test } from '@jest/globals'
import { silentLogger } from '../../../../broker/base/logger.ts'
import type { DiscoveryAgent, DiscoveryListener } from '../../../../broker/network/discovery/discovery-agent.ts'
import {
  NetworkConnector,
  type NetworkConnectorParts,
} from '../../../../broker/network/supervision/network-connector.ts'
import { defaultDelays, noJitter, ScriptedBridges, targetOf } from './scripted-bridges.ts'

const b = 'tcp://b:61616'
const c = 'tcp://c:61616'

class ScriptedAgent implements DiscoveryAgent {
  listener: DiscoveryListener | null = null

  start(listener: DiscoveryListener): void {
    this.listener = listener
  }

  stop(): void {
    this.listener = null
  }
}

function setUp(parts: Partial<NetworkConnectorParts> = {}) {
  const bridges = new ScriptedBridges()
  const connector = new NetworkConnector({
    name: 'nc',
    duplex: true,
    autoStart: true,
    targets: [],
    agent: null,
    reconnect: defaultDelays,
    startBridge: bridges.startBridge,
    onChange: () => {},
    clock: bridges.clock,
    random: noJitter,
    logger: silentLogger,
    ...parts,
  })
  const states = () => connector.bridges().map(({ uri, state }) => `${uri} ${state}`)
  return { bridges, connector, states }
}

test('each broker that is named has a bridge, also by its name alone one', () => {
  const { bridges, connector, states } = setUp({ targets: [targetOf(b), targetOf(c), targetOf(b)] })
  expect(states()).toEqual([`${b} Idle`, `${c} Idle`])
  connector.start()
  connector.start()
  expect(bridges.takeDialled()).toEqual([b, c])
  bridges.last.start('C')
  expect(states()).toEqual([`${b} Connecting`, `${c} Connected`])
  expect(connector.bridges()[1]).toMatchObject({ connector: 'nc', duplex: true, accepted: false })
  connector.stop()
  connector.stop()
  expect(bridges.bridges.map(({ stopped }) => stopped)).toEqual([true, true])
  expect(states()).toEqual([`${b} Idle`, `${c} Idle`])
  expect([connector.started, bridges.clock.pendingTimers]).toEqual([false, 0])
  connector.start()
  expect(bridges.takeDialled()).toEqual([b, c])
})

test('one broker by two addresses has one bridge', () => {
  const { bridges, connector, states } = setUp({ targets: [targetOf(b), targetOf(c)] })
  connector.start()
  for (const bridge of bridges.bridges) bridge.start('B')
  expect(states()).toEqual([`${b} Connected`, `${c} Idle`])
})

test('those that are found have one as long as they are there', () => {
  const agent = new ScriptedAgent()
  const { bridges, connector, states } = setUp({ agent })
  connector.start()
  agent.listener!.found(targetOf(b))
  agent.listener!.found(targetOf(c))
  expect(bridges.takeDialled()).toEqual([b, c])
  bridges.last.start('C')
  agent.listener!.lost(b)
  agent.listener!.lost(c)
  agent.listener!.lost('tcp://unknown:1')
  expect(states()).toEqual([`${c} Connected`])
  agent.listener!.found(targetOf(c))
  expect(bridges.takeDialled()).toEqual([])
  bridges.last.end()
  expect(bridges.untilDialled()).toBe(1000)
  bridges.last.start('C')
  agent.listener!.lost(c)
  bridges.last.end()
  expect([states(), bridges.clock.pendingTimers]).toEqual([[], 0])
})

test('those that were found are to be found anew after a stop', () => {
  const agent = new ScriptedAgent()
  const { bridges, connector, states } = setUp({ agent })
  connector.start()
  agent.listener!.found(targetOf(b))
  connector.stop()
  expect([agent.listener, states(), bridges.last.stopped]).toEqual([null, [], true])
  connector.start()
  agent.listener!.found(targetOf(b))
  expect(states()).toEqual([`${b} Connecting`])
})
