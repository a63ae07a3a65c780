// What a member tells of the copies: its core's status in the words of the admin port (`replication` of a snapshot).
import type { ReplicationSnapshot } from '../management/contract.ts'
import type { CoreStatus } from './core.ts'
import { quorumOf } from './sync-mode.ts'

/** Whoever proposes cannot be reached, or nobody is proposed: too few members are there. */
export interface ElectionTrouble {
  readonly kind: 'Connecting' | 'Waiting'
  readonly reason: string
}

export function replicationReport(
  { role, hasQuorum, inSync, isVoter, members }: CoreStatus,
  replicas: number,
  election: ElectionTrouble | undefined,
  unreachable: 'ZooKeeperUnreachable' | 'ApiServerUnreachable',
): ReplicationSnapshot {
  const isActive = role === 'Active'
  const trouble = troubleOf(isActive && !hasQuorum, isActive, election, unreachable)
  return {
    // A rollout takes the next member when this one could take over: it has everything, and counts in the election.
    inSync: isActive ? hasQuorum : inSync && isVoter,
    isVoter,
    quorum: quorumOf(replicas),
    replicas,
    ...(trouble && { trouble }),
    ...(isActive && {
      members: members.map(({ member, connected, inSync, isVoter, lagBytes }) => ({
        name: member,
        connected,
        inSync: inSync && isVoter,
        lagBytes,
      })),
    }),
  }
}

function troubleOf(
  isAlone: boolean,
  isActive: boolean,
  election: ElectionTrouble | undefined,
  unreachable: 'ZooKeeperUnreachable' | 'ApiServerUnreachable',
): ReplicationSnapshot['trouble'] {
  if (isAlone) return { kind: 'QuorumLost', reason: 'this active has not heard of a quorum of members lately' }
  if (election?.kind === 'Connecting') return { kind: unreachable, reason: election.reason }
  // Who serves needs nobody who is elected.
  return election && !isActive ? { kind: 'QuorumLost', reason: election.reason } : undefined
}
