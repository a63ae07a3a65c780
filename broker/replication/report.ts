// What a member tells of the copies: its core's status in the words of the admin port (`replication` of a snapshot).
import type { ReplicationSnapshot } from '../management/contract.ts'
import type { CoreStatus } from './core.ts'
import { quorumOf } from './sync-mode.ts'

/** What the election says of itself: whoever proposes cannot be reached, too few members are there, or all is well. */
export type ElectionView =
  | { readonly kind: 'Connecting'; readonly reason: string }
  | { readonly kind: 'Waiting'; readonly reason: string }
  | { readonly kind: 'Elected' }

export function replicationReport(
  { role, hasQuorum, inSync, isVoter, members }: CoreStatus,
  replicas: number,
  election: ElectionView,
  unreachable: 'ZooKeeperUnreachable' | 'ApiServerUnreachable',
): ReplicationSnapshot {
  const isActive = role === 'Active'
  const trouble = troubleOf(isActive && !hasQuorum, isActive, election, unreachable)
  return {
    inSync: isActive ? hasQuorum : inSync,
    isVoter,
    quorum: quorumOf(replicas),
    replicas,
    ...(trouble && { trouble }),
    ...(isActive && {
      members: members.map(({ member, connected, inSync, lagBytes }) => ({
        name: member,
        connected,
        inSync,
        lagBytes,
      })),
    }),
  }
}

function troubleOf(
  isAlone: boolean,
  isActive: boolean,
  election: ElectionView,
  unreachable: 'ZooKeeperUnreachable' | 'ApiServerUnreachable',
): ReplicationSnapshot['trouble'] {
  if (isAlone) return { kind: 'QuorumLost', reason: 'this active has not heard of a quorum of members lately' }
  if (election.kind === 'Connecting') return { kind: unreachable, reason: election.reason }
  // Who serves needs nobody who is elected.
  return election.kind === 'Waiting' && !isActive ? { kind: 'QuorumLost', reason: election.reason } : undefined
}
