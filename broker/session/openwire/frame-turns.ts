// All frames that came together are handled at once, unless they take too long: then the rest waits, and nothing more is read,
// until other connections had their turn.
import type { Clock, Timer } from '../../base/clock.ts'
import { keptFrame } from './kept-frame.ts'
import { framesPerLook, maxTurnMs } from './limits.ts'

export interface FrameTurnActions {
  handle(frame: Buffer): void
  /** A turn took too long: so many frames wait for the next one, and nothing more should be read. */
  turnEnded(waitingFrames: number): void
  /** No frame waits any more. */
  caughtUp(): void
  /** What `handle` threw in a later turn. */
  failed(error: unknown): void
}

export class FrameTurns {
  readonly #clock: Clock
  readonly #actions: FrameTurnActions
  /** Frames that came with those of a turn that took too long. */
  #waiting: Buffer[] = []
  #timer: Timer | undefined
  #closed = false

  constructor(clock: Clock, actions: FrameTurnActions) {
    this.#clock = clock
    this.#actions = actions
  }

  /** Throws what `handle` throws. */
  take(frames: readonly Buffer[]): void {
    if (this.#waiting.length > 0) this.#waiting.push(...frames.map(keptFrame))
    else this.#handle(frames)
  }

  /** The session is over: no frame is handled any more. */
  close(): void {
    this.#closed = true
    this.#waiting = []
    this.#timer?.cancel()
  }

  #handle(frames: readonly Buffer[]): void {
    const startMs = this.#clock.monotonicMs()
    for (let index = 0; index < frames.length; index++) {
      this.#actions.handle(frames[index]!)
      if (this.#closed) return
      const looks = (index + 1) % framesPerLook === 0 && index + 1 < frames.length
      if (!looks || this.#clock.monotonicMs() - startMs <= maxTurnMs) continue
      this.#waiting = frames.slice(index + 1).map(keptFrame)
      this.#actions.turnEnded(this.#waiting.length)
      this.#timer = this.#clock.after(0, () => this.#nextTurn())
      return
    }
  }

  #nextTurn(): void {
    const frames = this.#waiting
    this.#waiting = []
    try {
      this.#handle(frames)
    } catch (error) {
      this.#actions.failed(error)
    }
    if (this.#waiting.length === 0) this.#actions.caughtUp()
  }
}
