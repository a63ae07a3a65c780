// The account of a memory store: what its messages take of the limit, and who waits for some to come back. It only counts and
// tells; taking more than there is room for is not refused here, because dead letters may always be written.
import { fairReserve, fairShare, type FairShare } from '../../base/fair-share.ts'
import type { LogFields, Logger } from '../../base/logger.ts'
import { storeLimits } from '../limits.ts'
import { RefusedHolders } from '../refused-holders.ts'
import { memoryStoreLimits } from './limits.ts'

export class MemoryRoom {
  readonly #limitBytes: number
  readonly #share: FairShare
  readonly #refused: RefusedHolders
  /** What is free when the log is told that there is room again. */
  readonly #roomyBytes: number
  #usedBytes = 0

  constructor(limitBytes: number, logger: Logger) {
    this.#limitBytes = limitBytes
    this.#share = fairShare(limitBytes, fairReserve(limitBytes))
    this.#roomyBytes = storeLimits.roomyReserves * this.#share.reserveBytes
    this.#refused = new RefusedHolders(logger, { store: 'store', messages: 'persistent' })
  }

  /** Bytes of new messages that there is room for; not below 0. */
  get bytes(): number {
    return Math.max(0, this.#freeBytes)
  }

  whenRoom(callback: () => void): void {
    this.#refused.whenRoom(callback)
  }

  /** Whether a message of so many bytes has room, whoever it is for. */
  hasForAnybody(bytes: number): boolean {
    return this.#share.allowsAnybody(bytes + memoryStoreLimits.messageOverheadBytes, this.#freeBytes)
  }

  /** Whether one has room for a holder that has so much. */
  hasFor(holder: string, ownBytes: number, bytes: number): boolean {
    if (this.#share.allows(ownBytes, bytes + memoryStoreLimits.messageOverheadBytes, this.#freeBytes)) return true
    this.#refused.refuse(holder, () => this.#fields)
    return false
  }

  take(messageBytes: number): void {
    this.#usedBytes += messageBytes + memoryStoreLimits.messageOverheadBytes
  }

  giveBack(messages: number, messageBytes: number): void {
    this.#usedBytes -= messageBytes + messages * memoryStoreLimits.messageOverheadBytes
    this.#refused.mayHaveRoom()
    if (this.#refused.isTold && this.#freeBytes >= this.#roomyBytes) this.#refused.allHaveRoom(this.#fields)
  }

  get #freeBytes(): number {
    return this.#limitBytes - this.#usedBytes
  }

  get #fields(): LogFields {
    return { usedBytes: this.#usedBytes, limitBytes: this.#limitBytes }
  }
}
