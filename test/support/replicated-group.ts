// A replicated store of several members in one process: each with a disk of its own, all with the real core, driver and journal.
import { systemClock, type Clock } from '../../broker/base/clock.ts'
import { silentLogger } from '../../broker/base/logger.ts'
import type { Disk } from '../../broker/disk/disk.ts'
import { lateSyncedDisk } from '../../broker/disk/late-synced-disk.ts'
import { comparePositions } from '../../broker/replication/position.ts'
import { Replicator } from '../../broker/replication/replicator.ts'
import { syncDemands, type SyncMode } from '../../broker/replication/sync-mode.ts'
import type { ReplicationTransport } from '../../broker/replication/transport.ts'
import type { JournalStore } from '../../broker/store/journal/journal-store.ts'
import type { RecoveredState } from '../../broker/store/message-store.ts'
import { createJournalStore } from './journal-stores.ts'
import { MemoryHub } from './memory-transport.ts'

export interface ReplicatedGroupOptions {
  readonly disks: ReadonlyMap<string, Disk>
  readonly mode?: SyncMode
  readonly maxFileLength?: number
  readonly limitBytes?: number
  readonly clock?: Clock
  /** A real network in place of the hub. */
  readonly transportOf?: (member: string) => ReplicationTransport
}

export interface ServingMember {
  readonly member: string
  readonly store: JournalStore
  readonly recovered: RecoveredState
}

const directory = '/data/journal'

export class ReplicatedGroup {
  readonly hub = new MemoryHub()
  readonly #options: ReplicatedGroupOptions
  readonly #members = new Map<string, Replicator>()
  readonly #names: readonly string[]
  readonly #addresses = new Map<string, string>()
  #changed = Promise.withResolvers<void>()
  #founding = true

  constructor(options: ReplicatedGroupOptions) {
    this.#options = options
    this.#names = [...options.disks.keys()]
  }

  replicator(member: string): Replicator {
    return this.#members.get(member)!
  }

  async start(...members: readonly string[]): Promise<void> {
    const { disks, mode = 'quorum_disk', maxFileLength = 4096, clock = systemClock } = this.#options
    for (const member of members.length > 0 ? members : this.#names) {
      const replicator = new Replicator({
        member,
        replicas: this.#names.length,
        demands: syncDemands([mode]),
        disk: disks.get(member)!,
        directory,
        maxFileLength,
        transport: this.#options.transportOf?.(member) ?? this.hub.transport(member),
        contactMs: 2000,
        clock,
        logger: silentLogger,
      })
      this.#addresses.set(member, await replicator.open(() => this.#tellChanged()))
      this.#members.set(member, replicator)
    }
    const peers = [...this.#addresses].map(([member, address]) => ({ member, address }))
    for (const replicator of this.#members.values()) replicator.peers(peers)
  }

  async stop(member: string): Promise<void> {
    await this.#members.get(member)?.close()
    this.#members.delete(member)
  }

  /** Whoever is the most advanced of those that are there, or `member`, opens the store. */
  async serve(member = this.#best): Promise<ServingMember> {
    const replicator = this.replicator(member)
    const term = 1 + Math.max(...[...this.#members.values()].map(({ status }) => status.promised))
    await replicator.campaign(term, this.#founding)
    this.#founding = false
    const { disks, mode = 'quorum_disk', maxFileLength = 4096, limitBytes } = this.#options
    const store = createJournalStore({
      disk: syncDemands([mode]).localDisk ? disks.get(member)! : lateSyncedDisk(disks.get(member)!),
      directory,
      maxFileLength,
      ...(limitBytes !== undefined && { limitBytes }),
      tap: replicator.tap,
      confirmation: replicator.confirmation,
    })
    const recovered = await store.open({ term, verify: () => replicator.verify() })
    return { member, store, recovered }
  }

  /** Resolves as soon as it is so; looked at whenever a member says that something has changed. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await this.#changed.promise
  }

  async close(): Promise<void> {
    for (const member of this.#names) await this.stop(member)
  }

  get #best(): string {
    const [best] = [...this.#members].sort(
      ([, one], [, other]) =>
        Number(other.status.isVoter) - Number(one.status.isVoter) ||
        comparePositions(other.status.position, one.status.position),
    )
    return best![0]
  }

  #tellChanged(): void {
    const changed = this.#changed
    this.#changed = Promise.withResolvers()
    changed.resolve()
  }
}
