// When the name of a pod that has gone may be used again; see `samePodNameAfterMs`.
import type { RegistryEvent } from '../api/registry.ts'
import type { Clock } from '../base/clock.ts'
import { samePodNameAfterMs } from './limits.ts'

export class PodNames {
  readonly #clock: Clock
  readonly #present = new Set<string>()
  readonly #freeAtMs = new Map<string, number>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  observe(key: string, type: RegistryEvent['type']): void {
    if (type === 'DELETED') this.#gone(key)
    else this.#present.add(key)
  }

  /** For a name that no pod has. That it has gone may not have been told yet. */
  freeInMs(key: string): number {
    this.#gone(key)
    return Math.max(0, (this.#freeAtMs.get(key) ?? 0) - this.#clock.nowMs())
  }

  #gone(key: string): void {
    if (!this.#present.delete(key)) return
    const nowMs = this.#clock.nowMs()
    for (const [known, freeAtMs] of this.#freeAtMs) if (freeAtMs <= nowMs) this.#freeAtMs.delete(known)
    this.#freeAtMs.set(key, nowMs + samePodNameAfterMs)
  }
}
