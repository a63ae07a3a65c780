import { expect, test } from '@jest/globals'
import { buildService } from '../../../support/fake-region.ts'
import { client, kinds } from './connected-client.ts'
import { connectionId, connectionInfo, TestSession } from './session-harness.ts'
import { consumerInfo, removeInfo, sessionInfo } from './test-commands.ts'

test('answers ConnectionInfo, and sends ConnectionControl to manageable clients', () => {
  const { service, region } = buildService()
  const peer = new TestSession(service).negotiate()
  peer.takeHex()
  peer.receive(connectionInfo({ commandId: 7 }))
  expect(peer.takeHex()).toBe('0000000a1e000000000000000007')
  peer.receive(
    connectionInfo({
      commandId: 8,
      connectionId: { kind: 'ConnectionId', value: 'ID:2' },
      clientId: 'two',
      manageable: true,
    }),
  )
  expect(kinds(peer.takeSent())).toEqual(['BrokerInfo', 'Response', 'ConnectionControl', 'Response'])
  expect(region.of('connect')).toMatchObject([
    [{ connectionId, clientId: 'client-1', failoverReconnect: false, announcement: { password: '' } }],
    [{ connectionId: 'ID:2', clientId: 'two', failoverReconnect: false, announcement: { password: '' } }],
  ])
})

test('refuses a clientId that is taken, answers everything else with that, and closes after 2 s', () => {
  const { service, clock } = buildService()
  new TestSession(service).connect()
  const second = new TestSession(service).negotiate()
  second.takeSent()
  second.receive(connectionInfo({ connectionId: { kind: 'ConnectionId', value: 'ID:other' } }), sessionInfo())
  expect(second.takeSent()).toMatchObject([
    {
      kind: 'ExceptionResponse',
      correlationId: 1,
      exception: {
        className: 'javax.jms.InvalidClientIDException',
        message: 'Broker: localhost - Client: client-1 already connected from tcp://10.0.0.7:51234',
      },
    },
    { kind: 'ConnectionError', exception: { className: 'javax.jms.InvalidClientIDException' } },
  ])
  clock.advance(1999)
  expect(second.closed).toBeUndefined()
  clock.advance(1)
  expect(second.closed).toBe('ended')
})

test('a connection that comes back on a new socket takes over from the old one', () => {
  const { service, region } = buildService()
  const old = new TestSession(service).connect()
  const back = new TestSession(service).negotiate()
  back.takeSent()
  back.receive(connectionInfo({ failoverReconnect: true }))
  expect(kinds(back.takeSent())).toEqual(['Response'])
  expect(old.closed).toBe('destroyed')
  expect(region.calls.map(({ method }) => method)).toEqual(['connect', 'close', 'connect'])
  expect(service.registry.size).toBe(1)
})

test('the socket that was taken over from does not take the new connection with it', () => {
  const { service } = buildService()
  const old = new TestSession(service).connect()
  new TestSession(service).connect()
  old.session.close()
  expect(service.registry.size).toBe(1)
})

test('RemoveInfo of the connection closes everything with what was delivered last, then answers', () => {
  const { peer, region, service } = client(consumerInfo())
  peer.receive(removeInfo({ kind: 'ConnectionId', value: connectionId }, { lastDeliveredSequenceId: 42 }))
  expect(kinds(peer.takeSent())).toEqual(['Response'])
  expect(region.of('removeConsumer')).toEqual([[`${connectionId}:1:1`, 42]])
  expect(region.of('close')).toHaveLength(1)
  expect(service.registry.size).toBe(0)
})

test('ShutdownInfo closes the socket without an answer', () => {
  const { peer } = client()
  peer.receiveHex('00000006 0b 00000003 00')
  expect([peer.closed, peer.takeHex()]).toEqual(['ended', ''])
})

test('a lost socket takes its connection from the region', () => {
  const { peer, region } = client()
  peer.session.close()
  peer.session.close()
  expect(region.of('close')).toEqual([[connectionId]])
})
