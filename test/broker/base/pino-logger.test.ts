import { expect, test } from '@jest/globals'
import { FlotillaError } from '../../../broker/base/errors.ts'
import { createLogger } from '../../../broker/base/pino-logger.ts'

function captured(readable: boolean): { lines: string[]; logger: ReturnType<typeof createLogger> } {
  const lines: string[] = []
  return { lines, logger: createLogger({ level: 'info', readable, write: (line) => lines.push(line) }) }
}

test('machines get a JSON line with level, time, message and fields', () => {
  const { lines, logger } = captured(false)
  logger.child({ connector: 'openwire' }).warn('Refused', { count: 3 })
  expect(lines).toHaveLength(1)
  const { time, ...rest } = JSON.parse(lines[0]!) as Record<string, unknown>
  expect(rest).toEqual({ level: 'warn', msg: 'Refused', connector: 'openwire', count: 3 })
  expect(new Date(time as string).toISOString()).toBe(time)
})

test('people get a line to read', () => {
  const { lines, logger } = captured(true)
  logger.info('Active', { term: 4, member: 'm-0' })
  logger.info('Plain')
  expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d\.\d{3} INFO {2}Active {2}term=4 member=m-0\n$/)
  expect(lines[1]).toMatch(/ INFO {2}Plain\n$/)
})

test('what is below the level is not written', () => {
  const { lines, logger } = captured(false)
  logger.debug('Detail')
  expect(lines).toEqual([])
})

test('errors with a code are their text, others keep the stack', () => {
  const { lines, logger } = captured(false)
  logger.error('Failed', { error: new FlotillaError('X', 'Cannot do it: no'), bug: new TypeError('oops') })
  const { error, bug } = JSON.parse(lines[0]!) as { error: string; bug: string }
  expect(error).toBe('Cannot do it: no')
  expect(bug).toMatch(/^TypeError: oops\n {4}at /)
})
