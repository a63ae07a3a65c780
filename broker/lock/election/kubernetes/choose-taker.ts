// Whether this member is to take a Lease that nobody holds, from what the members tell: pure. Each member comes to its own conclusion; that
// two do at once harms nobody, because the Lease is written over one version only, and each term is promised to one.
import { comparePositions, originPosition } from '../../../replication/position.ts'
import type { Candidacy } from '../elector.ts'
import type { LeaseFacts } from './lease-facts.ts'
import { leaseLimits } from './lease-limits.ts'

export interface TakerView {
  readonly self: string
  readonly replicas: number
  /** Of those that have answered, this member included. */
  readonly candidacies: ReadonlyMap<string, Candidacy>
  readonly weightOf: (member: string) => number
  readonly facts: LeaseFacts
  /** How long this member has seen the Lease without a holder. */
  readonly freeMs: number
  /** How long this member has taken part without ever having heard of an active; undefined: it has. */
  readonly coldMs: number | undefined
  readonly durationMs: number
}

export type TakerChoice =
  | { readonly kind: 'take'; readonly term: number; readonly founding: boolean; readonly reason: string }
  /** `active`: served although its Lease was not renewed: the API server was away. `againMs`: it changes by itself then. */
  | { readonly kind: 'leave'; readonly reason: string; readonly active?: string; readonly againMs?: number }

type Answer = readonly [member: string, candidacy: Candidacy]

export function chooseTaker(view: TakerView): TakerChoice {
  const { replicas, candidacies, facts } = view
  const quorum = Math.floor(replicas / 2) + 1
  const answers = [...candidacies]
  const active = heardActive(answers, quorum)
  if (active !== undefined)
    return { kind: 'leave', active, reason: `${active} serves, although its Lease was not renewed in time` }
  if (answers.length < quorum)
    return leave(
      `${answers.length} (${names(answers)}) of ${replicas} members answer, and it takes ${quorum} to elect one of them`,
    )
  const isEmpty = answers.every(([, { position }]) => comparePositions(position, originPosition) === 0)
  const founding = !facts.isFounded && isEmpty
  const voters = founding ? answers : answers.filter(([, { isVoter }]) => isVoter)
  if (voters.length < quorum)
    return leave(
      `${voters.length} of the members that answer (${names(answers)}) have data that counts, and it takes ${quorum} to elect one of them; those that lost theirs get it anew once there is an active`,
    )
  const pause = pauseOf(view, answers)
  if (pause) return pause
  return takeInTurn(view, voters, founding)
}

/** One that a quorum follows, itself included. */
function heardActive(answers: readonly Answer[], quorum: number): string | undefined {
  const followers = new Map<string, number>()
  for (const [, { active }] of answers) if (active !== null) followers.set(active, (followers.get(active) ?? 0) + 1)
  for (const [active, count] of followers) if (count >= quorum) return active
  return undefined
}

function pauseOf({ replicas, facts, freeMs, coldMs, durationMs }: TakerView, answers: readonly Answer[]) {
  if (answers.length < replicas && coldMs !== undefined && coldMs < durationMs)
    return leave(
      `${answers.length} (${names(answers)}) of ${replicas} members answer; after a start of all of them the rest is waited for, because one of those may have more, up to ${durationMs} ms`,
      durationMs - coldMs,
    )
  const { declined } = facts
  if (declined?.term !== facts.term || declined.attempt === 0) return undefined
  const backoffMs = Math.min(leaseLimits.longestBackoffMs, leaseLimits.backoffMs * 2 ** (declined.attempt - 1))
  return freeMs < backoffMs
    ? leave(`${declined.member} was proposed for term ${declined.term} and has declined`, backoffMs - freeMs)
    : undefined
}

/** The best takes it at once. If it does not, for the API server may be out of its reach, the next ones do, one after the other. */
function takeInTurn(view: TakerView, voters: readonly Answer[], founding: boolean): TakerChoice {
  const { self, facts, candidacies, freeMs, durationMs } = view
  const ranked = voters.toSorted(byRank(view))
  const turn = ranked.findIndex(([member]) => member === self)
  const best = ranked[0]![0]
  if (turn < 0) return leave('This member has no data that counts: it gets everything anew once there is an active')
  if (freeMs < turn * durationMs)
    return leave(`${best} is more advanced, or its weight or name decides`, turn * durationMs - freeMs)
  const term = 1 + Math.max(facts.term, ...[...candidacies.values()].map(({ promised }) => promised))
  return {
    kind: 'take',
    term,
    founding,
    reason: `it is ${turn === 0 ? 'the' : 'next'} most advanced of ${names(ranked)}`,
  }
}

/** The most advanced first, then the heaviest, then by name; whoever declined last comes after all others, once. */
const byRank =
  ({ facts, weightOf }: TakerView) =>
  ([one, { position: ofOne }]: Answer, [other, { position: ofOther }]: Answer): number =>
    Number(hasDeclined(one, facts)) - Number(hasDeclined(other, facts)) ||
    comparePositions(ofOther, ofOne) ||
    weightOf(other) - weightOf(one) ||
    (one < other ? -1 : 1)

const hasDeclined = (member: string, { declined, term }: LeaseFacts): boolean =>
  declined?.member === member && declined.term === term

const names = (answers: readonly Answer[]): string => answers.map(([member]) => member).join(', ')
const leave = (reason: string, againMs?: number): TakerChoice => ({
  kind: 'leave',
  reason,
  ...(againMs !== undefined && { againMs }),
})
