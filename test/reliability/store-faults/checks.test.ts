// What the fault suite of the stores looks for beside the histories of clients, whose checks have tests in jms-kills.
import { afterEach, describe, expect, test } from '@jest/globals'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { segmentFileName, termDirectoryName } from '../../../broker/journal/format.ts'
import { Told } from '../jms-kills/told.ts'
import { figuresOf } from '../recorded-load.ts'
import { storeNames } from './fault.ts'
import { faultsOf } from './faults.ts'
import { copyFaults } from './journal-copies.ts'
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
  for (const store of storeNames)
    expect(faultsOf(store).map(({ name }) => name)).toEqual(
      expect.arrayContaining(['killed', 'ended', 'stopped', 'wrong-clock', 'full']),
    )
})

describe('copies of a journal', () => {
  const directories: string[] = []
  afterEach(() => {
    for (const directory of directories.splice(0)) rmSync(directory, { recursive: true })
  })

  /** What each segment has, by its number. */
  function journal(segments: Readonly<Record<number, string>>): string {
    const directory = mkdtempSync(join(tmpdir(), 'flotilla-copies-'))
    directories.push(directory)
    const term = join(directory, termDirectoryName(3))
    mkdirSync(term)
    for (const [number, bytes] of Object.entries(segments))
      writeFileSync(join(term, segmentFileName(Number(number))), bytes)
    return directory
  }

  test('may have more or fewer segments, a longer last one, and space set aside', () => {
    const one = journal({ 1: 'a', 2: 'bb\0\0\0' })
    expect(copyFaults([one, journal({ 2: 'bbb', 3: 'c' }), journal({ 2: 'b' })])).toEqual([])
  })

  test('differ where a byte does', () => {
    const [one, other] = [journal({ 2: 'abcd' }), journal({ 2: 'abxdef' })]
    expect(copyFaults([one, other])).toEqual([`segment 2 differs at 2 between ${one} and ${other}`])
  })

  test('are none with nothing in common, or with two terms', () => {
    const [one, other] = [journal({ 1: 'a' }), journal({ 2: 'a' })]
    expect(copyFaults([one, other])).toEqual([`${one} and ${other} have no segment in common`])
    mkdirSync(join(one, termDirectoryName(4)))
    expect(copyFaults([one])).toEqual([`${one} has 2 terms: term-0000000003, term-0000000004`])
  })
})
