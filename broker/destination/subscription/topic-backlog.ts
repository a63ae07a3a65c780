// Topic messages that one subscription keeps because its window is closed: the oldest go when there are too many, or when
// the client does not read at all and memory is short.
import { Deque } from '../../base/deque.ts'
import type { EntryTopic } from '../entry.ts'
import { isExpired } from '../expiry.ts'
import { destinationLimits } from '../limits.ts'
import type { TopicMessage } from '../topic/topic-message.ts'

export interface WaitingTopicMessage {
  /** null: sent by the broker to a topic that nobody created. */
  readonly topic: EntryTopic | null
  readonly shared: TopicMessage
}

const noneExpired: readonly WaitingTopicMessage[] = []

export class TopicBacklog {
  readonly #limit: number
  /** Told the name of the limit because of which a message was dropped. */
  readonly #limitReached: (limit: string) => void
  readonly #waiting = new Deque<WaitingTopicMessage>()
  #volatile = 0
  /** How many of them can expire. */
  #mortal = 0

  /** `askedLimit` as the consumer names it; 0 = the broker's own. */
  constructor(askedLimit: number, limitReached: (limit: string) => void) {
    const { defaultPendingMessageLimit, maximumPendingMessageLimit } = destinationLimits
    this.#limit = askedLimit > 0 ? Math.min(askedLimit, maximumPendingMessageLimit) : defaultPendingMessageLimit
    this.#limitReached = limitReached
  }

  get length(): number {
    return this.#waiting.length
  }

  /** `beyondLimit` messages may wait here too: the window has room for them, only the client does not read. */
  keep(topic: EntryTopic | null, shared: TopicMessage, beyondLimit: number): void {
    shared.hold()
    this.#put({ topic, shared })
    if (this.#waiting.length > this.#limit + beyondLimit) this.#discardOldest('maximumPendingMessageLimit')
  }

  /** A client that does not read must not take the memory of those who do. */
  giveWay(shared: TopicMessage): void {
    while (this.#waiting.length > 0 && shared.headroom(destinationLimits.congestedTopicMemoryShare) < 0)
      this.#discardOldest('congestedTopicMemoryShare')
  }

  /** The next one; it holds memory until its `letGo`. */
  take(): WaitingTopicMessage {
    return this.#take(0)
  }

  /** Takes those that have expired; they hold memory until their `letGo`. */
  takeExpired(nowMs: number): readonly WaitingTopicMessage[] {
    if (this.#mortal === 0) return noneExpired
    const expired: WaitingTopicMessage[] = []
    for (let left = this.#waiting.length; left > 0; left--) {
      const first = this.#take(0)
      if (isExpired(first.shared.message, nowMs)) expired.push(first)
      else this.#put(first)
    }
    return expired
  }

  clear(): void {
    while (this.#waiting.length > 0) this.#take(0).shared.letGo()
  }

  // Persistent messages go last: whoever marked a message so cares more for it.
  #discardOldest(limit: string): void {
    this.#limitReached(limit)
    let index = 0
    if (this.#volatile > 0) while (this.#waiting.at(index)!.shared.message.persistent) index++
    this.#take(index).shared.letGo()
  }

  #take(index: number): WaitingTopicMessage {
    const taken = this.#waiting.removeAt(index)!
    if (!taken.shared.message.persistent) this.#volatile--
    if (taken.shared.message.expiration > 0) this.#mortal--
    return taken
  }

  #put(waiting: WaitingTopicMessage): void {
    const { persistent, expiration } = waiting.shared.message
    this.#waiting.push(waiting)
    if (!persistent) this.#volatile++
    if (expiration > 0) this.#mortal++
  }
}
