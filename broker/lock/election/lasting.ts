// Since when conditions hold, each by itself.
import type { Clock } from '../../base/clock.ts'

export class Lasting<Name extends string> {
  readonly #clock: Clock
  readonly #since = new Map<Name, number>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** For how long each has held, in milliseconds, with what is the case now. */
  observe(conditions: Readonly<Record<Name, boolean>>): Record<Name, number> {
    const nowMs = this.#clock.monotonicMs()
    const waited = {} as Record<Name, number>
    for (const [name, holds] of Object.entries(conditions) as [Name, boolean][]) {
      if (!holds) this.#since.delete(name)
      else if (!this.#since.has(name)) this.#since.set(name, nowMs)
      waited[name] = nowMs - (this.#since.get(name) ?? nowMs)
    }
    return waited
  }
}
