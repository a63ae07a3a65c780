// The temp store over a journal that is never synced: index, paging, sharing of room and reclaiming of space are the same as
// the store's. It is for one process:
//
//   <directory>/<owner>.<random>/     a journal of its own each time it is opened: who had one before, and may not know yet that
//                                     it was replaced, goes on in its own files until it finds them gone
//
// What others left is removed in the background, and what is left of that the next time: opening waits for none of it.
import { basename } from 'node:path'
import type { Clock } from '../base/clock.ts'
import { errorCode, errorMessage, FlotillaError } from '../base/errors.ts'
import type { Logger } from '../base/logger.ts'
import type { Random } from '../base/random.ts'
import type { Disk } from '../disk/disk.ts'
import { isNoSpace } from '../disk/no-space.ts'
import { unsyncedDisk } from '../disk/unsynced-disk.ts'
import { JournalStore } from '../store/journal/journal-store.ts'
import type { QueueHolder } from '../store/held-message.ts'
import type { AddedMessage, FoundMessage, Sequence } from '../store/message-store.ts'
import type { TempStore, TempStoreStatistics } from '../store/temp-store.ts'
import { storageLimits } from './limits.ts'

export interface JournalTempStoreOptions {
  readonly disk: Disk
  /** Made if it is not there. */
  readonly directory: string
  /** Of what is in the directory only this one's is taken for left over; undefined: all of it. */
  readonly owner?: string | undefined
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly limitBytes: number
}

export class JournalTempStore implements TempStore {
  readonly failed: Promise<Error>
  readonly #options: JournalTempStoreOptions
  /** Of this life. */
  readonly #directory: string
  readonly #store: JournalStore
  #opening: Promise<void> = Promise.resolve()
  #removing: Promise<void> = Promise.resolve()
  #isBegun = false
  #isOpen = false
  #isClosed = false

  constructor(options: JournalTempStoreOptions) {
    const { disk, directory, owner, random, logger, limitBytes } = options
    const { tempFileShare, smallestTempFileBytes, largestTempFileBytes, leftToStoreShare } = storageLimits
    const fileBytes = Math.round(limitBytes * tempFileShare)
    this.#options = { ...options, logger: logger.child({ store: 'temp' }) }
    this.#directory = `${directory}/${owner ?? 'active'}.${randomName(random)}`
    this.#store = new JournalStore({
      ...this.#options,
      disk: { ...unsyncedDisk(disk), makeDirectory: (path) => this.#makeDirectory(path) },
      directory: this.#directory,
      maxFileLength: Math.min(Math.max(fileBytes, smallestTempFileBytes), largestTempFileBytes),
      leftFreeShare: leftToStoreShare,
      calledInLog: { store: 'temp store', messages: 'non-persistent' },
    })
    this.failed = this.#store.failed
  }

  /** Rejects with what is to be done about a directory that cannot be used. */
  open(): Promise<void> {
    const opening = this.#open()
    this.#opening = opening.catch(() => {})
    return opening
  }

  add({ holder, bytes }: AddedMessage, sequence: Sequence): void {
    this.#store.add({ holder, bytes, producerId: '', producerSequenceId: 0 }, sequence)
  }

  whenWritten(callback: () => void): void {
    this.#store.whenDurable(callback)
  }

  remove(holder: QueueHolder, sequence: Sequence): void {
    this.#store.remove(holder, sequence)
  }

  removeHolder(holder: QueueHolder): void {
    this.#store.removeHolder(holder)
  }

  hasRoom(holder: QueueHolder, bytes: number): boolean {
    return this.#isOpen && this.#store.hasRoom(holder, bytes)
  }

  whenRoom(callback: () => void): void {
    this.#store.whenRoom(callback)
  }

  read(
    holder: QueueHolder,
    after: Sequence,
    upTo: Sequence,
    maxMessages: number,
    maxBytes: number,
  ): Promise<readonly FoundMessage[]> {
    return this.#store.read(holder, after, upTo, maxMessages, maxBytes)
  }

  statistics(): TempStoreStatistics {
    const { limitBytes } = this.#options
    if (!this.#isOpen) return { messages: 0, bytesUsed: 0, limitBytes, roomBytes: 0 }
    const { messages, bytesUsed, roomBytes } = this.#store.statistics()
    return { messages, bytesUsed, limitBytes, roomBytes }
  }

  async close(): Promise<void> {
    this.#isOpen = false
    this.#isClosed = true
    await this.#openedOrStuck()
    await this.#store.close()
    await this.#opening
    await this.#removing
    if (this.#isBegun) await this.#remove(this.#directory)
  }

  async #open(): Promise<void> {
    const { disk, directory } = this.#options
    try {
      await this.#makeDirectory(directory)
      this.#isBegun = true
      const leftOver = (await disk.list(directory)).filter((name) => this.#isLeftOver(name))
      // Before anything is written: it may be what fills the disk.
      this.#removing = this.#removeAll(leftOver)
      this.#throwIfClosed()
      // Nobody else writes to it, so that there is nothing to prove.
      await this.#store.open({ term: 1, verify() {} })
      this.#throwIfClosed()
    } catch (error) {
      throw unusable(directory, error)
    }
    this.#isOpen = true
  }

  /** Waits for space on a full disk, as the journal's writes do. */
  async #makeDirectory(path: string): Promise<void> {
    const { disk, clock } = this.#options
    for (;;) {
      try {
        return await disk.makeDirectory(path)
      } catch (error) {
        if (this.#isClosed || !isNoSpace(error)) throw error
        await new Promise<void>((resolve) => clock.after(storageLimits.spaceRetryMs, resolve))
      }
    }
  }

  /** A journal that is being opened is not closed before, unless it waits for space. */
  async #openedOrStuck(): Promise<void> {
    const stuck = Promise.withResolvers<void>()
    const timer = this.#options.clock.after(storageLimits.openingMs, stuck.resolve)
    await Promise.race([this.#opening, stuck.promise])
    timer.cancel()
  }

  #throwIfClosed(): void {
    if (this.#isClosed) throw new FlotillaError('TEMP_CLOSED', 'it was closed')
  }

  #isLeftOver(name: string): boolean {
    const { owner } = this.#options
    return name !== basename(this.#directory) && (owner === undefined || name.startsWith(`${owner}.`))
  }

  async #removeAll(names: readonly string[]): Promise<void> {
    if (names.length === 0) return
    const { directory, logger } = this.#options
    for (const name of names) {
      if (this.#isClosed) return
      await this.#remove(`${directory}/${name}`)
    }
    logger.info('Removed what was left in the temp store', { directories: names.length })
  }

  /** Never rejects: what stays is removed another time. */
  async #remove(path: string): Promise<void> {
    const { disk, logger } = this.#options
    try {
      await removeTree(disk, path)
    } catch (error) {
      logger.warn('Cannot remove what was left in the temp store', { path, error: errorMessage(error) })
    }
  }
}

/** 48 bits. */
export const randomName = (random: Random): string => Math.floor(random.next() * 2 ** 48).toString(36)

async function removeTree(disk: Disk, path: string, attempts: number = storageLimits.removalAttempts): Promise<void> {
  try {
    for (const name of await disk.list(path)) await removeTree(disk, `${path}/${name}`)
    await disk.removeDirectory(path)
  } catch (error) {
    // Gone already, by somebody who does the same.
    if (errorCode(error) === 'ENOENT') return
    // Who left it does not know yet that it was replaced, and has made another file.
    if (errorCode(error) === 'ENOTEMPTY' && attempts > 1) return removeTree(disk, path, attempts - 1)
    if (errorCode(error) !== 'ENOTDIR') throw error
    await disk.remove(path)
  }
}

const unusable = (directory: string, cause: unknown): FlotillaError =>
  new FlotillaError(
    'TEMP_DIRECTORY',
    `Cannot use ${directory} for messages that do not fit into memory: ${errorMessage(cause)}; tempLimit: "0" does without`,
    { fields: { directory }, cause },
  )
