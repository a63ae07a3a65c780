// The cells of `npm run bench -- --store replicated`: persistent messages with copies, beside our own journal without any and beside Artemis's
// replication, in the same run.
import type { BrokerId } from './brokers.ts'
import { cells, figures, type Cell, type Figure } from './cells.ts'
import type { BenchRun } from './report.ts'
import { ratioOf, spreadOf, type Spread } from './statistics.ts'

export const replicatedBrokers: readonly BrokerId[] = ['flotilla', 'flotilla-replicated', 'artemis-replicated']

const ids = [
  'persistent-1x1',
  'persistent-4x4',
  'persistent-16x16',
  'unconsumed-16',
  'store-first-16x16',
  'transacted-4x4',
  'backlog',
]

const gibibytes = 2 ** 30

const rejoin: Cell = {
  id: 'rejoin',
  title: 'a member of 5 GiB comes back after a minute away, 1,000 persistent messages/s meanwhile',
  procedure: { kind: 'rejoin', bytes: 5 * gibibytes, awayMs: 60_000 },
  goals: [{ figure: 'timeMs', absolute: 5000 }],
  without: ['flotilla', 'artemis-replicated'],
}

export const replicatedCells: readonly Cell[] = [...cells.filter(({ id }) => ids.includes(id)), rejoin]

const ours = 'flotilla-replicated'
/** Of messages a second: of the cells that have to reach them. */
const goals: Readonly<Record<string, Readonly<Partial<Record<BrokerId, number>>>>> = {
  'persistent-4x4': { flotilla: 0.7, 'artemis-replicated': 2 },
  'persistent-16x16': { flotilla: 0.7, 'artemis-replicated': 2 },
}
const compared: readonly Figure[] = ['rate', 'fillRate', 'drainRate', 'cpuPer100k']

/** Ours with copies divided by each of the others: a line for each cell, figure and broker. */
export function replicatedRatios(runs: readonly BenchRun[]): string[] {
  const lines: string[] = []
  for (const { id } of replicatedCells)
    for (const figure of compared)
      for (const beside of replicatedBrokers) {
        const own = spread(runs, id, ours, figure)
        const other = spread(runs, id, beside, figure)
        if (beside === ours || !own || !other) continue
        const { median, min, max } = ratioOf(own, other)
        const goal = figure === 'rate' ? goals[id]?.[beside] : undefined
        const verdict = goal === undefined ? '' : `, goal ${goal}x ${median >= goal ? 'reached' : 'MISSED'}`
        lines.push(
          `${id}, ${figures[figure].title}: ${round(median)}x of ${beside} (${round(min)}–${round(max)})${verdict}`,
        )
      }
  return lines
}

const round = (ratio: number): number => Number(ratio.toPrecision(3))

function spread(runs: readonly BenchRun[], cell: string, broker: BrokerId, figure: Figure): Spread | undefined {
  const counted = runs.filter((run) => run.cell === cell && run.broker === broker && !run.thrownAway)
  return spreadOf(counted.flatMap((run) => run.figures?.[figure] ?? []))
}
