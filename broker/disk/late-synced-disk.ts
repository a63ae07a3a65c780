// A disk for what need not survive a loss of power at once, but of which only the end may be lost: before a file is written to for the
// first time, that which was written to before is synced. No space is set aside.
import { dirname } from 'node:path'
import { errorCode } from '../base/errors.ts'
import type { Disk, DiskFile } from './disk.ts'
import { UnsyncedFile, unsyncedDisk } from './unsynced-disk.ts'

export function lateSyncedDisk(disk: Disk): Disk {
  let last: LateSyncedFile | undefined
  const beforeWriting = async (next: LateSyncedFile): Promise<void> => {
    const before = last
    last = next
    if (before !== next) await before?.syncLate()
  }
  return {
    ...unsyncedDisk(disk),
    open: async (path, mode) =>
      new LateSyncedFile(await disk.open(path, mode), beforeWriting, () => disk.syncDirectory(dirname(path))),
  }
}

class LateSyncedFile extends UnsyncedFile {
  readonly #file: DiskFile
  readonly #beforeWriting: (next: LateSyncedFile) => Promise<void>
  readonly #syncName: () => Promise<void>
  /** Of everything written; undefined: something was written since. */
  #synced: Promise<void> | undefined = Promise.resolve()

  constructor(file: DiskFile, beforeWriting: (next: LateSyncedFile) => Promise<void>, syncName: () => Promise<void>) {
    super(file)
    this.#file = file
    this.#beforeWriting = beforeWriting
    this.#syncName = syncName
  }

  override async writeDurably(buffers: readonly Buffer[], position: number): Promise<void> {
    await this.#beforeWriting(this)
    this.#synced = undefined
    await this.#file.write(buffers, position)
  }

  /** One that fails has failed for all who ask: nobody knows what is on the disk. */
  syncLate(): Promise<void> {
    return (this.#synced ??= this.#syncAll())
  }

  async #syncAll(): Promise<void> {
    await this.#file.sync()
    try {
      await this.#syncName()
    } catch (error) {
      // The directory has another name by now, as when somebody else has taken over what is in it.
      if (errorCode(error) !== 'ENOENT') throw error
    }
  }

  /** What is closed cannot be synced any more. */
  override async close(): Promise<void> {
    try {
      await this.syncLate()
    } finally {
      await this.#file.close()
    }
  }
}
