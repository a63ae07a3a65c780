// What the members of a simulated group have agreed on: how many they are, and what an answer to a client waits for.
import { quorumOf, syncDemands, type SyncMode } from '../../../broker/replication/sync-mode.ts'

export const syncModes: readonly SyncMode[] = [
  'local_mem',
  'local_disk',
  'remote_mem',
  'remote_disk',
  'quorum_mem',
  'quorum_disk',
]

export interface GroupRules {
  readonly mode: SyncMode
  readonly replicas: number
  /** Other members that an answer waits for. */
  readonly confirmations: number
  /** They acknowledge what is on their disks. */
  readonly sync: boolean
  /** An answer waits for the active's own disk, too. */
  readonly syncsOwnDisk: boolean
  /** One that loses power loses nothing that was confirmed. */
  readonly bearsPowerLoss: boolean
}

export function groupRules(mode: SyncMode, replicas: number): GroupRules {
  const { localDisk, remote } = syncDemands([mode])
  return {
    mode,
    replicas,
    confirmations: remote === 'none' ? 0 : quorumOf(replicas) - 1,
    // As the driver has it (replicator.ts).
    sync: remote !== 'mem',
    syncsOwnDisk: localDisk,
    bearsPowerLoss: localDisk && remote !== 'mem',
  }
}
