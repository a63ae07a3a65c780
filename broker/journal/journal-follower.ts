// A standby: reads again and again what somebody else writes, so that little is left to read when it takes over.
import type { Clock, Timer } from '../base/clock.ts'
import { errorMessage } from '../base/errors.ts'
import type { Logger } from '../base/logger.ts'
import type { JournalReader } from './journal-reader.ts'
import { journalLimits } from './limits.ts'

export class JournalFollower {
  readonly #reader: JournalReader
  readonly #clock: Clock
  readonly #logger: Logger
  #timer: Timer | undefined
  /** The reading that is on its way, or was the last. */
  #reading: Promise<void> | undefined
  #stopped = false

  constructor(reader: JournalReader, clock: Clock, logger: Logger) {
    this.#reader = reader
    this.#clock = clock
    this.#logger = logger
  }

  start(): void {
    if (!this.#reading && !this.#stopped) this.#read()
  }

  /** See JournalReader.unreadBytes; undefined for who does not follow. */
  get unreadBytes(): number | undefined {
    return this.#reading && !this.#stopped ? this.#reader.unreadBytes : undefined
  }

  /** For good; resolves when nothing is read any more. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#timer?.cancel()
    await this.#reading
  }

  #read(): void {
    this.#reading = this.#reader
      .follow()
      .catch((error: unknown) => this.#logger.warn('Cannot follow the journal', { error: errorMessage(error) }))
      .then(() => {
        if (!this.#stopped) this.#timer = this.#clock.after(journalLimits.followIntervalMs, () => this.#read())
      })
  }
}
