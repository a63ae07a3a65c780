// What the fault suite of the stores looks for beside the histories of clients, whose checks have tests in jms-kills.
import { describe, expect, test } from '@jest/globals'
import { Told } from '../jms-kills/told.ts'
import { figuresOf } from '../recorded-load.ts'
import { faultsOf } from './faults.ts'
import { longestWait, takeoverFigures } from './takeover.ts'
import { writerFaults } from './writers.ts'

describe('who wrote', () => {
  test('one user for each term is as it has to be, also when one has several', () => {
    const writers = [1, 2, 3].map((term) => ({ term, user: term === 2 ? 'b' : 'a' }))
    expect(writerFaults(writers)).toEqual([])
    expect(writerFaults([])).toEqual([])
  })

  test('two users of one term are noticed', () => {
    const writers = [
      { term: 4, user: 'b' },
      { term: 4, user: 'a' },
      { term: 5, user: 'b' },
    ]
    expect(writerFaults(writers)).toEqual(['in term 4 wrote a and b'])
  })
})

describe('how long a client waited', () => {
  test('is the longest time without an answer since the fault', () => {
    expect(longestWait([100, 110, 1310, 1320, 1400], 105)).toBe(1200)
  })

  test('counts from the fault on what was without an answer before', () => {
    expect(longestWait([100, 1310], 1000)).toBe(310)
  })

  test('is not known when nothing was answered since', () => {
    expect(longestWait([100], 105)).toBeUndefined()
  })

  test('is told by the middle, the worst but one in a hundred, and the worst', () => {
    const waits = Array.from({ length: 200 }, (_, index) => 200 - index)
    expect(takeoverFigures(waits)).toEqual({ p50: 100, p99: 198, max: 200 })
    expect(takeoverFigures([])).toEqual({ p50: 0, p99: 0, max: 0 })
  })
})

describe('duplicates', () => {
  test('are counted where an answer was cut off', () => {
    const story = new Told().sends('m').sends('n').opens('c').gets('c', 'm', 'u').gets('c', 'n', 'u').kills('c')
    const again = story.ends('u', 'in doubt').gets('c', 'm', 'v').ends('v')
    expect(figuresOf(again.events)).toMatchObject({ deliveries: 3, inDoubt: 1, againAfterDoubt: 1 })
  })

  test('are none where it was rolled back, or was confirmed', () => {
    const story = new Told().sends('m').sends('n').opens('c').gets('c', 'm', 'u').ends('u', 'undone')
    const again = story.gets('c', 'm', 'v').ends('v').gets('c', 'n', 'w').ends('w')
    expect(figuresOf(again.events)).toMatchObject({ inDoubt: 0, againAfterDoubt: 0 })
  })
})

test('every store has the faults that every member can have', () => {
  for (const store of ['journal', 'jdbc-postgresql', 'jdbc-mariadb'] as const)
    expect(faultsOf(store).map(({ name }) => name)).toEqual(
      expect.arrayContaining(['killed', 'ended', 'stopped', 'wrong-clock', 'full']),
    )
})
