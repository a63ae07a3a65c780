// Space of the segment that is written to, set aside before it is needed: a write into it changes no length of a file, so its
// sync needs no commit of the file system's own journal, and no second question (node-disk.ts). Measured on ext4 with one
// sender that waits for each answer: 1.5 times the syncs at 0.6 of the CPU.
//
// The next piece is set aside beside the writes, and only what would reach beyond it waits for it. Without space on the disk
// nothing is set aside: then writes make the file longer as they need it, and are told by the disk when it is full.
import { errorCode } from '../base/errors.ts'
import type { DiskFile } from '../disk/disk.ts'
import { isNoSpace } from '../disk/no-space.ts'
import { journalLimits } from './limits.ts'

export class SegmentSpace {
  readonly #file: DiskFile
  /** No space is set aside beyond it. */
  readonly #maxFileLength: number
  /** Behind what is written, and behind what is set aside. */
  #written = 0
  #end = 0
  /** How much is set aside next, and how little may be left before. */
  #step: number = journalLimits.firstSpaceBytes
  #lowWater = 0
  /** After an attempt that found no space: not before so much is written. */
  #notBefore = 0
  #preparing: Promise<void> | undefined
  #failure: unknown
  #closed = false

  constructor(file: DiskFile, maxFileLength: number) {
    this.#file = file
    this.#maxFileLength = maxFileLength
  }

  /**
   * When a write up to `end` can begin: at once, or when this resolves. Rejects, or throws, when setting aside failed: nobody
   * knows what else that disk loses.
   */
  before(end: number): void | Promise<void> {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#preparing && end > this.#end) return this.#preparing.then(() => this.before(end))
  }

  /** The file is written and synced up to `end`. */
  written(end: number): void {
    this.#written = end
    this.#end = Math.max(this.#end, end)
    if (this.#preparing || this.#closed || end < this.#notBefore) return
    if (this.#end - end > this.#lowWater || this.#end >= this.#maxFileLength) return
    this.#preparing = this.#prepare().finally(() => (this.#preparing = undefined))
  }

  /** The segment ends at `length`. What is set aside beyond is given back, if all that was to be written is. */
  async close(length: number): Promise<void> {
    this.#closed = true
    await this.#preparing
    if (this.#written === length && this.#end > length) await this.#file.truncate(length)
    await this.#file.close()
  }

  async #prepare(): Promise<void> {
    const to = Math.min(this.#end + this.#step, this.#maxFileLength)
    try {
      await this.#file.preallocate(this.#end, to)
      this.#end = to
      this.#lowWater = Math.min(this.#step, journalLimits.spaceBytes / 2)
      this.#step = Math.min(2 * this.#step, journalLimits.spaceBytes)
    } catch (error) {
      // No such path: another member has the journal, as the next confirmation finds out.
      if (!isNoSpace(error) && errorCode(error) !== 'ENOENT') this.#failure = error
      this.#notBefore = this.#end + 1
    }
  }
}
