// The first step, written: a batch goes into the file of its segment, and is synced.
//
// Segments are not given their size in advance: growing files cost a fifth of the syncs with one record at a time and
// nothing with many (measured on ext4), and the end of a file that grew is where its records end.
//
// A write that finds no space waits for some and is done again at the same place: nobody relies on what it left there. Every
// other error is the caller's, a failed sync whatever its reason: nobody knows what is on the disk after it.
import { assert } from '../base/assert.ts'
import { errorCode } from '../base/errors.ts'
import type { Disk } from '../disk/disk.ts'
import { segmentFileName } from './format.ts'
import type { QueuedBatch } from './open-segment.ts'

export interface BatchFilesOptions {
  readonly disk: Disk
  /** The directory of the term. */
  readonly directory: string
  /** A write found no space: resolves when to try again. `first` of those that nothing but they themselves came between. */
  readonly whenSpace: (error: Error, first: boolean) => Promise<void>
  /** A write waits for space. */
  readonly onOutOfSpace: () => void
}

export class BatchFiles {
  syncs = 0
  writtenBytes = 0
  /** A write waits for space. */
  isOutOfSpace = false
  readonly #options: BatchFilesOptions
  #stopped = false

  constructor(options: BatchFilesOptions) {
    this.#options = options
  }

  /** A write that waits for space waits no longer: what is left is nobody's. */
  stop(): void {
    this.#stopped = true
  }

  async write({ segment, batch, createsFile }: QueuedBatch): Promise<void> {
    const { disk, directory } = this.#options
    const path = `${directory}/${segmentFileName(segment.number)}`
    if (createsFile) segment.file = await this.#whereThereIsSpace(() => disk.open(path, 'create'))
    const { file } = segment
    assert(file, 'A segment is made before it is written to')
    if (createsFile) {
      await this.#whereThereIsSpace(() => file.write([segment.header], 0))
      const named = disk.syncDirectory(directory)
      named.catch(() => {})
      await file.sync()
      await named
    }
    const buffers = batch.finish()
    await this.#whereThereIsSpace(() => file.write(buffers, batch.start))
    this.writtenBytes += batch.end - batch.start
    await file.sync()
    batch.release()
    this.syncs++
  }

  async #whereThereIsSpace<T>(change: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        const result = await change()
        this.isOutOfSpace = false
        return result
      } catch (error) {
        if (!isNoSpace(error) || this.#stopped) throw error
        const first = !this.isOutOfSpace
        this.isOutOfSpace = true
        this.#options.onOutOfSpace()
        await this.#options.whenSpace(error, first)
        // stop() may have been called meanwhile.
        if (this.#stopped as boolean) throw error
      }
    }
  }
}

/** The file system, or what this user may have of it, is full. */
const isNoSpace = (error: unknown): error is Error => ['ENOSPC', 'EDQUOT'].includes(errorCode(error) ?? '')
