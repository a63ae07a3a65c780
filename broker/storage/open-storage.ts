// A configuration → the storage that it asks for. A new kind of storage is told here and nowhere else in the broker.
import { join } from 'node:path'
import { assert } from '../base/assert.ts'
import { isNoTempLimit, parseDuration, parseSize } from '../config/duration-and-size.ts'
import type { BrokerConfig } from '../config/schema.ts'
import { FileLock } from '../lock/file/file-lock.ts'
import { NoLock } from '../lock/none/no-lock.ts'
import { JournalStore, newestTerm } from '../store/journal/journal-store.ts'
import { MemoryStore } from '../store/memory/memory-store.ts'
import type { TempStore } from '../store/temp-store.ts'
import { openJdbc } from './open-jdbc.ts'
import { openReplicated } from './open-replicated.ts'
import { JournalTempStore, randomName } from './journal-temp-store.ts'
import type { StorageParts } from './storage-parts.ts'
import type { Storage } from './storage.ts'

/** Touches nothing yet: that begins with `follow` and `acquire`. */
export function openStorage(config: BrokerConfig, parts: StorageParts): Storage {
  const { brokerName, store, admin } = config
  switch (store.type) {
    case 'Memory':
      return openMemory(store, openTemp(config, parts, portOwner(admin.port, parts)), parts)
    case 'Journal':
      return openJournal(brokerName, store, openTemp(config, parts, undefined), parts)
    case 'JDBC':
      assert(parts.jdbc, 'A store of type JDBC is opened with its database')
      return openJdbc(brokerName, store, openTemp(config, parts, portOwner(admin.port, parts)), parts, parts.jdbc)
    case 'Replicated': {
      assert(parts.replicated, 'A replicated store is opened with its secrets')
      const temp = openTemp(config, parts, portOwner(admin.port, parts))
      const journalDirectory = join(parts.dataDirectory, 'journal')
      return openReplicated(brokerName, store, temp, parts, { ...parts.replicated, journalDirectory })
    }
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
