// The account of a memory store: what its messages take of the limit, and who waits for some to come back. It only counts and
// tells; taking more than there is room for is not refused here, because dead letters may always be written.
import type { Logger } from '../../base/logger.ts'
import { memoryStoreLimits } from './limits.ts'

export class MemoryRoom {
  readonly #limitBytes: number
  readonly #logger: Logger
  #usedBytes = 0
  /** Somebody found no room, and waits. */
  #isFull = false
  #telling = false
  #onRoom = (): void => {}

  constructor(limitBytes: number, logger: Logger) {
    this.#limitBytes = limitBytes
    this.#logger = logger
  }

  /** Bytes of new messages that there is room for; not below 0. */
  get bytes(): number {
    return Math.max(0, this.#limitBytes - this.#usedBytes)
  }

  whenRoom(callback: () => void): void {
    this.#onRoom = callback
  }

  /** A message that is larger than the limit has room when it is the only one: else it would wait for ever. */
  has(bytes: number): boolean {
    const { messageOverheadBytes } = memoryStoreLimits
    const hasRoom = this.#usedBytes === 0 || this.#usedBytes + bytes + messageOverheadBytes <= this.#limitBytes
    if (hasRoom === this.#isFull) this.#tell(!hasRoom)
    return hasRoom
  }

  take(messageBytes: number): void {
    this.#usedBytes += messageBytes + memoryStoreLimits.messageOverheadBytes
  }

  /** Who waits is told afterwards, not from within the change that gave it back. */
  giveBack(messages: number, messageBytes: number): void {
    this.#usedBytes -= messageBytes + messages * memoryStoreLimits.messageOverheadBytes
    if (!this.#isFull || this.#telling) return
    this.#telling = true
    queueMicrotask(() => {
      this.#telling = false
      this.#onRoom()
    })
  }

  #tell(isFull: boolean): void {
    this.#isFull = isFull
    const fields = { usedBytes: this.#usedBytes, limitBytes: this.#limitBytes }
    if (isFull) this.#logger.warn('The store is full: senders of persistent messages wait for consumers', fields)
    else this.#logger.info('The store has room again', fields)
  }
}
