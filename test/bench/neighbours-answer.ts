// What the driver says of pairs that were measured alone and beside a troublemaker, and what it means: the kind of pairs that
// fared worst is what counts, so that no kind makes up for another.
import { spreadOf } from './statistics.ts'

export interface NeighboursAnswer {
  /** Messages a second of each pair. */
  readonly alone: readonly number[]
  readonly beside: readonly number[]
  /** Sent and not received in the end. */
  readonly missing: number
  readonly problems: string
}

export interface NeighboursFigures {
  /** Rate beside the troublemaker, divided by that alone, of the kind of pairs where it is least. */
  readonly shareBeside: number
  readonly stalledPairs: number
}

/** In the order in which the driver deals them out, as often as there are pairs. */
export const pairKinds = ['queue', 'persistent queue', 'topic', 'persistent topic'] as const

/** Throws when messages of pairs that went on are missing. */
export function judgeNeighbours({ alone, beside, missing, problems }: NeighboursAnswer): NeighboursFigures {
  if (problems !== '') throw new Error(problems)
  const stillAlone = alone.filter((rate) => rate === 0).length
  if (stillAlone > 0) throw new Error(`${stillAlone} pairs stood still with nobody beside them`)
  const stalledPairs = beside.filter((rate) => rate === 0).length
  if (stalledPairs === 0 && missing > 0) throw new Error(`${missing} messages of the pairs were not delivered`)
  const shares = pairKinds.map((_, kind) => rateOf(beside, kind) / rateOf(alone, kind))
  return { shareBeside: spreadOf(shares)!.min, stalledPairs }
}

function rateOf(rates: readonly number[], kind: number): number {
  return rates.filter((_, pair) => pair % pairKinds.length === kind).reduce((sum, rate) => sum + rate, 0)
}
