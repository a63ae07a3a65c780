// How the page of the bench comes from its data: medians, the best peer of each figure, and what counts as reached.
import { describe, expect, test } from '@jest/globals'
import { cells, type Figure } from './cells.ts'
import { buildReport, judge, type BenchData, type BenchRun } from './report.ts'
import { percentile, ratioOf, spreadOf } from './statistics.ts'

const cell = cells.find(({ id }) => id === 'queue-1x1')!

function runs(broker: string, figure: Figure, values: readonly number[]): BenchRun[] {
  return values.map((value, run) => ({
    cell: cell.id,
    broker,
    run,
    thrownAway: run === 0,
    figures: { [figure]: value },
  }))
}

function data(...given: BenchRun[][]): BenchData {
  return {
    startedAt: '2026-01-01T00:00:00Z',
    endedAt: '2026-01-01T01:00:00Z',
    command: 'npm run bench',
    machine: { Processors: '2 × test' },
    settings: {},
    brokers: ['flotilla', 'activemq-6', 'artemis'].map((id) => ({ id, title: id, settings: '' })),
    runs: given.flat(),
  }
}

describe('statistics', () => {
  test('the median of an even number of values lies between the middle two', () => {
    expect(spreadOf([4, 1, 3, 2])).toEqual({ median: 2.5, min: 1, max: 4 })
    expect(spreadOf([])).toBeUndefined()
  })

  test('a percentile is one of the values', () => {
    const values = Array.from({ length: 100 }, (_, index) => index + 1)
    expect([percentile(values, 0.5), percentile(values, 0.99), percentile([7], 0.99)]).toEqual([50, 99, 7])
  })

  test('extremes of a ratio are those that single runs allow', () => {
    const ratio = ratioOf({ median: 20, min: 10, max: 40 }, { median: 10, min: 5, max: 20 })
    expect(ratio).toEqual({ median: 2, min: 0.5, max: 8 })
  })
})

describe('judging a goal', () => {
  test('the first run does not count, and the best peer is the one with the best median', () => {
    const all = data(
      runs('flotilla', 'rate', [1, 140, 150, 160]),
      runs('activemq-6', 'rate', [900, 90, 100, 110]),
      runs('artemis', 'rate', [900, 10, 50, 500]),
    )
    const verdict = judge(all, cell, { figure: 'rate', ratio: 1.4 })!
    expect(verdict).toMatchObject({ ours: { median: 150 }, best: { title: 'activemq-6' }, met: true })
    expect(verdict.ratio!.median).toBe(1.5)
  })

  test('of CPU less is better, and more than a peer is worse', () => {
    const all = data(runs('flotilla', 'cpuPer100k', [0, 3]), runs('activemq-6', 'cpuPer100k', [0, 2]))
    expect(judge(all, cell, { figure: 'cpuPer100k', ratio: 0.4 })).toMatchObject({ met: false, worseThanPeer: true })
  })

  test('an absolute goal needs no peer', () => {
    const verdict = judge(data(runs('flotilla', 'p50Ms', [0, 250])), cell, { figure: 'p50Ms', absolute: 300 })
    expect(verdict).toMatchObject({ met: true, best: undefined, ratio: undefined, worseThanPeer: false })
  })

  test('nothing measured is no verdict', () => {
    expect(judge(data(), cell, { figure: 'rate', ratio: 1 })).toBeUndefined()
  })
})

describe('the page', () => {
  test('shows goals, failures and findings', () => {
    const failed: BenchRun = { cell: cell.id, broker: 'artemis', run: 0, thrownAway: true, failed: 'it | broke\nstack' }
    const all = data(runs('flotilla', 'rate', [1, 90]), runs('activemq-6', 'rate', [1, 100]), [failed])
    const page = buildReport(all, { [cell.id]: 'The socket is the limit.' })
    expect(page).toContain('| ≥ 1.4x | 0.9x | 0.9–0.9x | 90 | 100 (activemq-6) | **missed, worse than a peer** |')
    expect(page).toContain('1 of 1 runs failed: it / broke |')
    expect(page).toContain('The socket is the limit.')
    expect(page).toContain('not measured')
  })

  test('says when it is only a trial', () => {
    const few = data(runs('flotilla', 'rate', [1, 90, 90]))
    const enough = data(runs('flotilla', 'rate', [1, 90, 90, 90]))
    expect(buildReport(few, {})).toContain('a trial, not a result: fewer than 3 runs count.')
    expect(buildReport({ ...enough, busy: true }, {})).toContain(
      'a trial, not a result: other work ran on the machine.',
    )
    expect(buildReport(enough, {})).not.toContain('a trial')
  })
})
