// ActiveMQ's six modes of a replicated store (`sync`): what an answer to a client waits for. A list means the stronger of each half.

export type SyncMode = 'local_mem' | 'local_disk' | 'remote_mem' | 'remote_disk' | 'quorum_mem' | 'quorum_disk'

export interface SyncDemands {
  /** The active's own disk has it. */
  readonly localDisk: boolean
  /** What a quorum of members (the active included) has done with it. */
  readonly remote: 'none' | 'mem' | 'disk'
}

const demandsOf: Readonly<Record<SyncMode, SyncDemands>> = {
  local_mem: { localDisk: false, remote: 'none' },
  local_disk: { localDisk: true, remote: 'none' },
  remote_mem: { localDisk: false, remote: 'mem' },
  remote_disk: { localDisk: false, remote: 'disk' },
  quorum_mem: { localDisk: false, remote: 'mem' },
  quorum_disk: { localDisk: true, remote: 'disk' },
}

const strength = { none: 0, mem: 1, disk: 2 } as const

export function syncDemands(modes: readonly SyncMode[]): SyncDemands {
  let demands: SyncDemands = { localDisk: false, remote: 'none' }
  for (const mode of modes) {
    const { localDisk, remote } = demandsOf[mode]
    demands = {
      localDisk: demands.localDisk || localDisk,
      remote: strength[remote] > strength[demands.remote] ? remote : demands.remote,
    }
  }
  return demands
}

/** replicas/2 + 1 members, the active included. */
export const quorumOf = (replicas: number): number => Math.floor(replicas / 2) + 1
