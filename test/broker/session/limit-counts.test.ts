import { expect, test } from '@jest/globals'
import { silentLogger, type LogFields, type Logger } from '../../../broker/base/logger.ts'
import { ManualClock } from '../../../broker/base/manual-clock.ts'
import { LimitCounts } from '../../../broker/session/limit-counts.ts'
import { limitLogPeriodMs } from '../../../broker/session/limits.ts'

function counted(): { limits: LimitCounts; clock: ManualClock; lines: LogFields[] } {
  const lines: LogFields[] = []
  const logger: Logger = { ...silentLogger, warn: (_message, fields = {}) => void lines.push(fields) }
  const clock = new ManualClock()
  return { limits: new LimitCounts(clock, logger), clock, lines }
}

test('each time counts; a line comes with the first, then with the number of the rest, once in a period', () => {
  const { limits, clock, lines } = counted()
  for (let times = 0; times < 5; times++) limits.reached('maxIdLength', { remoteAddress: 'tcp://a:1' })
  expect(lines.splice(0)).toEqual([{ limit: 'maxIdLength', times: 1, remoteAddress: 'tcp://a:1' }])
  clock.advance(limitLogPeriodMs)
  expect(lines.splice(0)).toEqual([{ limit: 'maxIdLength', times: 4 }])
  clock.advance(limitLogPeriodMs)
  expect(lines).toEqual([])
  expect(limits.totals).toEqual(new Map([['maxIdLength', 5]]))
  expect(clock.pendingTimers).toBe(0)
})

test('one limit does not silence another', () => {
  const { limits, lines } = counted()
  limits.reached('maxIdLength', {})
  limits.reached('maxFrameSize', {})
  limits.count('maxTurnMs')
  expect(lines.map(({ limit }) => limit)).toEqual(['maxIdLength', 'maxFrameSize'])
  expect(limits.totals.get('maxTurnMs')).toBe(1)
})
