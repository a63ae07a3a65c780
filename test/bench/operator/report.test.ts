import { describe, expect, test } from '@jest/globals'
import { buildSection, buildScaleReport, type ScaleFigures, scaleGoals, sectionOf, withSection } from './report.ts'

const mebibyte = 2 ** 20
const figures: ScaleFigures = {
  clusters: 1000,
  minutes: 10,
  further: 3,
  command: 'npm run bench:operator',
  startedAt: '2026-11-30T07:00:00.000Z',
  endedAt: '2026-11-30T07:30:00.000Z',
  cpuSeconds: 12,
  windowSeconds: 600,
  residentBytes: 150 * mebibyte,
  peakBytes: 180 * mebibyte,
  writes: 0,
  leaseRenewals: 300,
  reads: 20,
  changedObjects: 0,
  snapshots: 4000,
  statefulSetMs: [40, 50, 60],
  podsMs: [90, 110, 100],
}
const missed = (change: Partial<ScaleFigures>) =>
  scaleGoals({ ...figures, ...change })
    .filter(({ isReached }) => !isReached)
    .map(({ title }) => title)

describe('goals', () => {
  test('are reached', () => {
    expect(missed({})).toEqual([])
  })

  test.each<[Partial<ScaleFigures>, string]>([
    [{ cpuSeconds: 31 }, 'CPU, cores'],
    [{ residentBytes: 201 * mebibyte }, 'resident memory, MiB, idle'],
    [{ peakBytes: 257 * mebibyte }, 'resident memory, MiB, highest ever'],
    [{ writes: 1 }, 'writes'],
    [{ changedObjects: 1 }, 'objects that changed'],
    [{ podsMs: [90, 110, 301] }, 'one more cluster: pods there, p99 ms'],
  ])('%j misses one', (change, title) => {
    expect(missed(change)).toEqual([title])
  })
})

test('the table has a row for each figure', () => {
  expect(buildScaleReport(figures).split('\n')).toEqual([
    '| figure | goal | measured | |',
    '|---|---|---|---|',
    '| CPU, cores | ≤ 0.05 | 0.0200 | reached |',
    '| resident memory, MiB, idle | ≤ 200 | 150 | reached |',
    '| resident memory, MiB, highest ever | ≤ 256 | 180 | reached |',
    '| writes | 0 | 0 | reached |',
    '| objects that changed | 0 | 0 | reached |',
    '| one more cluster: pods there, p50 ms | ≤ 300 | 100 | reached |',
    '| one more cluster: pods there, p99 ms | ≤ 300 | 110 | reached |',
    '| one more cluster: StatefulSet there, p50 ms | – | 50 | |',
    '| one more cluster: StatefulSet there, p99 ms | – | 60 | |',
    '| reads of the API server a minute, watches among them | – | 2.0 | |',
    '| renewals of the Lease a minute | – | 30.0 | |',
    '| questions to brokers a minute | – | 400.0 | |',
  ])
})

test('the section is written into the page, written anew, and kept when the page is', () => {
  const section = buildSection(figures, 'a machine')
  const page = withSection('# Benchmarks\n\nof brokers\n', section)
  expect(page).toBe(`# Benchmarks\n\nof brokers\n\n${section}`)
  expect(withSection(page, section)).toBe(page)
  expect(withSection('# Others\n', sectionOf(page))).toBe(`# Others\n\n${section}`)
  expect(withSection('# Others\n', sectionOf('# None\n'))).toBe('# Others\n')
})
