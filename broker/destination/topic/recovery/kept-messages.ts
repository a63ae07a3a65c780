// What one topic has kept for subscribers that come later, in the order in which it came. It is in memory only: it counts there
// once, with those who keep the same messages waiting, and is gone with the topic and with the process. Whoever consumes or
// acknowledges changes nothing of it.
import type { Clock } from '../../../base/clock.ts'
import { Deque } from '../../../base/deque.ts'
import { isExpired } from '../../expiry.ts'
import type { TopicMessage } from '../topic-message.ts'
import type { RecoveryMemory } from './recovery-memory.ts'
import type { RecoveryPolicy } from './recovery-policy.ts'

interface KeptMessage {
  readonly shared: TopicMessage
  readonly cameMs: number
}

export interface KeptMessagesOptions {
  readonly policy: RecoveryPolicy
  /** Every subscriber gets them, asked for or not; durable subscriptions only when their consumer asks. */
  readonly alwaysRetroactive: boolean
  readonly memory: RecoveryMemory
  readonly clock: Clock
}

export class KeptMessages {
  readonly alwaysRetroactive: boolean
  readonly #policy: RecoveryPolicy
  readonly #memory: RecoveryMemory
  readonly #clock: Clock
  readonly #kept = new Deque<KeptMessage>()
  #bytes = 0

  constructor({ policy, alwaysRetroactive, memory, clock }: KeptMessagesOptions) {
    this.#policy = policy
    this.alwaysRetroactive = alwaysRetroactive
    this.#memory = memory
    this.#clock = clock
  }

  /** One that the topic gives to its subscribers. Without room in memory the oldest go, and at last this one. */
  keep(shared: TopicMessage): void {
    const { size } = shared.message
    while (!this.#memory.hasRoom(this.#bytes, size)) {
      if (this.#kept.length === 0) return
      this.#dropOldest()
    }
    shared.hold()
    this.#memory.take(size)
    this.#bytes += size
    this.#kept.push({ shared, cameMs: this.#clock.monotonicMs() })
    this.#trim()
  }

  /** The oldest first; without those that have expired. */
  *messages(): IterableIterator<TopicMessage> {
    this.#trim()
    const nowMs = this.#clock.nowMs()
    for (const { shared } of this.#kept) if (!isExpired(shared.message, nowMs)) yield shared
  }

  /** Lets go of what is too old. */
  sweep(): void {
    this.#trim()
    const nowMs = this.#clock.nowMs()
    for (let left = this.#kept.length; left > 0; left--) {
      const first = this.#kept.shift()!
      if (isExpired(first.shared.message, nowMs)) this.#letGo(first)
      else this.#kept.push(first)
    }
  }

  clear(): void {
    while (this.#kept.length > 0) this.#dropOldest()
  }

  #trim(): void {
    const nowMs = this.#clock.monotonicMs()
    for (let oldest = this.#kept.first(); oldest; oldest = this.#kept.first()) {
      const { length: count } = this.#kept
      if (!this.#policy.isTooMuch({ count, bytes: this.#bytes, oldestAgeMs: nowMs - oldest.cameMs })) return
      this.#dropOldest()
    }
  }

  #dropOldest(): void {
    this.#letGo(this.#kept.shift()!)
  }

  #letGo({ shared }: KeptMessage): void {
    const { size } = shared.message
    this.#bytes -= size
    this.#memory.giveBack(size)
    shared.letGo()
  }
}
