// A configuration → the storage that it asks for. A new kind of storage is told here and nowhere else in the broker.
import { join } from 'node:path'
import type { Clock } from '../base/clock.ts'
import { FlotillaError } from '../base/errors.ts'
import type { Logger } from '../base/logger.ts'
import type { Random } from '../base/random.ts'
import { isNoTempLimit, parseDuration, parseSize } from '../config/duration-and-size.ts'
import type { BrokerConfig } from '../config/schema.ts'
import type { Disk } from '../disk/disk.ts'
import { FileLock } from '../lock/file/file-lock.ts'
import type { OpenWatch } from '../lock/file/holder-watch.ts'
import { NoLock } from '../lock/none/no-lock.ts'
import { JournalStore, newestTerm } from '../store/journal/journal-store.ts'
import { MemoryStore } from '../store/memory/memory-store.ts'
import type { TempStore } from '../store/temp-store.ts'
import { JournalTempStore, randomName } from './journal-temp-store.ts'
import type { Storage } from './storage.ts'

/** What storage is made with, whatever its kind. */
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
}

/** Touches nothing yet: that begins with `follow` and `acquire`. */
export function openStorage(config: BrokerConfig, parts: StorageParts): Storage {
  const { brokerName, store, admin } = config
  switch (store.type) {
    case 'Memory':
      return openMemory(store, openTemp(config, parts, portOwner(admin.port, parts)), parts)
    case 'Journal':
      return openJournal(brokerName, store, openTemp(config, parts, undefined), parts)
    case 'JDBC':
      throw new FlotillaError('JDBC', 'Cannot open a store of type JDBC: being built')
  }
}

/**
 * No lock keeps others from the directory, but nobody else has the admin port of this machine while this one has it. One on
 * any free port is nobody's successor.
 */
const portOwner = (adminPort: number, { hostName, random }: StorageParts): string =>
  `${hostName}-${adminPort === 0 ? `any-${randomName(random)}` : adminPort}`

function openTemp({ tempLimit }: BrokerConfig, parts: StorageParts, owner: string | undefined): TempStore | null {
  if (isNoTempLimit(tempLimit)) return null
  const { dataDirectory, disk, clock, random, logger } = parts
  const directory = join(dataDirectory, 'temp')
  return new JournalTempStore({ directory, owner, disk, clock, random, logger, limitBytes: parseSize(tempLimit)! })
}

function openMemory(
  { type, limit }: Extract<BrokerConfig['store'], { type: 'Memory' }>,
  temp: TempStore | null,
  { member, memoryLimitBytes, logger }: StorageParts,
): Storage {
  const limitBytes = limit === undefined ? memoryLimitBytes : parseSize(limit)!
  return { kind: type, lock: new NoLock(member), store: new MemoryStore({ limitBytes, logger }), temp }
}

function openJournal(
  brokerName: string,
  { type, lock, maxFileLength, limit }: Extract<BrokerConfig['store'], { type: 'Journal' }>,
  temp: TempStore | null,
  { member, dataDirectory, makesDirectory, disk, clock, random, logger, watchUrl, openWatch }: StorageParts,
): Storage {
  const directory = join(dataDirectory, 'journal')
  return {
    kind: type,
    lock: new FileLock({
      directory: dataDirectory,
      makesDirectory,
      brokerName,
      member,
      clock,
      logger,
      acquireIntervalMs: parseDuration(lock.acquireInterval)!,
      keepAlivePeriodMs: parseDuration(lock.keepAlivePeriod)!,
      watchUrl,
      openWatch,
      newestTerm: () => newestTerm(disk, directory),
    }),
    store: new JournalStore({
      disk,
      directory,
      clock,
      random,
      logger,
      maxFileLength: parseSize(maxFileLength)!,
      limitBytes: parseSize(limit)!,
    }),
    temp,
  }
}
