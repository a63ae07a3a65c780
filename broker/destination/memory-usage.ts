// Counts the bytes of message bodies in memory against the broker's limit. It only counts; who waits and who resumes is
// decided in region/flow-control.ts.
import { destinationLimits } from './limits.ts'

export class MemoryUsage {
  readonly limit: number
  #used = 0

  constructor(limit: number) {
    this.limit = limit
  }

  get used(): number {
    return this.#used
  }

  get full(): boolean {
    return this.#used >= this.limit
  }

  get relieved(): boolean {
    return this.#used < this.limit * destinationLimits.resumeShare
  }

  /** Bytes left below `share` of the limit; negative above it. */
  headroom(share: number): number {
    return this.limit * share - this.#used
  }

  add(bytes: number): void {
    this.#used += bytes
  }

  release(bytes: number): void {
    this.#used -= bytes
  }
}
