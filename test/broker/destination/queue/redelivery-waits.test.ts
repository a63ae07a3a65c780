import { expect, test } from '@jest/globals'
import { silentLogger } from '../../../../broker/base/logger.ts'
import { ManualClock } from '../../../../broker/base/manual-clock.ts'
import { seededRandom } from '../../../../broker/base/random.ts'
import { BrokerRedelivery } from '../../../../broker/destination/broker-redelivery.ts'
import type { QueueEntry } from '../../../../broker/destination/entry.ts'
import { destinationLimits } from '../../../../broker/destination/limits.ts'
import { RedeliveryWaits } from '../../../../broker/destination/queue/redelivery-waits.ts'

function world() {
  const clock = new ManualClock()
  const config = { policies: [], defaultPolicy: null, sendToDlqIfMaxRetriesExceeded: true, fallbackToDeadLetter: true }
  const redelivery = new BrokerRedelivery(config, seededRandom(1), silentLogger)
  const came: { sequence: number; afterMs: number }[] = []
  const startMs = clock.nowMs()
  const due = (entries: QueueEntry[]): void => {
    for (const { sequence } of entries) came.push({ sequence, afterMs: clock.nowMs() - startMs })
  }
  const waits = new RedeliveryWaits({ clock, redelivery, queue: 'Q', due })
  const take = (sequence: number, delayMs: number, redeliveryCounter = 1): boolean =>
    waits.take({
      sequence,
      redeliveryCounter,
      message: { redeliveryCounter, arrival: startMs + delayMs },
      release() {},
    } as unknown as QueueEntry)
  return { clock, redelivery, waits, take, came }
}

test('each comes when it is due, in whatever order they were put off', () => {
  const { clock, waits, take, came } = world()
  const random = seededRandom(3)
  const delays = Array.from({ length: 300 }, () => 1 + Math.floor(random.next() * 1000))
  delays.forEach((delayMs, sequence) => expect(take(sequence, delayMs)).toBe(true))
  expect([waits.size, clock.pendingTimers]).toEqual([300, 1])
  clock.advance(1000)
  expect(came).toHaveLength(300)
  for (const { sequence, afterMs } of came) expect(afterMs).toBe(delays[sequence])
  expect([waits.size, clock.pendingTimers]).toEqual([0, 0])
})

test('what is due, or was never delivered, is not taken', () => {
  const { take } = world()
  expect([take(1, 0), take(2, -5), take(3, 1000, 0)]).toEqual([false, false, false])
})

test('longer than a timer lasts', () => {
  const { clock, take, came } = world()
  const delayMs = 3 * destinationLimits.longestTimerMs + 1
  take(1, delayMs)
  clock.advance(delayMs - 1)
  expect(came).toEqual([])
  clock.advance(1)
  expect(came).toEqual([{ sequence: 1, afterMs: delayMs }])
})

test('nothing comes once it has stopped', () => {
  const { clock, waits, take, came } = world()
  take(1, 10)
  waits.stop()
  clock.advance(10)
  expect([came, waits.size, clock.pendingTimers]).toEqual([[], 1, 0])
})

test('while it is suspended nothing waits, and what does is due at once', () => {
  const { clock, redelivery, waits, take, came } = world()
  take(1, 10)
  take(2, 1000)
  redelivery.suspended = true
  expect(came.map(({ sequence }) => sequence)).toEqual([1, 2])
  expect([take(3, 10), waits.size, clock.pendingTimers]).toEqual([false, 0, 0])
  redelivery.suspended = false
  expect([take(4, 10), waits.size]).toEqual([true, 1])
  clock.advance(10)
  expect(came.at(-1)).toEqual({ sequence: 4, afterMs: 10 })
  redelivery.suspended = true
  expect(came).toHaveLength(3)
})
