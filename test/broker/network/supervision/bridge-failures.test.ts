// What kind of failure keeps a bridge down, beside the reason in words.
import { expect, test } from '@jest/globals'
import { silentLogger } from '../../../../broker/base/logger.ts'
import { TransportError } from '../../../../broker/client/transport/transport-error.ts'
import { BridgeSupervisor } from '../../../../broker/network/supervision/bridge-supervisor.ts'
import { BridgedBrokers } from '../../../../broker/network/supervision/bridged-brokers.ts'
import { defaultDelays, noJitter, ScriptedBridges, targetOf } from './scripted-bridges.ts'

test('what somebody has to mend is told by kind: of the one of several brokers that is active, until there is a bridge', () => {
  const bridges = new ScriptedBridges()
  const { clock, startBridge } = bridges
  const supervisor = new BridgeSupervisor({
    connector: 'nc',
    duplex: false,
    target: targetOf('tcp://b:61616', 'tcp://c:61616'),
    reconnect: defaultDelays,
    startBridge,
    onChange: () => {},
    bridged: new BridgedBrokers(),
    clock,
    random: noJitter,
    logger: silentLogger,
  })
  const look = () => {
    const { state, reason, failure } = supervisor.snapshot()
    return [state, reason, failure]
  }
  supervisor.start()
  expect(look()).toEqual(['Connecting', null, null])
  bridges.last.end(new TransportError('expired', { code: 'TLS_FAILED' }))
  bridges.last.end('connect ECONNREFUSED')
  expect(look()).toEqual(['Down', 'expired; connect ECONNREFUSED', 'TLSFailed'])
  clock.advance(1000)
  bridges.last.end(new TransportError('wrong password', { code: 'USER_REFUSED' }))
  bridges.last.end('connect ECONNREFUSED')
  expect(look()).toEqual(['Down', 'wrong password; connect ECONNREFUSED', 'AuthenticationFailed'])
  clock.advance(1000)
  bridges.last.start('B')
  bridges.last.end('lost')
  expect(look()).toEqual(['Down', 'lost', null])
})
