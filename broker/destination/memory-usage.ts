// Counts the bytes of message bodies in memory against the broker's limit. It only counts; who gets how much of it is decided
// in region/room.ts.

export class MemoryUsage {
  readonly limit: number
  #used = 0

  constructor(limit: number) {
    this.limit = limit
  }

  get used(): number {
    return this.#used
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
