import { expect, test } from '@jest/globals'
import { client } from './connected-client.ts'
import { connectionId } from './session-harness.ts'

test('sends a KeepAliveInfo whenever nothing was sent for a third of the duration', () => {
  const { clock, peer } = client()
  clock.advance(10_000)
  peer.takeHex()
  clock.advance(10_000)
  expect(peer.takeHex()).toBe('000000060a0000000000')
})

test('drops a connection that is silent for the negotiated duration', () => {
  const { clock, peer, region } = client()
  clock.advance(10_000)
  expect(peer.closed).toBeUndefined()
  clock.advance(30_000)
  expect(peer.closed).toBe('destroyed')
  expect(region.of('close')).toEqual([[connectionId]])
})

test('answers a KeepAliveInfo that wants an answer with one of the same commandId', () => {
  const { peer } = client()
  peer.receiveHex('00000006 0a 00000007 01')
  expect(peer.takeHex()).toBe('000000060a0000000700')
})
