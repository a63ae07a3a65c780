// A core on a bench: what comes in by hand, and what it wants with every operation done.
import type { CoreEvent, CoreOptions, Ready, ReplicationCore } from '../../../broker/replication/core.ts'
import type { CampaignRound, PromiseRequest, ReplicationMessage } from '../../../broker/replication/message.ts'
import type { SegmentRef } from '../../../broker/replication/position.ts'
import { createCore } from '../../../broker/replication/replication-core.ts'

export const segment = (number: number, term: number, length: number): SegmentRef => ({
  number,
  term,
  salt: number,
  length,
})
export const voter = { promised: 4, candidate: 'b', isVoter: true }

export interface Rig {
  readonly core: ReplicationCore
  /** What it says, wants and tells by now; with every operation done. */
  settle(): { sent: [string, ReplicationMessage][]; events: CoreEvent[]; reads: Ready['reads'] }
}

export function rig(options: Partial<CoreOptions> = {}): Rig {
  const core = createCore({
    self: 'a',
    replicas: 3,
    durable: voter,
    segments: [segment(1, 1, 100), segment(2, 4, 80)],
    confirmations: 1,
    sync: true,
    heartbeatTicks: 2,
    contactTicks: 10,
    windowBytes: 64,
    chunkBytes: 32,
    ...options,
  })
  return {
    core,
    settle() {
      const sent: [string, ReplicationMessage][] = []
      const events: CoreEvent[] = []
      const reads: Ready['reads'][number][] = []
      for (;;) {
        const ready = core.takeReady()
        sent.push(...ready.messages.map(({ to, message }): [string, ReplicationMessage] => [to, message]))
        events.push(...ready.events.filter(({ kind }) => kind !== 'changed'))
        reads.push(...ready.reads)
        const last = ready.operations.at(-1)
        if (!last) return { sent, events, reads }
        core.done(last.id)
      }
    },
  }
}

export const here = { term: 4, segment: 2, offset: 80 }
export const request = (term: number, candidate: string, position = here, founding = false): PromiseRequest => ({
  type: 'promiseRequest',
  term,
  candidate,
  position,
  founding,
  round: 1,
})
export const promised = (term: number, round: CampaignRound = 2): ReplicationMessage => ({
  type: 'promised',
  term,
  round,
})
