// Whether there is room for new messages: in the limit that was configured, and on the disk, where a reserve is kept for what
// gives space back: acknowledgements, commits, what reclaiming writes before it can remove. Those are never refused.
//
// Known from a look at the disk every second, with each segment and after each removal; between two looks everything appended
// counts against what was seen, so that room is never believed in that is not there. Others may fill the same disk meanwhile:
// then a write finds no space and waits (journal-writer.ts), and there is no room until it went through.
import type { Clock, Timer } from '../../base/clock.ts'
import { errorMessage } from '../../base/errors.ts'
import type { Logger } from '../../base/logger.ts'
import type { Disk } from '../../disk/disk.ts'
import type { Journal } from '../../journal/journal.ts'
import { journalStoreLimits } from './limits.ts'

export interface StoreSpaceOptions {
  readonly disk: Pick<Disk, 'freeBytes'>
  readonly directory: string
  readonly clock: Clock
  readonly logger: Logger
  readonly journal: Pick<Journal, 'bytes' | 'appendedBytes' | 'writtenBytes' | 'isOutOfSpace'>
  readonly maxFileLength: number
  /** Bytes that the journal may take. */
  readonly limitBytes: number
  readonly messages: () => number
}

export class StoreSpace {
  readonly #options: StoreSpaceOptions
  /** As far as the journal's `appendedBytes` may grow. */
  #end = 0
  #looking: Promise<void> | undefined
  #timer: Timer | undefined
  #isFull = false
  #stopped = false
  #onRoom: () => void = () => {}

  constructor(options: StoreSpaceOptions) {
    this.#options = options
  }

  /** Bytes of new messages that there is room for; not below 0. */
  get bytes(): number {
    const { appendedBytes, isOutOfSpace } = this.#options.journal
    return isOutOfSpace ? 0 : Math.max(0, this.#end - appendedBytes)
  }

  /** `callback` is called when there may be more room than at the last refusal. */
  whenRoom(callback: () => void): void {
    this.#onRoom = callback
  }

  hasRoom(bytes: number): boolean {
    if (this.bytes >= bytes + journalStoreLimits.messageOverheadBytes) {
      this.#tell(false)
      return true
    }
    this.#tell(true)
    return false
  }

  /** Looks at the disk, and from now on every second. */
  async start(): Promise<void> {
    await this.look()
    this.#schedule()
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
  }

  /** Never rejects. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => (this.#looking = undefined))
    return this.#looking
  }

  async #look(): Promise<void> {
    const { disk, directory, journal, limitBytes, maxFileLength, messages, logger } = this.#options
    const { writtenBytes } = journal
    try {
      const freeBytes = await disk.freeBytes(directory)
      const reserveBytes =
        journalStoreLimits.reserveFiles * maxFileLength + messages() * journalStoreLimits.removalBytes
      const { bytes, appendedBytes } = journal
      this.#end = Math.min(writtenBytes + freeBytes - reserveBytes, appendedBytes + limitBytes - bytes)
    } catch (error) {
      logger.warn('Cannot tell how much space the disk has', { directory, error: errorMessage(error) })
    }
    if (this.#isFull && !this.#stopped) this.#onRoom()
  }

  #schedule(): void {
    if (this.#stopped) return
    this.#timer = this.#options.clock.after(journalStoreLimits.spaceLookMs, () => {
      void this.look().then(() => this.#schedule())
    })
  }

  #tell(isFull: boolean): void {
    if (isFull === this.#isFull) return
    this.#isFull = isFull
    const { logger, journal, limitBytes } = this.#options
    const fields = { journalBytes: journal.bytes, limitBytes, roomBytes: this.bytes }
    if (isFull) logger.warn('The store is full: senders of persistent messages wait for consumers', fields)
    else logger.info('The store has room again', fields)
  }
}
