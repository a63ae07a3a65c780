// Who should be the active, from what is to be seen in ZooKeeper: pure. Every member comes to a conclusion, for its people; only the
// elector, the one with the lowest sequence, acts on it.
import { comparePositions, originPosition } from '../../../replication/position.ts'
import { electionLimits } from './election-limits.ts'
import type { Election, MemberNode } from './member-node.ts'

export interface SeenMember extends MemberNode {
  /** Name of its node: ends in its sequence. */
  readonly node: string
}

export interface ElectionView {
  readonly replicas: number
  readonly sessionTimeoutMs: number
  /** In the order of their sequences. */
  readonly members: readonly SeenMember[]
  readonly election: Election | undefined
  /** A term was served. */
  readonly isFounded: boolean
}

export interface Conditions {
  /** A quorum of members does not hear the elected one, which serves. */
  readonly abandoned: boolean
  /** After a start of the whole group not all are here. */
  readonly incomplete: boolean
  /** Somebody is to be elected, and one that is here has not told its position. */
  readonly silent: boolean
  /** Nobody is elected. */
  readonly vacant: boolean
}

/** For how long each holds, in milliseconds; 0: it does not, or has just begun to. */
export type Patience = Readonly<Record<keyof Conditions, number>>

export type Choice =
  | { readonly kind: 'keep'; readonly member: string; readonly term: number; readonly againMs: number | undefined }
  | {
      readonly kind: 'propose'
      readonly election: Election
      /** Node of the member that is to write it. */
      readonly elector: string
      readonly reason: string
    }
  /** `againMs`: it changes by itself when this time has passed. */
  | { readonly kind: 'nobody'; readonly reason: string; readonly againMs: number | undefined }

type Candidate = SeenMember & { readonly position: NonNullable<SeenMember['position']> }

const quorumOfReplicas = (replicas: number): number => Math.floor(replicas / 2) + 1

/** The node of whom the election names, unless it has declined. */
export function electedOf({ election, members }: ElectionView): SeenMember | undefined {
  const elected = election && members.find(({ node }) => node === election.node)
  return elected?.declined?.term === election?.term ? undefined : elected
}

export function conditionsOf(view: ElectionView): Conditions {
  const { members, replicas, election } = view
  const elected = electedOf(view)
  const others = members.filter(({ node }) => node !== elected?.node)
  const deaf = others.filter(({ active }) => active !== elected?.member)
  const vacant = elected === undefined
  const abandoned = !vacant && elected.serving === election?.term && deaf.length >= quorumOfReplicas(replicas)
  return {
    abandoned,
    incomplete: members.length < replicas && members.every(({ hasSeenActive }) => !hasSeenActive),
    silent: (vacant || abandoned) && others.some(({ position }) => position === null),
    vacant,
  }
}

export function chooseActive(view: ElectionView, waited: Patience): Choice {
  const { election } = view
  const elected = electedOf(view)
  const { abandoned } = conditionsOf(view)
  if (!elected) return elect(view, view.members, waited)
  if (!abandoned || waited.abandoned < electionLimits.abandonedMs)
    return {
      kind: 'keep',
      member: elected.member,
      term: election!.term,
      againMs: abandoned ? electionLimits.abandonedMs - waited.abandoned : undefined,
    }
  return elect(
    view,
    view.members.filter(({ node }) => node !== elected.node),
    waited,
  )
}

function elect(view: ElectionView, members: readonly SeenMember[], waited: Patience): Choice {
  const { replicas, election, isFounded } = view
  const quorum = quorumOfReplicas(replicas)
  if (members.length < quorum)
    return nobody(`${here(members)} of ${replicas} members, and it takes ${quorum} to elect one of them`)
  const pause = pauseOf(view, members, waited)
  if (pause) return pause
  const candidates = members.filter((member): member is Candidate => member.position !== null)
  const isEmpty = candidates.every(({ position }) => comparePositions(position, originPosition) === 0)
  const founding = !isFounded && isEmpty
  const voters = founding ? candidates : candidates.filter(({ isVoter }) => isVoter)
  if (candidates.length < quorum) return nobody(`Waiting for the positions of ${quorum} members`)
  if (voters.length < quorum)
    return nobody(
      `${voters.length} of the members that are here (${names(candidates)}) have data that counts, and it takes ${quorum} to elect one of them; those that lost theirs get it anew once there is an active`,
    )
  const [first] = voters.toSorted(byRank(election))
  const term = 1 + Math.max(election?.term ?? 0, ...members.map(({ promised }) => promised))
  // An elected one that was served and is gone is not one that came to nothing.
  const decliner = declinerOf(view)
  const attempt = !decliner || decliner.declined!.hadServed ? 0 : (election?.attempt ?? 0) + 1
  return {
    kind: 'propose',
    election: { term, member: first!.member, node: first!.node, founding, attempt },
    elector: members[0]!.node,
    reason: `${first!.member} is the most advanced of ${names(voters)}`,
  }
}

/** What is waited for although a quorum is here. */
function pauseOf(view: ElectionView, members: readonly SeenMember[], waited: Patience): Choice | undefined {
  const { sessionTimeoutMs, replicas, election } = view
  const { incomplete, silent } = conditionsOf(view)
  if (incomplete && waited.incomplete < sessionTimeoutMs)
    return nobody(
      `${here(members)} of ${replicas} members; after a start of all of them the rest is waited for, because one of those may have more, up to ${sessionTimeoutMs} ms`,
      sessionTimeoutMs - waited.incomplete,
    )
  if (silent && members.some(({ position }) => position === null) && waited.silent < electionLimits.positionMs) {
    const late = members.filter(({ position }) => position === null)
    return nobody(`Waiting for the position of ${names(late)}`, electionLimits.positionMs - waited.silent)
  }
  const decliner = declinerOf(view)
  const backoffMs = Math.min(electionLimits.longestBackoffMs, electionLimits.backoffMs * 2 ** (election?.attempt ?? 0))
  if (decliner && !decliner.declined!.hadServed && waited.vacant < backoffMs)
    return nobody(
      `${decliner.member} was elected to term ${decliner.declined!.term} and has declined: ${decliner.declined!.reason}`,
      backoffMs - waited.vacant,
    )
  return undefined
}

/** Whoever was elected last and is here, but would not. */
const declinerOf = ({ election, members }: ElectionView): SeenMember | undefined =>
  members.find(({ node, declined }) => node === election?.node && declined?.term === election.term)

/** The most advanced first, then the heaviest, then by name. Whoever declined last comes after all others, once: they may find out why. */
const byRank =
  (election: Election | undefined) =>
  (one: Candidate, other: Candidate): number =>
    Number(hasDeclined(one, election)) - Number(hasDeclined(other, election)) ||
    comparePositions(other.position, one.position) ||
    other.weight - one.weight ||
    (one.member < other.member ? -1 : 1)

const hasDeclined = ({ node, declined }: Candidate, election: Election | undefined): boolean =>
  election !== undefined && node === election.node && declined?.term === election.term

const names = (members: readonly SeenMember[]): string => members.map(({ member }) => member).join(', ')
const here = (members: readonly SeenMember[]): string => `There are ${members.length} (${names(members) || 'none'})`
const nobody = (reason: string, againMs?: number): Choice => ({ kind: 'nobody', reason, againMs })
