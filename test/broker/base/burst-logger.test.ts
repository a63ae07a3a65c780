import { expect, test } from '@jest/globals'
import { BurstLogger } from '../../../broker/base/burst-logger.ts'
import type { LogFields, Logger } from '../../../broker/base/logger.ts'
import { ManualClock } from '../../../broker/base/manual-clock.ts'

function recorded(): { lines: [string, LogFields | undefined][]; logger: Logger } {
  const lines: [string, LogFields | undefined][] = []
  const note = (message: string, fields?: LogFields): void => void lines.push([message, fields])
  const logger: Logger = { debug: note, info: note, warn: note, error: note, child: () => logger }
  return { lines, logger }
}

test('writes a burst of each message, then how many it left out', () => {
  const { lines, logger } = recorded()
  const clock = new ManualClock()
  const burst = BurstLogger.over(logger, clock, { entries: 3, periodMs: 1000 })
  // Children of different connections share the burst.
  for (let number = 0; number < 10; number++) burst.child({ number }).warn('Dropped a connection', { number })
  burst.warn('Refused a connection')
  expect(lines.map(([message]) => message)).toEqual([
    'Dropped a connection',
    'Dropped a connection',
    'Dropped a connection',
    'Refused a connection',
  ])
  clock.advance(1000)
  expect(lines.slice(4)).toEqual([['Dropped a connection', { leftOut: 7, periodMs: 1000 }]])
  burst.warn('Dropped a connection')
  expect(lines).toHaveLength(6)
  clock.advance(1000)
  expect(clock.pendingTimers).toBe(0)
})

test('leaves nothing out at the debug level', () => {
  const { lines, logger } = recorded()
  const burst = BurstLogger.over(logger, new ManualClock(), { entries: 1, periodMs: 1000 })
  for (let number = 0; number < 5; number++) burst.debug('Refused a command')
  expect(lines).toHaveLength(5)
})
