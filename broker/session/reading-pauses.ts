// Whether the socket of a session is read. There can be several reasons not to; it is read again when none is left.
import type { SessionOutput } from './session.ts'

/** Any of them is enough. */
export type PauseReason =
  /** The region takes nothing more for now: memory or store are full, or the disk is behind. */
  | 'region'
  /** The client does not take what waits for it. */
  | 'output'
  /** Others have their turn. */
  | 'turn'

export class ReadingPauses {
  readonly #output: Pick<SessionOutput, 'pauseReading' | 'resumeReading'>
  readonly #changed: (paused: boolean) => void
  readonly #reasons = new Set<PauseReason>()
  #times = 0
  #closed = false

  constructor(
    output: Pick<SessionOutput, 'pauseReading' | 'resumeReading'>,
    changed: (paused: boolean) => void = () => {},
  ) {
    this.#output = output
    this.#changed = changed
  }

  get paused(): boolean {
    return this.#reasons.size > 0
  }

  /** How often reading was paused. */
  get times(): number {
    return this.#times
  }

  pause(reason: PauseReason): void {
    if (!this.paused) {
      this.#times++
      this.#output.pauseReading()
      this.#changed(true)
    }
    this.#reasons.add(reason)
  }

  resume(reason: PauseReason): void {
    if (!this.#reasons.delete(reason) || this.paused || this.#closed) return
    this.#changed(false)
    this.#output.resumeReading()
  }

  /** The session is over: its socket is not read again. */
  close(): void {
    this.#closed = true
  }
}
