import { expect, test } from '@jest/globals'
import { buildService } from '../../../support/fake-region.ts'
import { client } from './connected-client.ts'
import { TestSession } from './session-harness.ts'

test('sends its WireFormatInfo at once and BrokerInfo after the peer has sent one', () => {
  const { service } = buildService()
  const peer = new TestSession(service)
  expect(Buffer.concat(peer.written).subarray(4, 13).toString('latin1')).toBe('\u0001ActiveMQ')
  peer.negotiate()
  expect(peer.takeSent()).toMatchObject([
    {
      kind: 'BrokerInfo',
      commandId: 0,
      responseRequired: false,
      brokerName: 'localhost',
      brokerURL: 'tcp://test:61616',
    },
  ])
  expect(peer.session.phase).toBe('open')
})

test('drops a peer that sends no WireFormatInfo for 30 s', () => {
  const { service, clock } = buildService()
  const peer = new TestSession(service)
  clock.advance(29_999)
  expect(peer.closed).toBeUndefined()
  clock.advance(1)
  expect(peer.closed).toBe('destroyed')
  expect(peer.dropReasons).toEqual(['no WireFormatInfo arrived in 30000 ms'])
})

test('drops a peer that does not speak OpenWire', () => {
  const { service } = buildService()
  const peer = new TestSession(service)
  peer.session.receive(Buffer.from('GET / HTTP/1.1\r\n\r\n'))
  expect(peer.closed).toBe('destroyed')
  expect(peer.dropReasons).toHaveLength(1)
})

test('drops a peer whose first frame is a command', () => {
  const { service } = buildService()
  const peer = new TestSession(service).receiveHex('0000000c 03 00000001 00 000000000000')
  expect(peer.closed).toBe('destroyed')
})

test('ignores a second WireFormatInfo and null commands', () => {
  const { peer } = client()
  peer.receiveHex('00000001 00')
  expect(peer.closed).toBeUndefined()
})

test('keeps a half-open backup connection that only sends KeepAliveInfo', () => {
  const { service, clock } = buildService()
  const peer = new TestSession(service).negotiate()
  for (let minute = 0; minute < 10; minute++) {
    clock.advance(20_000)
    peer.receiveHex('00000006 0a 00000000 00')
  }
  expect(peer.closed).toBeUndefined()
})
