// What a run with copies says of itself at its end.
import { expect, test } from '@jest/globals'
import type { BrokerId } from './brokers.ts'
import { replicatedRatios } from './replicated-cells.ts'
import type { BenchRun } from './report.ts'

const run = (broker: BrokerId, rate: number, thrownAway = false): BenchRun => ({
  cell: 'persistent-4x4',
  broker,
  run: 0,
  thrownAway,
  figures: { rate },
})

test('ours with copies is divided by each of the others, and judged', () => {
  const runs = [
    run('flotilla', 1, true),
    ...[1000, 1100, 1200].map((rate) => run('flotilla', rate)),
    ...[700, 880, 900].map((rate) => run('flotilla-replicated', rate)),
    run('artemis-replicated', 600),
  ]
  expect(replicatedRatios(runs)).toEqual([
    'persistent-4x4, messages/s: 0.8x of flotilla (0.583–0.9), goal 0.7x reached',
    'persistent-4x4, messages/s: 1.47x of artemis-replicated (1.17–1.5), goal 2x MISSED',
  ])
})

test('a broker that failed is left out', () => {
  expect(replicatedRatios([run('flotilla-replicated', 700)])).toEqual([])
})
