// Whether there is room for new messages: in the limit that was configured, and on the disk, where a reserve is kept for what
// gives space back: acknowledgements, commits, what reclaiming writes before it can remove. Those are never refused.
//
// Known from a look at the disk every second, with each segment and after each removal; between two looks everything appended
// counts against what was seen, so that room is never believed in that is not there. Others may fill the same disk meanwhile:
// then a write finds no space and waits (journal-writer.ts), and there is no room until it went through.
import type { Clock, Timer } from '../../base/clock.ts'
import { errorMessage } from '../../base/errors.ts'
import { fairReserve, fairShare, type FairShare } from '../../base/fair-share.ts'
import type { LogFields, Logger } from '../../base/logger.ts'
import type { Disk } from '../../disk/disk.ts'
import type { Journal } from '../../journal/journal.ts'
import { storeLimits } from '../limits.ts'
import { RefusedHolders, type StoreNames } from '../refused-holders.ts'
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
  /** Share of the disk, as far as it is free or the journal's, that is left to others. */
  readonly leftFreeShare: number
  readonly calledInLog: StoreNames
  readonly messages: () => number
  /** Somebody was refused although that may be helped. */
  readonly onTight: () => void
  /** No messages, and no open transactions that may have some. */
  readonly isEmpty: () => boolean
}

export class StoreSpace {
  readonly #options: StoreSpaceOptions
  readonly #refused: RefusedHolders
  /** As far as the journal's `appendedBytes` may grow. */
  #end = 0
  /** The same without the limit. */
  #diskEnd = 0
  /** Of what journal and disk are found to allow: a limit that the disk is too small for is none. */
  #share: FairShare = fairShare(0, 0)
  #looking: Promise<void> | undefined
  #timer: Timer | undefined
  #stopped = false

  constructor(options: StoreSpaceOptions) {
    this.#options = options
    this.#refused = new RefusedHolders(options.logger, options.calledInLog)
  }

  /** Bytes of new messages that there is room for; not below 0. */
  get bytes(): number {
    const { appendedBytes, isOutOfSpace } = this.#options.journal
    return isOutOfSpace ? 0 : Math.max(0, this.#end - appendedBytes)
  }

  /** Those who keep up may soon find no room. */
  get isTight(): boolean {
    const { tightFiles, tightReserves } = journalStoreLimits
    const { bytes } = this
    return bytes < tightFiles * this.#options.maxFileLength && bytes < tightReserves * this.#share.reserveBytes
  }

  whenRoom(callback: () => void): void {
    this.#refused.whenRoom(callback)
  }

  /** Whether a message of so many bytes has room, whoever it is for. */
  hasForAnybody(bytes: number): boolean {
    return this.#share.allowsAnybody(bytes + journalStoreLimits.messageOverheadBytes, this.bytes)
  }

  /** Whether one has room for a holder that has so much. */
  hasFor(holder: string, ownBytes: number, bytes: number): boolean {
    if (this.#share.allows(ownBytes, bytes + journalStoreLimits.messageOverheadBytes, this.bytes)) return true
    if (ownBytes === 0 && this.#isAllAlone(bytes)) return true
    this.#refused.refuse(holder, () => this.#fields)
    if (this.isTight) this.#options.onTight()
    return false
  }

  /** A holder has less than before, although the segments of what is gone come back later. */
  released(holder: string): void {
    this.#refused.released(holder)
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
    const { disk, directory, journal, limitBytes, logger } = this.#options
    const { writtenBytes } = journal
    try {
      const freeBytes = await disk.freeBytes(directory)
      const { bytes, appendedBytes } = journal
      this.#diskEnd = writtenBytes + freeBytes - this.#leftFreeBytes(freeBytes)
      this.#end = Math.min(this.#diskEnd, appendedBytes + limitBytes - bytes)
      this.#share = this.#shareOf(Math.max(0, bytes + this.#end - appendedBytes))
    } catch (error) {
      logger.warn('Cannot tell how much space the disk has', { directory, error: errorMessage(error) })
    }
    if (this.#stopped) return
    this.#refused.mayHaveRoom()
    if (this.#refused.isTold && this.bytes >= storeLimits.roomyReserves * this.#share.reserveBytes)
      this.#refused.allHaveRoom(this.#fields)
  }

  #leftFreeBytes(freeBytes: number): number {
    const { maxFileLength, leftFreeShare, journal, messages } = this.#options
    const { reserveFiles, removalBytes } = journalStoreLimits
    return reserveFiles * maxFileLength + messages() * removalBytes + leftFreeShare * (journal.bytes + freeBytes)
  }

  #shareOf(capacityBytes: number): FairShare {
    const leastBytes = journalStoreLimits.fairReserveFiles * this.#options.maxFileLength
    return fairShare(capacityBytes, fairReserve(capacityBytes, leastBytes))
  }

  /** What the limit would never have room for, in a store without messages: else it would wait for ever. */
  #isAllAlone(bytes: number): boolean {
    const { limitBytes, maxFileLength, journal, isEmpty } = this.#options
    const neededBytes = bytes + journalStoreLimits.messageOverheadBytes
    if (neededBytes <= limitBytes - maxFileLength || journal.isOutOfSpace) return false
    return neededBytes <= this.#diskEnd - journal.appendedBytes && isEmpty()
  }

  #schedule(): void {
    if (this.#stopped) return
    this.#timer = this.#options.clock.after(journalStoreLimits.spaceLookMs, () => {
      void this.look().then(() => this.#schedule())
    })
  }

  get #fields(): LogFields {
    const { journal, limitBytes } = this.#options
    return { journalBytes: journal.bytes, limitBytes, roomBytes: this.bytes }
  }
}
