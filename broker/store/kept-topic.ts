// The messages of one topic, once for all its durable subscriptions, and how far each of these has come. What is kept of a message
// is up to the store: the message itself, or where it is.
import type { Sequence, SubscriptionHolder, SubscriptionTerms } from './held-message.ts'
import type { SubscriptionBacklog } from './message-store.ts'
import { notTooFar, type SubscriptionProgress } from './subscription-progress.ts'

/** `B`: what is kept of a message. */
export interface TopicMessages<B> {
  add(sequence: Sequence, body: B, wantedBy: number): void
  /** Returns how many bytes it had; undefined when there is no such message. */
  remove(sequence: Sequence): number | undefined
  bytesOf(sequence: Sequence): number | undefined
  /** The last message before this sequence; 0 when there is none. */
  lastBefore(sequence: Sequence): Sequence
  sequencesAfter(after: Sequence): Sequence[]
  /** One wants it less; returns how many still do. */
  wantedLess(sequence: Sequence): number
}

export interface KeptSubscription {
  readonly holder: SubscriptionHolder
  readonly terms: SubscriptionTerms
  /** What it has acknowledged, and what it never wanted. */
  readonly progress: SubscriptionProgress
  /** Of all that the topic ever had: what it does not want, or not any more. */
  settledMessages: number
  settledBytes: number
}

export interface TopicWatch {
  /** Nobody wants this message any more. */
  dropped(sequence: Sequence, bytes: number): void
  /** A subscription does not want something any more; before that is dropped. */
  moved?(subscription: KeptSubscription, markBefore: Sequence): void
}

export class KeptTopic<M extends TopicMessages<B>, B> {
  readonly messages: M
  readonly #watch: TopicWatch
  readonly #subscriptions = new Map<string, KeptSubscription>()
  /** Of all that it ever had. */
  #addedMessages = 0
  #addedBytes = 0
  #lastSequence: Sequence = 0

  constructor(messages: M, watch: TopicWatch) {
    this.messages = messages
    this.#watch = watch
  }

  get subscriptions(): ReadonlyMap<string, KeptSubscription> {
    return this.#subscriptions
  }

  /** The last message that it ever had; 0 when it had none. */
  get lastSequence(): Sequence {
    return this.#lastSequence
  }

  addSubscription(holder: SubscriptionHolder, terms: SubscriptionTerms, progress: SubscriptionProgress): void {
    if (this.#subscriptions.has(holder.key)) return
    const settled = { settledMessages: this.#addedMessages, settledBytes: this.#addedBytes }
    this.#subscriptions.set(holder.key, { holder, terms, progress, ...settled })
  }

  removeSubscription({ key }: SubscriptionHolder): void {
    const subscription = this.#subscriptions.get(key)
    if (!subscription) return
    this.#subscriptions.delete(key)
    for (const sequence of this.messages.sequencesAfter(subscription.progress.mark))
      if (!subscription.progress.has(sequence)) this.#wantedLess(sequence)
  }

  add(sequence: Sequence, body: B, bytes: number, notFor: readonly SubscriptionHolder[]): void {
    this.#count(bytes)
    this.messages.add(sequence, body, this.#subscriptions.size)
    const before = this.#lastSequence
    this.#lastSequence = sequence
    for (const { key } of notFor) {
      const subscription = this.#subscriptions.get(key)
      if (subscription) this.#settle(subscription, before, sequence, bytes)
    }
    if (this.#subscriptions.size === 0) this.#drop(sequence)
  }

  /** One that was there before, behind all others, which these subscriptions do not want. */
  recover(sequence: Sequence, body: B, bytes: number, settled: readonly KeptSubscription[], wantedBy: number): void {
    this.#count(bytes)
    this.messages.add(sequence, body, wantedBy)
    this.#lastSequence = sequence
    for (const subscription of settled) settle(subscription, bytes)
  }

  /** It wants nothing of what was there until now. */
  settleAll(subscription: KeptSubscription): void {
    subscription.settledMessages = this.#addedMessages
    subscription.settledBytes = this.#addedBytes
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
    const progress = this.progressOf(key)
    return progress !== undefined && !progress.has(sequence) && this.messages.bytesOf(sequence) !== undefined
  }

  progressOf(key: string): SubscriptionProgress | undefined {
    return this.#subscriptions.get(key)?.progress
  }

  #count(bytes: number): void {
    this.#addedMessages++
    this.#addedBytes += bytes
  }

  /** What it has between `after` and `sequence` is settled already. */
  #settle(subscription: KeptSubscription, after: Sequence, sequence: Sequence, bytes: number): void {
    const { progress } = subscription
    const { mark } = progress
    progress.settle(after <= mark ? after : notTooFar(after, sequence), sequence)
    settle(subscription, bytes)
    this.#watch.moved?.(subscription, mark)
    this.#wantedLess(sequence)
  }

  #wantedLess(sequence: Sequence): void {
    if (this.messages.wantedLess(sequence) === 0) this.#drop(sequence)
  }

  #drop(sequence: Sequence): void {
    const bytes = this.messages.remove(sequence)
    if (bytes !== undefined) this.#watch.dropped(sequence, bytes)
  }
}

function settle(subscription: KeptSubscription, bytes: number): void {
  subscription.settledMessages++
  subscription.settledBytes += bytes
}
