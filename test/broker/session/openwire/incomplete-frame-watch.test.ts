import { describe, expect, test } from '@jest/globals'
import { ManualClock } from '../../../../broker/base/manual-clock.ts'
import { IncompleteFrameWatch } from '../../../../broker/session/openwire/incomplete-frame-watch.ts'
import {
  incompleteFrameTimeoutMs,
  maxBufferedBytesBeforeConnection,
  minInboundBytesPerSecond,
} from '../../../../broker/session/openwire/limits.ts'
import { buildService } from '../../../support/fake-region.ts'
import { TestSession } from './session-harness.ts'

test('strangers may not send a large frame before they have connected', () => {
  const { service } = buildService()
  const peer = new TestSession(service).negotiate()
  const head = Buffer.from([0, 0, 0xff, 0xff, 24])
  peer.session.receive(head)
  peer.session.receive(Buffer.alloc(maxBufferedBytesBeforeConnection - head.length))
  expect(peer.closed).toBeUndefined()
  const large = new TestSession(service).negotiate()
  large.session.receive(Buffer.from([0, 0x0e, 0, 0, 24]))
  for (let chunk = 0; chunk < 2; chunk++) large.session.receive(Buffer.alloc(40_000))
  expect(large.closed).toBe('destroyed')
})

describe('a frame that has begun', () => {
  function watched() {
    const clock = new ManualClock()
    const dropped: string[] = []
    const splitter = { bufferedBytes: 10 }
    const pauses = { paused: false, times: 0 }
    const watch = new IncompleteFrameWatch({
      clock,
      splitter,
      pauses,
      drop: (_reason, limit) => void dropped.push(limit),
    })
    watch.peerIsKnown()
    return { clock, dropped, splitter, pauses, watch }
  }

  test('and does not go on ends the connection', () => {
    const { clock, dropped, watch } = watched()
    watch.watch()
    clock.advance(incompleteFrameTimeoutMs - 1)
    watch.received(10, 0)
    watch.watch()
    expect(dropped).toEqual([])
    clock.advance(1)
    expect(dropped).toEqual(['incompleteFrameTimeoutMs'])
  })

  test.each([
    ['another one has been completed', 10, 1],
    ['its bytes come fast enough', (minInboundBytesPerSecond * incompleteFrameTimeoutMs) / 1000, 0],
  ])('may go on while %s, for another period', (_name, bytes, frames) => {
    const { clock, dropped, watch } = watched()
    watch.watch()
    watch.received(bytes, frames)
    clock.advance(incompleteFrameTimeoutMs)
    expect(dropped).toEqual([])
    clock.advance(incompleteFrameTimeoutMs)
    expect(dropped).toEqual(['incompleteFrameTimeoutMs'])
  })

  test.each([
    ['not read at its beginning', { paused: true, times: 1 }, 1],
    ['not read for a while', { paused: false, times: 1 }, 2],
  ])('of a socket that was %s is not held against the peer', (_name, before, timesAfter) => {
    const { clock, dropped, pauses, watch } = watched()
    Object.assign(pauses, before)
    watch.watch()
    Object.assign(pauses, { paused: false, times: timesAfter })
    clock.advance(incompleteFrameTimeoutMs)
    expect(dropped).toEqual([])
  })

  test('is not watched any more when it is whole', () => {
    const { clock, dropped, splitter, watch } = watched()
    watch.watch()
    splitter.bufferedBytes = 0
    watch.received(100, 1)
    clock.advance(incompleteFrameTimeoutMs)
    expect(dropped).toEqual([])
    expect(clock.pendingTimers).toBe(0)
  })

  test('of a closed session is not watched', () => {
    const { clock, watch } = watched()
    watch.watch()
    watch.close()
    watch.watch()
    expect(clock.pendingTimers).toBe(0)
  })
})
