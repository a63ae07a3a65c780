// What storage is made with.
import type { ZooKeeperTls } from '../lock/election/zookeeper/zookeeper-session.ts'
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import type { Random } from '../base/random.ts'
import type { Disk } from '../disk/disk.ts'
import type { LeaseClient } from '../lock/election/kubernetes/lease-client.ts'
import type { OpenWatch } from '../lock/holder-watch.ts'
import type { Database } from '../sql/database.ts'
import type { IsPrioritized } from '../store/sql/containers.ts'

/** What a store of type JDBC is made with besides. */
export interface JdbcParts {
  readonly database: Database
  readonly isPrioritized: IsPrioritized
}

/** What a replicated store is made with besides. */
export interface ReplicatedParts {
  /** Empty: there is none. */
  readonly securityToken: string
  readonly zkAddress: string
  readonly zkPassword: string | undefined
  /** undefined: plain text. */
  readonly zkTls: ZooKeeperTls | undefined
  readonly journalDirectory: string
  /** Name of this machine by which the other members find it. */
  readonly hostName: string
  /** Where a Lease elects. */
  readonly leaseClient: LeaseClient | undefined
}

/** Whatever its kind. */
export interface StorageParts {
  /** Of this process among the members of its group. */
  readonly member: string
  /** Name of this machine. */
  readonly hostName: string
  /** Journal, lock and temp store; the same for all members of a group. */
  readonly dataDirectory: string
  /** Whether the data directory is made if it is not there: an empty one in its place may hide what is stored. */
  readonly makesDirectory: boolean
  readonly disk: Disk
  readonly clock: Clock
  /** Cannot be guessed from outside. */
  readonly random: Random
  readonly logger: Logger
  /** Of the broker; a store in memory takes no more unless it is told to. */
  readonly memoryLimitBytes: number
  /** Where the other members can wait for the end of this one, once it is active. */
  readonly watchUrl: () => string
  readonly openWatch: OpenWatch
  /** Of a store of type JDBC. */
  readonly jdbc?: JdbcParts | undefined
  /** Of a replicated store. */
  readonly replicated?: Omit<ReplicatedParts, 'journalDirectory'> | undefined
}
