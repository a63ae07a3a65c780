// The messages of one topic, once for all its durable subscriptions, and how far each of these has come.
import type { FoundMessage, Sequence, SubscriptionHolder, SubscriptionTerms } from '../held-message.ts'
import type { SubscriptionBacklog } from '../message-store.ts'
import { notTooFar, SubscriptionProgress } from '../subscription-progress.ts'
import { MemoryQueue } from './memory-queue.ts'

interface MemorySubscription {
  readonly terms: SubscriptionTerms
  /** What it has acknowledged, and what it never wanted. */
  readonly progress: SubscriptionProgress
  /** Of all that the topic ever had: what it does not want, or not any more. */
  settledMessages: number
  settledBytes: number
}

export class MemoryTopic {
  readonly messages = new MemoryQueue()
  readonly #subscriptions = new Map<string, MemorySubscription>()
  /** Told how many bytes a message had that nobody wants any more. */
  readonly #dropped: (bytes: number) => void
  /** Of all that it ever had. */
  #addedMessages = 0
  #addedBytes = 0
  #lastSequence: Sequence = 0

  constructor(dropped: (bytes: number) => void) {
    this.#dropped = dropped
  }

  get subscriptions(): number {
    return this.#subscriptions.size
  }

  addSubscription({ key }: SubscriptionHolder, terms: SubscriptionTerms, lastSequence: Sequence): void {
    if (this.#subscriptions.has(key)) return
    this.#subscriptions.set(key, {
      terms,
      progress: new SubscriptionProgress(lastSequence),
      settledMessages: this.#addedMessages,
      settledBytes: this.#addedBytes,
    })
  }

  removeSubscription({ key }: SubscriptionHolder): void {
    const subscription = this.#subscriptions.get(key)
    if (!subscription) return
    this.#subscriptions.delete(key)
    for (const sequence of this.messages.sequencesAfter(subscription.progress.mark))
      if (!subscription.progress.has(sequence)) this.#wantedLess(sequence)
  }

  add(sequence: Sequence, bytes: Buffer, notFor: readonly SubscriptionHolder[]): void {
    this.#addedMessages++
    this.#addedBytes += bytes.length
    this.messages.add(sequence, bytes, this.#subscriptions.size)
    for (const { key } of notFor) {
      const subscription = this.#subscriptions.get(key)
      if (subscription) this.#settle(subscription, this.#lastSequence, sequence, bytes.length)
    }
    this.#lastSequence = sequence
    if (this.#subscriptions.size === 0) this.#drop(sequence)
  }

  acknowledge({ key }: SubscriptionHolder, sequence: Sequence): void {
    const subscription = this.#subscriptions.get(key)
    const bytes = this.messages.bytesOf(sequence)
    if (!subscription || bytes === undefined || subscription.progress.has(sequence)) return
    const before = this.messages.lastBefore(sequence)
    const { progress } = subscription
    const after = progress.has(before) ? progress.settledAfter(before) : before
    this.#settle(subscription, after, sequence, bytes)
  }

  backlog({ key }: SubscriptionHolder): SubscriptionBacklog {
    const subscription = this.#subscriptions.get(key)
    if (!subscription) return { messageCount: 0, messageBytes: 0 }
    return {
      messageCount: this.#addedMessages - subscription.settledMessages,
      messageBytes: this.#addedBytes - subscription.settledBytes,
    }
  }

  holds({ key }: SubscriptionHolder, sequence: Sequence): boolean {
    const progress = this.#subscriptions.get(key)?.progress
    return progress !== undefined && !progress.has(sequence) && this.messages.bytesOf(sequence) !== undefined
  }

  read(
    { key }: SubscriptionHolder,
    after: Sequence,
    upTo: Sequence,
    maxMessages: number,
    maxBytes: number,
  ): FoundMessage[] {
    const progress = this.#subscriptions.get(key)?.progress
    if (!progress) return []
    const start = Math.max(after, progress.mark)
    return this.messages.read(start, upTo, maxMessages, maxBytes, (sequence) => progress.has(sequence))
  }

  /** What it has between `after` and `sequence` is settled already. */
  #settle(subscription: MemorySubscription, after: Sequence, sequence: Sequence, bytes: number): void {
    const { progress } = subscription
    progress.settle(after <= progress.mark ? after : notTooFar(after, sequence), sequence)
    subscription.settledMessages++
    subscription.settledBytes += bytes
    this.#wantedLess(sequence)
  }

  #wantedLess(sequence: Sequence): void {
    if (this.messages.wantedLess(sequence) === 0) this.#drop(sequence)
  }

  #drop(sequence: Sequence): void {
    const bytes = this.messages.remove(sequence)
    if (bytes !== undefined) this.#dropped(bytes)
  }
}
