// The model of replication: whole groups of the real core (broker/replication) over simulated disks and connections, with an election that may be
// wrong in every way, and faults of all kinds, from a seed. The history book says what must hold at every moment; at the end all faults
// are over, and the group has to come to rest: one active, every other member in sync with it byte by byte, and new records confirmed.
import { Violation } from '../queue-book.ts'
import { newFigures, type ReplicationFigures } from './figures.ts'
import { noSabotage, type Sabotage } from './sabotage.ts'
import { Schedule } from './schedule.ts'

export interface ReplicationModelOptions {
  readonly seed: number
  /** How many groups, each from the next seed. */
  readonly schedules: number
  readonly steps?: number
  readonly sabotage?: Sabotage
  /** Told what happens, in order. */
  readonly trace?: ((line: string) => void) | undefined
  /** Told now and then how many are through. */
  readonly progress?: (schedules: number) => void
}

const defaultSteps = 2500
const lastEvents = 60

/** @throws {Violation} with the seed of the schedule that has shown it, and what happened last. */
export function runReplicationModel(options: ReplicationModelOptions): ReplicationFigures {
  const { seed, schedules, steps = defaultSteps, sabotage = noSabotage, trace, progress } = options
  const figures = newFigures()
  for (let current = seed; current < seed + schedules; current++) {
    try {
      new Schedule({ seed: current, figures, sabotage, trace }).run(steps)
    } catch (error) {
      const last = trace ? [] : eventsBefore(current, sabotage, steps)
      const text = [`seed ${current}: ${(error as Error).message}`, ...last].join('\n  ')
      throw new Violation(text, { cause: error })
    }
    if (++figures.schedules % 10_000 === 0) progress?.(figures.schedules)
  }
  return figures
}

/** The same schedule once more: nobody writes down what happens until it matters. */
function eventsBefore(seed: number, sabotage: Sabotage, steps: number): string[] {
  const lines: string[] = []
  const trace = (line: string): void => {
    lines.push(line)
    if (lines.length > lastEvents) lines.shift()
  }
  try {
    new Schedule({ seed, figures: newFigures(), sabotage, trace }).run(steps)
  } catch {
    // It is known.
  }
  return lines
}
