// Since when a Lease is like it is, by the own clock: the times that stand in it were written by another one, and are for people.
import type { Clock } from '../../../base/clock.ts'
import type { Lease } from './lease-client.ts'
import { factsOf, type LeaseFacts } from './lease-facts.ts'

export class LeaseObservation {
  readonly #clock: Clock
  #version: string | undefined
  #sinceMs = 0
  #freeSinceMs: number | undefined
  lease: Lease | undefined
  facts: LeaseFacts = factsOf(undefined)

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** As it was just read or written. */
  observe(lease: Lease | undefined): void {
    const nowMs = this.#clock.monotonicMs()
    const version = lease?.metadata.resourceVersion
    if (version !== this.#version) this.#sinceMs = nowMs
    this.#version = version
    this.lease = lease
    this.facts = factsOf(lease)
    if (!this.isFree) this.#freeSinceMs = undefined
    else this.#freeSinceMs ??= nowMs
  }

  /** Released, never held, or not renewed for as long as its holder wanted it to be good. */
  get isFree(): boolean {
    return this.expiresInMs <= 0
  }

  get expiresInMs(): number {
    const { holder, durationMs } = this.facts
    return holder === '' ? 0 : this.#sinceMs + durationMs - this.#clock.monotonicMs()
  }

  /** How long it has been seen to be free. */
  get freeMs(): number {
    return this.#freeSinceMs === undefined ? 0 : this.#clock.monotonicMs() - this.#freeSinceMs
  }
}
