// Rules of the core broken from outside, to see that the model notices.
import type { DurableState } from '../../../broker/replication/core.ts'
import type { ReplicationMessage } from '../../../broker/replication/message.ts'

export interface Sabotage {
  startsFrom(state: DurableState): DurableState
  sends(message: ReplicationMessage): ReplicationMessage
  /** What a member sends instead of an answer to what it was asked. */
  answers(asked: ReplicationMessage, answer: ReplicationMessage): ReplicationMessage
  /** A promise is said to be durable and is gone when the process is. */
  readonly saysDoneEarly: boolean
  /** A write that is said to be on the disk is. */
  readonly syncs: boolean
  /** What a member finds when it starts is on the disk before it tells others of it. */
  readonly syncsWhatItFinds: boolean
  /** Members that an active waits for, of those that it should. */
  confirmations(wanted: number): number
}

export const noSabotage: Sabotage = {
  startsFrom: (state) => state,
  sends: (message) => message,
  answers: (_, answer) => answer,
  saysDoneEarly: false,
  syncs: true,
  syncsWhatItFinds: true,
  confirmations: (wanted) => wanted,
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
  'members promise a term to everybody who asks': {
    ...noSabotage,
    answers: (asked, answer) =>
      asked.type === 'promiseRequest' &&
      answer.type === 'refused' &&
      answer.reason === 'term' &&
      answer.promised === asked.term
        ? { type: 'promised', term: asked.term, round: asked.round }
        : answer,
  },
  'members acknowledge writes of a term older than they have promised': {
    ...noSabotage,
    answers: (asked, answer) =>
      asked.type === 'write' && answer.type === 'refused'
        ? { type: 'acknowledged', term: asked.term, segment: asked.segment.number, offset: asked.segment.length }
        : answer,
  },
  'empty members promise': { ...noSabotage, startsFrom: (state) => ({ ...state, isVoter: true }) },
  'members acknowledge before it is on their disks': { ...noSabotage, syncs: false },
  'members that start tell of what is not on their disks': { ...noSabotage, syncsWhatItFinds: false },
  'an active waits for one member too few': { ...noSabotage, confirmations: (wanted) => Math.max(0, wanted - 1) },
  'members that were empty count at once': {
    ...noSabotage,
    sends: (message) =>
      message.type === 'inventory' || message.type === 'heartbeatAnswer' ? { ...message, isVoter: true } : message,
  },
}
