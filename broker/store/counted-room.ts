// The account of a store that has its limit from its configuration alone: what its messages take of it, and who waits for some to
// come back. It only counts and tells; taking more than there is room for is not refused here, because dead letters may always
// be written.
import { fairReserve, fairShare, type FairShare } from '../base/fair-share.ts'
import type { LogFields, Logger } from '../base/logger.ts'
import type { MessageHolder } from './held-message.ts'
import { storeLimits } from './limits.ts'
import { destinationOfHolder } from './priority-holder.ts'
import { RefusedHolders } from './refused-holders.ts'

export interface CountedRoomOptions {
  readonly limitBytes: number
  /** What a message takes besides its bytes. */
  readonly overheadBytes: number
  readonly logger: Logger
  /** What a holder has, its open transactions not counted. */
  readonly takenBy: (holder: MessageHolder) => number
}

export class CountedRoom {
  readonly #options: CountedRoomOptions
  readonly #share: FairShare
  readonly #refused: RefusedHolders
  /** What is free when the log is told that there is room again. */
  readonly #roomyBytes: number
  /** What open transactions add, by account. */
  readonly #uncommitted = new Map<string, number>()
  #usedBytes = 0

  constructor(options: CountedRoomOptions) {
    const { limitBytes, logger } = options
    this.#options = options
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

  /** Whether a message of so many bytes has room. */
  has(holder: MessageHolder, bytes: number): boolean {
    const newBytes = this.takenBytes(bytes)
    if (this.#share.allowsAnybody(newBytes, this.#freeBytes)) return true
    const account = accountOf(holder)
    let ownBytes = this.#uncommitted.get(account) ?? 0
    for (const one of [holder, ...(holder.others ?? [])]) ownBytes += this.#options.takenBy(one)
    if (this.#share.allows(ownBytes, newBytes, this.#freeBytes)) return true
    this.#refused.refuse(account, () => this.#fields)
    return false
  }

  /** What a message of so many bytes takes. */
  takenBytes(messageBytes: number): number {
    return messageBytes + this.#options.overheadBytes
  }

  take(messageBytes: number): void {
    this.#usedBytes += this.takenBytes(messageBytes)
  }

  giveBack(messages: number, messageBytes: number): void {
    this.#usedBytes -= messageBytes + messages * this.#options.overheadBytes
    this.#refused.mayHaveRoom()
    if (this.#refused.isTold && this.#freeBytes >= this.#roomyBytes) this.#refused.allHaveRoom(this.#fields)
  }

  /** A transaction has added a message for a holder; with `-1` it has it no longer. Its room is taken and given back apart. */
  countUncommitted(holder: MessageHolder, messageBytes: number, messages: 1 | -1): void {
    const account = accountOf(holder)
    const uncommitted = (this.#uncommitted.get(account) ?? 0) + messages * this.takenBytes(messageBytes)
    if (uncommitted > 0) this.#uncommitted.set(account, uncommitted)
    else this.#uncommitted.delete(account)
  }

  get #freeBytes(): number {
    return this.#options.limitBytes - this.#usedBytes
  }

  get #fields(): LogFields {
    return { usedBytes: this.#usedBytes, limitBytes: this.#options.limitBytes }
  }
}

/** Under which it waits for room: a topic may have the name of a queue. */
const accountOf = ({ kind, name }: MessageHolder): string =>
  kind === 'queue' ? destinationOfHolder(name) : `topic://${destinationOfHolder(name)}`
