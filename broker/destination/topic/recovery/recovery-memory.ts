// The memory of what topics have kept for subscribers that come later. Nobody waits for it: of what is kept the oldest go, the
// topic's own. All together they never have more than a share of the memory, of which one topic alone leaves something to
// the others; and while memory is short for those who need it, no topic keeps what comes.
import { fairShare, type FairShare } from '../../../base/fair-share.ts'
import { destinationLimits } from '../../limits.ts'
import type { MemoryUsage } from '../../memory-usage.ts'

export class RecoveryMemory {
  readonly #memory: MemoryUsage
  readonly #limit: number
  readonly #share: FairShare
  #used = 0

  constructor(memory: MemoryUsage) {
    const { recoveryMemoryShare, recoveryReserveShare } = destinationLimits
    this.#memory = memory
    this.#limit = memory.limit * recoveryMemoryShare
    this.#share = fairShare(this.#limit, this.#limit * recoveryReserveShare)
  }

  get used(): number {
    return this.#used
  }

  /** Whether a topic that keeps `ownBytes` may keep one more message, of `bytes`. */
  hasRoom(ownBytes: number, bytes: number): boolean {
    if (this.#memory.headroom(destinationLimits.bodyHighWaterShare) < bytes) return false
    return bytes <= this.#limit && this.#share.allows(ownBytes, bytes, this.#limit - this.#used)
  }

  take(bytes: number): void {
    this.#used += bytes
  }

  giveBack(bytes: number): void {
    this.#used -= bytes
  }
}
