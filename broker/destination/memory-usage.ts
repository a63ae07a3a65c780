// Counts the bytes of message bodies in memory against the broker's limit. It only counts; who gets how much of it is decided
// in region/room.ts.
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

  /** Bytes left below `share` of the limit; negative above it. */
  headroom(share: number): number {
    return this.limit * share - this.#used
  }

  /**
   * Bytes of bodies that a destination which has `ownBytes` may keep besides: no more than is left for others, apart from a pool
   * that is for those who have little. Negative when it has too many.
   */
  roomBesides(ownBytes: number): number {
    const { bodyHighWaterShare, bodyPoolShare, littleShare } = destinationLimits
    const free = this.headroom(bodyHighWaterShare)
    return Math.max(free - this.limit * bodyPoolShare - ownBytes, Math.min(free, this.limit * littleShare - ownBytes))
  }

  add(bytes: number): void {
    this.#used += bytes
  }

  release(bytes: number): void {
    this.#used -= bytes
  }
}
