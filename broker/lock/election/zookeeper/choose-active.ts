// Whom the elector names: pure, of what stands in ZooKeeper.
import { comparePositions } from '../../../replication/position.ts'
import type { Candidacy } from '../elector.ts'

/** A member that is there: the content of its node. */
export interface PresentMember extends Candidacy {
  /** Name of its node, which ends with its number. */
  readonly node: string
  readonly member: string
  readonly address: string
  readonly weight: number
  /** Newest term that it was elected to and does not serve. */
  readonly declined: number
}

/** Content of the node `election`. */
export interface ElectionRecord {
  readonly term: number
  readonly member: string
  readonly node: string
}

export interface Situation {
  readonly members: readonly PresentMember[]
  readonly record: ElectionRecord | undefined
  readonly replicas: number
  readonly quorum: number
  readonly isFounded: boolean
  /** Nobody was seen to serve since this member started: the rest may be about to come. */
  readonly isColdStart: boolean
  /** For how long a quorum was there, and for how long the elected one has been without one that follows it; milliseconds. */
  readonly quorumForMs: number
  readonly unfollowedForMs: number
  readonly patienceMs: number
  readonly takeoverMs: number
}

export type Choice =
  | { readonly kind: 'keep' }
  | { readonly kind: 'wait'; readonly reason: string; readonly forMs?: number }
  | { readonly kind: 'elect'; readonly record: ElectionRecord }

export function chooseActive(situation: Situation): Choice {
  const { record, quorum, replicas, isColdStart, quorumForMs, unfollowedForMs } = situation
  const holds = isValid(situation)
  if (holds && unfollowedForMs < (isColdStart ? situation.patienceMs : situation.takeoverMs)) return { kind: 'keep' }
  // Whom nobody follows need not be dead, but it is no candidate.
  const members = holds ? situation.members.filter(({ node }) => node !== record?.node) : situation.members
  if (members.length < quorum)
    return { kind: 'wait', reason: `${quorum} of ${replicas} members are needed, present: ${namesOf(members)}` }
  if (isColdStart && members.length < replicas && quorumForMs < situation.patienceMs)
    return {
      kind: 'wait',
      reason: `a quorum is here, but not all ${replicas} members: ${namesOf(members)}`,
      forMs: situation.patienceMs - quorumForMs,
    }
  const candidates = members.filter(({ isVoter }) => isVoter || !situation.isFounded)
  const best = candidates.toSorted(byMerit)[0]
  if (!best) return { kind: 'wait', reason: `no member that is present has a whole copy: ${namesOf(members)}` }
  const term = Math.max(record?.term ?? 0, ...members.map(({ promised }) => promised)) + 1
  return { kind: 'elect', record: { term, member: best.member, node: best.node } }
}

/** Whether the elected one is still there, by the same session, and has not declined. */
export const isValid = ({ members, record }: Pick<Situation, 'members' | 'record'>): boolean =>
  record !== undefined && members.some(({ node, declined }) => node === record.node && declined < record.term)

const byMerit = (a: PresentMember, b: PresentMember): number =>
  comparePositions(b.position, a.position) || b.weight - a.weight || (a.member < b.member ? -1 : 1)

const namesOf = (members: readonly PresentMember[]): string =>
  members.length === 0 ? 'none' : members.map(({ member }) => member).join(', ')
