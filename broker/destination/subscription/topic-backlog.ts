// Topic messages that one subscription keeps because its window is closed. Those of topics that go by priority are handed on by
// priority, all others as if they had the default one. When there are too many, or when the client does not read at all and
// memory is short, some go: the oldest of the lowest priority.
import type { EntryTopic } from '../entry.ts'
import { destinationLimits } from '../limits.ts'
import { defaultPriority, highestPriority } from '../../store/priority-holder.ts'
import type { TopicMessage } from '../topic/topic-message.ts'
import { KeptTopicMessages, type WaitingTopicMessage } from './kept-topic-messages.ts'

export class TopicBacklog {
  readonly #limit: number
  /** Told the name of the limit because of which a message was dropped. */
  readonly #limitReached: (limit: string) => void
  /** Of the default priority. */
  readonly #plain = new KeptTopicMessages()
  /** By priority, that of the default one with them; null until one of another is kept, as in most subscriptions. */
  #byPriority: KeptTopicMessages[] | null = null
  #others = 0

  /** `askedLimit` as the consumer names it; 0 = the broker's own. */
  constructor(askedLimit: number, limitReached: (limit: string) => void) {
    const { defaultPendingMessageLimit, maximumPendingMessageLimit } = destinationLimits
    this.#limit = askedLimit > 0 ? Math.min(askedLimit, maximumPendingMessageLimit) : defaultPendingMessageLimit
    this.#limitReached = limitReached
  }

  get length(): number {
    return this.#plain.length + this.#others
  }

  /** `beyondLimit` messages may wait here too: the window has room for them, only the client does not read. */
  keep(topic: EntryTopic | null, shared: TopicMessage, beyondLimit: number): void {
    shared.hold()
    this.#listFor(topic?.isPrioritized ? shared.message.priority : defaultPriority).push({ topic, shared })
    if (this.length > this.#limit + beyondLimit) this.#discardOldest('maximumPendingMessageLimit')
  }

  /** A client that does not read must not take the memory of those who do. */
  giveWay(shared: TopicMessage): void {
    while (this.length > 0 && shared.headroom(destinationLimits.congestedTopicMemoryShare) < 0)
      this.#discardOldest('congestedTopicMemoryShare')
  }

  /** The next one; it holds memory until its `letGo`. */
  take(): WaitingTopicMessage {
    const list = this.#highest()
    if (list !== this.#plain) this.#others--
    return list.takeFirst()
  }

  /** Takes those that have expired; they hold memory until their `letGo`. */
  takeExpired(nowMs: number): readonly WaitingTopicMessage[] {
    if (this.#byPriority === null) return this.#plain.takeExpired(nowMs)
    const expired = this.#byPriority.flatMap((kept) => kept.takeExpired(nowMs))
    this.#others = this.#byPriority.reduce((sum, { length }) => sum + length, 0) - this.#plain.length
    return expired
  }

  clear(): void {
    while (this.length > 0) this.take().shared.letGo()
  }

  // Persistent messages go last: whoever marked a message so cares more for it.
  #discardOldest(limit: string): void {
    this.#limitReached(limit)
    const list = this.#lowest((kept) => kept.volatile > 0) ?? this.#lowest((kept) => kept.length > 0)!
    if (list !== this.#plain) this.#others--
    list.takeOldest().shared.letGo()
  }

  #listFor(priority: number): KeptTopicMessages {
    if (priority === defaultPriority) return this.#plain
    this.#others++
    this.#byPriority ??= Array.from({ length: highestPriority + 1 }, (_, of) =>
      of === defaultPriority ? this.#plain : new KeptTopicMessages(),
    )
    return this.#byPriority[priority]!
  }

  /** Of those that are not empty. */
  #highest(): KeptTopicMessages {
    if (this.#byPriority === null || this.#others === 0) return this.#plain
    for (let priority = highestPriority; ; priority--)
      if (this.#byPriority[priority]!.length > 0) return this.#byPriority[priority]!
  }

  #lowest(has: (kept: KeptTopicMessages) => boolean): KeptTopicMessages | undefined {
    return (this.#byPriority ?? [this.#plain]).find(has)
  }
}
