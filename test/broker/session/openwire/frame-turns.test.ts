import { expect, jest, test } from '@jest/globals'
import { ManualClock } from '../../../../broker/base/manual-clock.ts'
import { FrameTurns } from '../../../../broker/session/openwire/frame-turns.ts'

/** `turnOf` frames are handled before the clock says that it took too long. */
function turns(turnOf = Number.POSITIVE_INFINITY) {
  const clock = new ManualClock()
  const told: string[] = []
  let handledInTurn = 0
  jest.spyOn(clock, 'monotonicMs').mockImplementation(() => (handledInTurn >= turnOf ? 1000 : 0))
  const frameTurns = new FrameTurns(clock, {
    handle(frame) {
      handledInTurn++
      if (frame[0] === 0xff) throw new Error('bad frame')
      told.push(frame.toString())
    },
    turnEnded(waitingFrames) {
      handledInTurn = 0
      told.push(`${waitingFrames} wait`)
    },
    caughtUp: () => void told.push('caught up'),
    failed: (error) => void told.push((error as Error).message),
  })
  return { clock, told, frameTurns }
}

const letters = (text: string): string[] => text.split('')
const frames = (text: string): Buffer[] => letters(text).map((letter) => Buffer.from(letter))

test('frames that came together are handled together', () => {
  const { told, frameTurns } = turns()
  frameTurns.take(frames('abcdefghijklmnopqrst'))
  expect(told.join('')).toBe('abcdefghijklmnopqrst')
})

test('when they take too long the rest waits, and those that come meanwhile behind it', () => {
  const { clock, told, frameTurns } = turns(8)
  const shared = Buffer.from('abcdefghijkl')
  frameTurns.take(Array.from(shared, (_byte, index) => shared.subarray(index, index + 1)))
  expect(told.splice(0)).toEqual([...letters('abcdefgh'), '4 wait'])
  // The memory they came in is used again.
  shared.fill('x')
  frameTurns.take(frames('mn'))
  expect(told).toEqual([])
  clock.advance(0)
  expect(told).toEqual([...letters('ijklmn'), 'caught up'])
})

test('a frame that fails in a later turn is told of; one that fails at once throws', () => {
  const { clock, told, frameTurns } = turns(8)
  expect(() => frameTurns.take([Buffer.from([0xff])])).toThrow('bad frame')
  frameTurns.take([...frames('abcdefgh'), Buffer.from([0xff])])
  told.length = 0
  clock.advance(0)
  expect(told).toEqual(['bad frame', 'caught up'])
})

test('after the end nothing is handled any more, not even the rest of a chunk', () => {
  const clock = new ManualClock()
  const handled: string[] = []
  const frameTurns: FrameTurns = new FrameTurns(clock, {
    handle(frame) {
      handled.push(frame.toString())
      if (frame.toString() === 'b') frameTurns.close()
    },
    turnEnded() {},
    caughtUp() {},
    failed() {},
  })
  frameTurns.take(frames('abc'))
  expect(handled).toEqual(['a', 'b'])
})
