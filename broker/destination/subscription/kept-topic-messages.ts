// Messages of topics that a subscription keeps, in the order in which they came. Whoever drops some drops the oldest, but persistent
// ones last.
import { Deque } from '../../base/deque.ts'
import type { EntryTopic } from '../entry.ts'
import { isExpired } from '../expiry.ts'
import type { TopicMessage } from '../topic/topic-message.ts'

export interface WaitingTopicMessage {
  /** null: sent by the broker to a topic that nobody created. */
  readonly topic: EntryTopic | null
  readonly shared: TopicMessage
}

const noneExpired: readonly WaitingTopicMessage[] = []

export class KeptTopicMessages {
  readonly #kept = new Deque<WaitingTopicMessage>()
  /** How many of them are not persistent. */
  volatile = 0
  /** How many of them can expire. */
  #mortal = 0

  get length(): number {
    return this.#kept.length
  }

  push(message: WaitingTopicMessage): void {
    const { persistent, expiration } = message.shared.message
    this.#kept.push(message)
    if (!persistent) this.volatile++
    if (expiration > 0) this.#mortal++
  }

  takeFirst(): WaitingTopicMessage {
    return this.#takeAt(0)
  }

  /** The oldest that is not persistent; the oldest when all are. */
  takeOldest(): WaitingTopicMessage {
    let index = 0
    if (this.volatile > 0) while (this.#kept.at(index)!.shared.message.persistent) index++
    return this.#takeAt(index)
  }

  takeExpired(nowMs: number): readonly WaitingTopicMessage[] {
    if (this.#mortal === 0) return noneExpired
    const expired: WaitingTopicMessage[] = []
    for (let left = this.length; left > 0; left--) {
      const first = this.takeFirst()
      if (isExpired(first.shared.message, nowMs)) expired.push(first)
      else this.push(first)
    }
    return expired
  }

  #takeAt(index: number): WaitingTopicMessage {
    const taken = this.#kept.removeAt(index)!
    const { persistent, expiration } = taken.shared.message
    if (!persistent) this.volatile--
    if (expiration > 0) this.#mortal--
    return taken
  }
}
