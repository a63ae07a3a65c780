import { expect, test } from '@jest/globals'
import { EventLoopDelay, type IntervalHistogram } from '../../../broker/base/event-loop-delay.ts'

function measured(...intervalsMs: number[]): EventLoopDelay {
  const intervals = intervalsMs.map((ms) => ms * 1e6)
  const histogram: IntervalHistogram = {
    get max() {
      return intervals[0] ?? 0
    },
    enable() {},
    disable() {},
    reset: () => void intervals.shift(),
  }
  return new EventLoopDelay(histogram)
}

test('a loop that is never late has no delay, although its timer has a period', () => {
  expect(measured(100).takeLargestMs()).toBe(0)
})

test('what was late since the last question counts, and only that', () => {
  const delay = measured(250, 130)
  expect(delay.takeLargestMs()).toBe(150)
  expect(delay.takeLargestMs()).toBe(30)
  expect(delay.takeLargestMs()).toBe(0)
})

test('a loop that was held up is late by about as long', async () => {
  const delay = new EventLoopDelay()
  delay.start()
  // Node counts from the second tick on.
  await new Promise((resolve) => setTimeout(resolve, 250))
  const end = performance.now() + 400
  while (performance.now() < end);
  await new Promise((resolve) => setTimeout(resolve, 150))
  expect(delay.takeLargestMs()).toBeGreaterThan(250)
  delay.stop()
})
