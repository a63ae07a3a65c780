// What back pressure means to a session is in test/contract/session.ts; here is what waits meanwhile.
import { expect, test } from '@jest/globals'
import { ManualClock } from '../../../broker/base/manual-clock.ts'
import { outboundHighWaterBytes, outboundStallTimeoutMs } from '../../../broker/session/limits.ts'
import { OutputBuffer } from '../../../broker/session/output-buffer.ts'
import { FakeSocket } from '../../support/fake-socket.ts'

function buffered() {
  const socket = new FakeSocket()
  const clock = new ManualClock()
  const told: string[] = []
  const buffer = new OutputBuffer<{ removed: boolean }, string>(socket, clock, {
    encode: (_target, item) => [Buffer.from(item.slice(0, 1)), Buffer.from(item.slice(1))],
    congested: () => void told.push('congested'),
    relieved: () => void told.push('relieved'),
    tooSlow: (_reason, limit) => void told.push(limit),
  })
  const written = (): string => Buffer.concat(socket.written.splice(0)).toString()
  return { socket, clock, told, buffer, written, target: { removed: false } }
}

test('deliveries are encoded in their order, not before the socket takes them', () => {
  const { socket, buffer, written, told, target } = buffered()
  buffer.deliver(target, 'one')
  socket.stuckBytes = outboundHighWaterBytes
  buffer.deliver(target, 'two')
  buffer.deliver(target, 'three')
  buffer.deliver({ removed: true }, 'for nobody')
  buffer.deliver(target, 'four')
  expect(written()).toBe('onetwo')
  socket.stuckBytes = 0
  buffer.drained()
  expect(written()).toBe('threefour')
  expect(told).toEqual(['congested', 'relieved'])
})

test('what waits is not all written when the first of it fills the socket again', () => {
  const { socket, buffer, written, told, target } = buffered()
  socket.stuckBytes = outboundHighWaterBytes
  for (const item of ['one', 'two', 'three']) buffer.deliver(target, item)
  written()
  socket.stuckBytes = 0
  socket.write = (bytes) => {
    socket.written.push(bytes)
    socket.stuckBytes = outboundHighWaterBytes
  }
  buffer.drained()
  expect(written()).toBe('two')
  socket.stuckBytes = 0
  buffer.drained()
  expect(written()).toBe('three')
  expect(told).toEqual(['congested', 'congested', 'congested'])
})

test('after its end nothing waits, and nobody is called slow', () => {
  const { socket, clock, buffer, written, told, target } = buffered()
  socket.stuckBytes = outboundHighWaterBytes
  for (const item of ['one', 'two']) buffer.deliver(target, item)
  buffer.close()
  socket.stuckBytes = 0
  clock.advance(10 * outboundStallTimeoutMs)
  expect([written(), told]).toEqual(['one', ['congested']])
  expect(clock.pendingTimers).toBe(0)
})
