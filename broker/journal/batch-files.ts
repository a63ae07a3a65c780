// The first step, written: a batch goes into the file of its segment, and is on the disk.
//
// A write that finds no space waits for some and is done again at the same place, all of it: nobody relies on what it left
// there, and it counts only when it has come to its end and was synced as a whole. So it does not matter whether the file
// system noticed in the write or in the sync that belongs to it. Every other error is the caller's: nobody knows what is on the
// disk after it.
import { assert } from '../base/assert.ts'
import type { Disk } from '../disk/disk.ts'
import { isNoSpace } from '../disk/no-space.ts'
import { segmentFileName } from './format.ts'
import type { OpenSegment, QueuedBatch } from './open-segment.ts'
import { SegmentSpace } from './segment-space.ts'
import type { JournalTap } from './tap.ts'

export interface BatchFilesOptions {
  readonly disk: Disk
  /** The directory of the term. */
  readonly directory: string
  readonly term: number
  readonly tap: JournalTap | undefined
  readonly maxFileLength: number
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
    if (createsFile) await this.#create(segment)
    const { file, space } = segment
    assert(file && space, 'A segment is made before it is written to')
    const wait = space.before(batch.end)
    if (wait) await wait
    const buffers = batch.finish()
    this.#tell(segment, batch.start, batch.end, buffers)
    await this.#whereThereIsSpace(() => file.writeDurably(buffers, batch.start))
    this.writtenBytes += batch.end - batch.start
    batch.release()
    this.syncs++
    space.written(batch.end)
    this.#options.tap?.written(segment.number, batch.end)
  }

  async #create(segment: OpenSegment): Promise<void> {
    const { disk, directory, maxFileLength } = this.#options
    const path = `${directory}/${segmentFileName(segment.number)}`
    const file = await this.#whereThereIsSpace(() => disk.open(path, 'create'))
    segment.file = file
    segment.space = new SegmentSpace(file, maxFileLength)
    const named = disk.syncDirectory(directory)
    named.catch(() => {})
    this.#tell(segment, 0, segment.header.length, [segment.header])
    await this.#whereThereIsSpace(() => file.writeDurably([segment.header], 0))
    await named
    this.#options.tap?.written(segment.number, segment.header.length)
  }

  #tell({ number, salt }: OpenSegment, start: number, end: number, buffers: readonly Buffer[]): void {
    const { tap, term } = this.#options
    tap?.writing({ number, term, salt, length: end }, start, buffers)
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
