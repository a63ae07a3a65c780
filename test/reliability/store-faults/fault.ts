// What a fault is, and what it can ask for. Its strike ends when nothing is in the way any more; that one member is active and the
// others are standbys without hands, that load flows, and that nothing is lost is looked for after each.
import type { BrokerMember } from '../../support/broker-process.ts'
import type { DatabaseServer } from '../../support/database-server.ts'
import type { SmallVolume } from '../../support/loop-volume.ts'
import type { FencingGroup } from '../fencing-group.ts'
import type { Dice } from '../jms-kills/actor.ts'
import type { JdbcStore } from './jdbc-store.ts'
import type { ReplicatedStore } from './replicated-store.ts'

export const databaseStores = ['jdbc-postgresql', 'jdbc-mariadb'] as const

/** Elected by ZooKeeper, and by a Lease of Kubernetes. */
export const replicatedStores = ['replicated', 'replicated-lease'] as const

export type DatabaseStoreName = (typeof databaseStores)[number]

export type ReplicatedStoreName = (typeof replicatedStores)[number]

export type StoreName = 'journal' | DatabaseStoreName | ReplicatedStoreName

export const storeNames: readonly StoreName[] = ['journal', ...databaseStores, ...replicatedStores]

export interface FaultRound {
  readonly group: FencingGroup
  readonly dice: Dice
  /** At the beginning; the others are standbys. */
  readonly active: BrokerMember
  /** Of stores in a database. */
  readonly database: JdbcStore
  /** Of stores that are copied. */
  readonly replicated: ReplicatedStore
  /** Of the database, where there is one. */
  readonly server: DatabaseServer | undefined
  /** Where this member stores, of a scene with small ones. */
  readonly volumeOf: (member: BrokerMember) => SmallVolume
  /** How long a standby waits for one that says nothing; undefined where the lock goes with the process or its connection. */
  readonly leaseMs: number | undefined
  /** This member forgets what it has handed out: it is killed or stopped now. */
  readonly forgets: (member: BrokerMember) => void
  /** From now on clients wait for nothing but the members. Without it: from the beginning of the strike. */
  readonly waitsFromNow: () => void
}

export interface Scene {
  /** How members get to the database: over a wire that can be cut and silenced, or past a firewall of the kernel. */
  readonly way?: 'proxy' | 'firewall'
  /** A second database follows the first one; in URLs it is named behind or before it. */
  readonly second?: 'last' | 'first'
  /** Members have networks of their own, whose packets can be dropped. */
  readonly networks?: boolean
  /** What is stored is on a small volume; each member of a replicated store has one. */
  readonly smallVolume?: boolean
  /** The clock of one member is wrong by so much. */
  readonly clockOffMs?: number
}

export interface StoreFault {
  readonly name: string
  readonly about: string
  /** At scale 1. */
  readonly rounds: number
  readonly stores: readonly StoreName[]
  readonly scene?: Scene
  readonly strike: (round: FaultRound) => Promise<void>
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
