// Who was refused room in a store: remembered until there may be some, so that what gives nothing to anybody who waits costs
// nothing; and told to whoever reads the log, once for all of them.
import type { LogFields, Logger } from '../base/logger.ts'

/** As the log calls the store, and what is waiting for it. */
export interface StoreNames {
  readonly store: string
  readonly messages: string
}

export class RefusedHolders {
  readonly #logger: Logger
  readonly #names: StoreNames
  /** Since they were last told that there may be room. */
  readonly #refused = new Set<string>()
  #told = false
  #telling = false
  #onRoom = (): void => {}

  constructor(logger: Logger, names: StoreNames) {
    this.#logger = logger
    this.#names = names
  }

  /** `callback` is called whenever one that was refused may have room; not from within what brought it. */
  whenRoom(callback: () => void): void {
    this.#onRoom = callback
  }

  /** The log says that there is no room for somebody. */
  get isTold(): boolean {
    return this.#told
  }

  refuse(holder: string, fields: () => LogFields): void {
    this.#refused.add(holder)
    if (this.#told) return
    this.#told = true
    const { store, messages } = this.#names
    this.#logger.warn(
      `The ${store} is full for a queue: senders of ${messages} messages to it wait for its consumers`,
      {
        queue: holder,
        ...fields(),
      },
    )
  }

  /** Some of what this one has is gone: its share has more room. */
  released(holder: string): void {
    if (this.#refused.size > 0 && this.#refused.has(holder)) this.#tellLater()
  }

  /** There is more room for all. */
  mayHaveRoom(): void {
    if (this.#refused.size > 0) this.#tellLater()
  }

  /** Everybody has room again. */
  allHaveRoom(fields: LogFields): void {
    if (!this.#told) return
    this.#told = false
    this.#logger.info(`The ${this.#names.store} has room again`, fields)
  }

  #tellLater(): void {
    if (this.#telling) return
    this.#telling = true
    queueMicrotask(() => {
      this.#telling = false
      this.#refused.clear()
      this.#onRoom()
    })
  }
}
