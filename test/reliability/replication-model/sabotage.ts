// Rules of the core broken from outside, to see that the model notices.
import type { DurableState } from '../../../broker/replication/core.ts'
import type { ReplicationMessage } from '../../../broker/replication/message.ts'

export interface Sabotage {
  startsFrom(state: DurableState): DurableState
  sends(message: ReplicationMessage): ReplicationMessage
  /** A promise is said to be durable and is not. */
  readonly saysDoneEarly: boolean
  /** A write that is said to be on the disk is. */
  readonly syncs: boolean
}

export const noSabotage: Sabotage = {
  startsFrom: (state) => state,
  sends: (message) => message,
  saysDoneEarly: false,
  syncs: true,
}

export const sabotages: Readonly<Record<string, Sabotage>> = {
  'promises are not durable': { ...noSabotage, saysDoneEarly: true },
  'any candidate is taken for the most advanced': {
    ...noSabotage,
    sends: (message) =>
      message.type === 'promiseRequest'
        ? { ...message, position: { term: 2 ** 31, segment: 2 ** 31, offset: 0 } }
        : message,
  },
  'empty members promise': { ...noSabotage, startsFrom: (state) => ({ ...state, isVoter: true }) },
  'members acknowledge before it is on their disks': { ...noSabotage, syncs: false },
  'members that were empty count at once': {
    ...noSabotage,
    sends: (message) =>
      message.type === 'inventory' || message.type === 'heartbeatAnswer' ? { ...message, isVoter: true } : message,
  },
}
