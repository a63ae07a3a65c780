// A topic whose messages are in the database: the index of them, how far its subscriptions have come, and what of it is to be written.
//
// One row stays although nobody wants it: that of the last message of a topic, while a subscription's mark is below it. ActiveMQ goes
// on counting from the largest ID and LAST_ACKED_ID that there is (JDBCPersistenceAdapter.getLastMessageBrokerSequenceId), and must
// not use a sequence again that a subscription has acknowledged above its mark: its message would be taken for acknowledged. The row
// is removed when a later one of the topic is there, or when all marks have passed it.
import type { AddedMessage, MessageOwner, Sequence, SubscriptionHolder, SubscriptionTerms } from '../held-message.ts'
import { KeptTopic, type KeptSubscription } from '../kept-topic.ts'
import { SubscriptionProgress } from '../subscription-progress.ts'
import type { BatchWriter } from './batch-writer.ts'
import type { StoredSubscription, SubscribedKey } from './collected-batch.ts'
import { SizeIndex } from './size-index.ts'
import type { Container } from './store-tables.ts'

export interface TopicParts {
  readonly writer: BatchWriter
  /** A message has left the index. */
  readonly dropped: (bytes: number) => void
}

export class StoredTopic {
  readonly index = new SizeIndex()
  readonly #container: Container
  readonly #parts: TopicParts
  readonly #kept: KeptTopic<SizeIndex, number>
  /** The rows of each subscription: one, but for those from when the topic went by priority. */
  readonly #rows = new Map<string, readonly StoredSubscription[]>()
  /** The message that nobody wants and whose row stays; 0 when there is none. */
  #staying: Sequence = 0
  /** How many marks are below it. */
  #behind = 0
  /** In recovery: by mark, and how many of them were passed. */
  #ascending: KeptSubscription[] | undefined
  #passed = 0
  #passedWithRanges: KeptSubscription[] = []

  constructor(container: Container, parts: TopicParts) {
    this.#container = container
    this.#parts = parts
    this.#kept = new KeptTopic(this.index, {
      dropped: (sequence, bytes) => this.#dropped(sequence, bytes),
      moved: (subscription, markBefore) => this.#moved(subscription, markBefore),
    })
  }

  get subscriptions(): number {
    return this.#rows.size
  }

  has({ key }: SubscriptionHolder): boolean {
    return this.#rows.has(key)
  }

  get kept(): Omit<KeptTopic<SizeIndex, number>, 'add' | 'addSubscription' | 'removeSubscription'> {
    return this.#kept
  }

  addSubscription(
    holder: SubscriptionHolder,
    terms: SubscriptionTerms,
    row: SubscribedKey,
    lastSequence: Sequence,
  ): void {
    const [stored] = this.#place(holder, terms, [row], new SubscriptionProgress(lastSequence))
    this.#parts.writer.batch.addSubscription(stored!)
  }

  removeSubscription(holder: SubscriptionHolder): void {
    const rows = this.#rows.get(holder.key)
    const mark = this.#kept.progressOf(holder.key)?.mark
    if (!rows || mark === undefined) return
    this.#rows.delete(holder.key)
    if (mark < this.#staying) this.#fewerBehind()
    this.#kept.removeSubscription(holder)
    for (const stored of rows) this.#parts.writer.batch.removeSubscription(stored)
  }

  add(message: AddedMessage, sequence: Sequence): void {
    const { batch } = this.#parts.writer
    if (this.#staying > 0) batch.removeMessage(this.#takeStaying())
    batch.addMessage(this.#container, message, sequence)
    const { length } = message.bytes
    this.#kept.add(sequence, length, length, message.notFor ?? [])
  }

  /** One that was stored; in several rows when the topic went by priority before. */
  recoverSubscription(
    holder: SubscriptionHolder,
    terms: SubscriptionTerms,
    rows: readonly SubscribedKey[],
    progress: SubscriptionProgress,
  ): void {
    this.#place(holder, terms, rows, progress)
  }

  /** A message that was stored, after all subscriptions, in order. False when nobody wants it. */
  recover(sequence: Sequence, bytes: number): boolean {
    const isWanted = this.#count(sequence, bytes)
    if (this.#staying > 0) this.#parts.writer.batch.removeMessage(this.#takeStaying())
    if (!isWanted) this.#settleRow(sequence)
    return isWanted
  }

  endRecovery(): void {
    for (const subscription of this.#byMark().slice(this.#passed)) this.#kept.settleAll(subscription)
    this.#ascending = undefined
    this.#passedWithRanges = []
  }

  /** What an owner wants of it, as SizeIndex.page. */
  page(
    owner: MessageOwner | { readonly kind: 'topic' },
    after: Sequence,
    upTo: Sequence,
    maxMessages: number,
    maxBytes: number,
  ): Sequence[] {
    if (owner.kind !== 'subscription') return this.index.page(after, upTo, maxMessages, maxBytes)
    const progress = this.#kept.progressOf(owner.key)
    if (!progress) return []
    const isLeftOut = (sequence: Sequence): boolean => progress.has(sequence)
    return this.index.page(Math.max(after, progress.mark), upTo, maxMessages, maxBytes, isLeftOut)
  }

  #place(
    holder: SubscriptionHolder,
    terms: SubscriptionTerms,
    rows: readonly SubscribedKey[],
    progress: SubscriptionProgress,
  ): readonly StoredSubscription[] {
    this.#kept.addSubscription(holder, terms, progress)
    const kept = this.#kept.subscriptions.get(holder.key)!
    const stored = rows.map((row) => ({ row, kept }))
    this.#rows.set(holder.key, stored)
    return stored
  }

  /** False when nobody wants it. */
  #count(sequence: Sequence, bytes: number): boolean {
    const ascending = this.#byMark()
    for (let next = ascending[this.#passed]; next && next.progress.mark < sequence; next = ascending[this.#passed]) {
      this.#kept.settleAll(next)
      this.#passed++
      if (!next.progress.above.isEmpty) this.#passedWithRanges.push(next)
    }
    const settled = this.#passedWithRanges.filter(({ progress }) => progress.has(sequence))
    const wantedBy = this.#passed - settled.length
    if (wantedBy === 0) return false
    this.#kept.recover(sequence, bytes, bytes, settled, wantedBy)
    return true
  }

  #byMark(): KeptSubscription[] {
    this.#ascending ??= [...this.#kept.subscriptions.values()].sort((a, b) => a.progress.mark - b.progress.mark)
    return this.#ascending
  }

  #moved(subscription: KeptSubscription, markBefore: Sequence): void {
    const { batch } = this.#parts.writer
    for (const stored of this.#rows.get(subscription.holder.key)!) batch.move(stored)
    if (markBefore < this.#staying && subscription.progress.mark >= this.#staying) this.#fewerBehind()
  }

  #dropped(sequence: Sequence, bytes: number): void {
    this.#parts.dropped(bytes)
    // What stays is behind it.
    if (this.#staying === 0 && sequence === this.#kept.lastSequence) this.#settleRow(sequence)
    else this.#parts.writer.batch.removeMessage(sequence)
  }

  /** Nobody wants the last message. */
  #settleRow(sequence: Sequence): void {
    let behind = 0
    for (const { progress } of this.#kept.subscriptions.values()) if (progress.mark < sequence) behind++
    this.#behind = behind
    if (behind > 0) this.#staying = sequence
    else this.#parts.writer.batch.removeMessage(sequence)
  }

  #fewerBehind(): void {
    if (--this.#behind === 0) this.#parts.writer.batch.removeMessage(this.#takeStaying())
  }

  #takeStaying(): Sequence {
    const staying = this.#staying
    this.#staying = 0
    return staying
  }
}
