// A configuration → the storage that it asks for. A new kind of storage is told here and nowhere else in the broker.
import { join } from 'node:path'
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import type { Random } from '../base/random.ts'
import { parseDuration, parseSize } from '../config/duration-and-size.ts'
import type { BrokerConfig } from '../config/schema.ts'
import type { Disk } from '../disk/disk.ts'
import { FileLock } from '../lock/file/file-lock.ts'
import type { OpenWatch } from '../lock/file/holder-watch.ts'
import { NoLock } from '../lock/none/no-lock.ts'
import { JournalStore, newestTerm } from '../store/journal/journal-store.ts'
import { MemoryStore } from '../store/memory/memory-store.ts'
import type { Storage } from './storage.ts'

/** What storage is made with, whatever its kind. */
export interface StorageParts {
  /** Of this process among the members of its group. */
  readonly member: string
  /** Journal and lock; the same for all members of a group. */
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
  const { brokerName, store } = config
  switch (store.type) {
    case 'Memory':
      return openMemory(store, parts)
    case 'Journal':
      return openJournal(brokerName, store, parts)
  }
}

function openMemory(
  { type, limit }: Extract<BrokerConfig['store'], { type: 'Memory' }>,
  { member, memoryLimitBytes, logger }: StorageParts,
): Storage {
  const limitBytes = limit === undefined ? memoryLimitBytes : parseSize(limit)!
  return { kind: type, lock: new NoLock(member), store: new MemoryStore({ limitBytes, logger }) }
}

function openJournal(
  brokerName: string,
  { type, lock, maxFileLength, limit }: Extract<BrokerConfig['store'], { type: 'Journal' }>,
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
  }
}
