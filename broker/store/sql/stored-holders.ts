// The queues and topics of the store: the index of their messages, and what of each change is to be written. What is changed is put into
// the batch that is being collected; whoever calls sees to it that one call's changes are in one batch.
import { RefusalError } from '../../base/errors.ts'
import type { CountedRoom } from '../counted-room.ts'
import type {
  AddedMessage,
  MessageHolder,
  MessageOwner,
  QueueHolder,
  Sequence,
  SubscriptionHolder,
  SubscriptionTerms,
  TopicHolder,
} from '../held-message.ts'
import { storeLimits } from '../limits.ts'
import type { RecoveredSubscription } from '../message-store.ts'
import type { SubscriptionProgress } from '../subscription-progress.ts'
import type { BatchWriter } from './batch-writer.ts'
import type { SubscribedKey } from './collected-batch.ts'
import { containerOf, isMarkerContainer, subscriptionKeyOf, type IsPrioritized } from './containers.ts'
import { sqlStoreLimits } from './limits.ts'
import { SizeIndex } from './size-index.ts'
import { StoredTopic } from './stored-topic.ts'
import type { Container } from './store-tables.ts'
import { problemOfHolder, problemOfSelector, problemOfSubscription } from './stored-texts.ts'

export interface StoredQueue {
  readonly index: SizeIndex
  /** Where its messages are written. */
  readonly row: Container
  /** Those that make it known; of one that went by priority before there may be several. */
  readonly rows: Container[]
}

export interface StoredHoldersOptions {
  readonly writer: BatchWriter
  readonly room: () => CountedRoom
  readonly isPrioritized: IsPrioritized
}

export class StoredHolders {
  readonly queues = new Map<string, StoredQueue>()
  /** Those that have subscriptions. */
  readonly topics = new Map<string, StoredTopic>()
  readonly #options: StoredHoldersOptions
  /** Subscriptions to several topics, by client and name: what they subscribed to. */
  readonly #markers = new Map<string, string>()
  #subscriptions = 0

  constructor(options: StoredHoldersOptions) {
    this.#options = options
  }

  /** Makes a queue known. Throws RefusalError. */
  addQueue(name: string): StoredQueue {
    const known = this.queues.get(name)
    if (known) return known
    const holder: QueueHolder = { kind: 'queue', name }
    refuse('INVALID_DESTINATION', 'queue', problemOfHolder(holder))
    return this.#newQueue(holder)
  }

  /** False when there is none. */
  removeQueue(name: string): boolean {
    const queue = this.queues.get(name)
    if (!queue) return false
    const { writer, room } = this.#options
    this.queues.delete(name)
    const { index } = queue
    for (const [count, sequence] of index.sequencesAfter(0).entries()) {
      if (count > 0 && count % sqlStoreLimits.removedAtOnce === 0) writer.seal()
      writer.batch.removeMessage(sequence)
    }
    for (const row of queue.rows) writer.batch.removeQueue(row)
    room().giveBack(index.messages, index.bytes)
    return true
  }

  /** Throws RefusalError. */
  addSubscription(holder: SubscriptionHolder, terms: SubscriptionTerms, lastSequence: Sequence): void {
    const { writer, isPrioritized } = this.#options
    const known = this.topics.get(holder.topic)
    if (known?.has(holder)) return
    this.#checkSubscription(holder, terms, known?.subscriptions ?? 0)
    const client = clientKey(holder)
    const row = subscriptionKeyOf(holder, isPrioritized, this.#markers.get(client))
    // Its row is removed by then.
    if (writer.batch.removesSubscription(row)) writer.seal()
    const topic = known ?? this.#addTopic(holder.topic)
    topic.addSubscription(holder, terms, row, lastSequence)
    this.#noteMarker(holder)
    this.#subscriptions++
  }

  removeSubscription(holder: SubscriptionHolder): void {
    const topic = this.topics.get(holder.topic)
    if (!topic?.has(holder)) return
    topic.removeSubscription(holder)
    if (topic.subscriptions === 0) this.topics.delete(holder.topic)
    if (this.#markers.get(clientKey(holder)) === this.rowOf({ kind: 'topic', name: holder.topic }).container)
      this.#markers.delete(clientKey(holder))
    this.#subscriptions--
  }

  /** Whether a message for this holder is kept at all: not by a topic without subscriptions. Throws RefusalError. */
  keeps({ kind, name }: MessageHolder): boolean {
    if (kind === 'topic') return this.topics.has(name)
    if (!this.queues.has(name)) refuse('INVALID_DESTINATION', 'queue', problemOfHolder({ kind, name }))
    return true
  }

  /** Its bytes are counted already; false when nobody is there for it any more. */
  place(message: AddedMessage, sequence: Sequence): boolean {
    const { holder, bytes } = message
    const { writer, room } = this.#options
    if (holder.kind === 'queue') {
      const queue = this.addQueue(holder.name)
      queue.index.add(sequence, bytes.length)
      writer.batch.addMessage(queue.row, message, sequence)
      return true
    }
    const topic = this.topics.get(holder.name)
    if (topic) topic.add(message, sequence)
    else room().giveBack(1, bytes.length)
    return topic !== undefined
  }

  /** Whether there was such a message of a queue. */
  update(message: AddedMessage, sequence: Sequence): boolean {
    const { writer, room } = this.#options
    const before = this.queues.get(message.holder.name)?.index.update(sequence, message.bytes.length)
    if (before === undefined) return false
    room().take(message.bytes.length)
    room().giveBack(1, before)
    writer.batch.updateMessage(message, sequence)
    return true
  }

  /** Whether there was such a message of a queue; subscriptions are no business of those who ask. */
  remove(owner: MessageOwner, sequence: Sequence): boolean {
    if (owner.kind === 'subscription') {
      this.topics.get(owner.topic)?.kept.acknowledge(owner, sequence)
      return false
    }
    const { writer, room } = this.#options
    const bytes = this.queues.get(owner.name)?.index.remove(sequence)
    if (bytes === undefined) return false
    room().giveBack(1, bytes)
    writer.batch.removeMessage(sequence)
    return true
  }

  indexOf({ kind, name }: MessageHolder): SizeIndex | undefined {
    return (kind === 'queue' ? this.queues : this.topics).get(name)?.index
  }

  /** What an owner wants, as SizeIndex.page. */
  page(
    owner: MessageOwner | TopicHolder,
    after: Sequence,
    upTo: Sequence,
    maxMessages: number,
    maxBytes: number,
  ): Sequence[] {
    if (owner.kind === 'queue') return this.queues.get(owner.name)?.index.page(after, upTo, maxMessages, maxBytes) ?? []
    const topic = this.topics.get(owner.kind === 'topic' ? owner.name : owner.topic)
    return topic?.page(owner, after, upTo, maxMessages, maxBytes) ?? []
  }

  bytesOf(owner: MessageOwner | TopicHolder, sequence: Sequence): number | undefined {
    const holder: MessageHolder = owner.kind === 'subscription' ? { kind: 'topic', name: owner.topic } : owner
    return this.indexOf(holder)?.bytesOf(sequence)
  }

  count(): { messages: number; bytes: number } {
    const all = { messages: 0, bytes: 0 }
    for (const { index } of [...this.queues.values(), ...this.topics.values()]) {
      all.messages += index.messages
      all.bytes += index.bytes
    }
    return all
  }

  rowOf(holder: MessageHolder): Container {
    return containerOf(holder, this.#options.isPrioritized)
  }

  #newQueue(holder: QueueHolder): StoredQueue {
    const row = this.rowOf(holder)
    const queue = { index: new SizeIndex(), row, rows: [row] }
    this.queues.set(holder.name, queue)
    this.#options.writer.batch.addQueue(row)
    return queue
  }

  /** One without subscriptions yet. */
  #addTopic(name: string): StoredTopic {
    const { writer, room } = this.#options
    const row = this.rowOf({ kind: 'topic', name })
    const topic = new StoredTopic(row, { writer, dropped: (bytes) => room().giveBack(1, bytes) })
    this.topics.set(name, topic)
    return topic
  }

  recoverQueue(name: string, row: Container): void {
    const queue = this.queues.get(name)
    if (queue) queue.rows.push(row)
    else this.queues.set(name, { index: new SizeIndex(), row: this.rowOf({ kind: 'queue', name }), rows: [row] })
  }

  recoverSubscription(
    holder: SubscriptionHolder,
    terms: SubscriptionTerms,
    rows: readonly SubscribedKey[],
    progress: SubscriptionProgress,
  ): void {
    const topic = this.topics.get(holder.topic) ?? this.#addTopic(holder.topic)
    topic.recoverSubscription(holder, terms, rows, progress)
    this.#noteMarker(holder)
    this.#subscriptions++
  }

  /** After all subscriptions, in order. False when it is kept for nobody: then it is removed. */
  recoverMessage(holder: MessageHolder, sequence: Sequence, bytes: number): boolean {
    if (holder.kind === 'queue') {
      const queue = this.queues.get(holder.name) ?? this.#newQueue(holder)
      queue.index.add(sequence, bytes)
      return true
    }
    const topic = this.topics.get(holder.name)
    if (topic) return topic.recover(sequence, bytes)
    this.#options.writer.batch.removeMessage(sequence)
    return false
  }

  endRecovery(): void {
    for (const topic of this.topics.values()) topic.endRecovery()
  }

  recoveredSubscriptions(): RecoveredSubscription[] {
    return [...this.topics.values()].flatMap(({ kept }) =>
      [...kept.subscriptions.values()].map(({ holder, terms }) => {
        const { topic, clientId, name } = holder
        return { topic, clientId, name, ...terms, ...kept.backlog(holder) }
      }),
    )
  }

  #noteMarker(holder: SubscriptionHolder): void {
    const { container } = this.rowOf({ kind: 'topic', name: holder.topic })
    if (isMarkerContainer(container)) this.#markers.set(clientKey(holder), container)
  }

  #checkSubscription(holder: SubscriptionHolder, { selector }: SubscriptionTerms, ofTopic: number): void {
    refuse('INVALID_REQUEST', 'subscription', problemOfSubscription(holder))
    if (selector !== null) refuse('INVALID_SELECTOR', 'subscription', problemOfSelector(selector))
    checkLimit('selectorBytes', Buffer.byteLength(selector ?? '') <= storeLimits.selectorBytes)
    checkLimit('subscriptionsPerTopic', ofTopic < storeLimits.subscriptionsPerTopic)
    checkLimit('subscriptions', this.#subscriptions < storeLimits.subscriptions)
  }
}

const clientKey = ({ clientId, name }: SubscriptionHolder): string => `${clientId.length}:${clientId}${name}`

function refuse(
  code: 'INVALID_DESTINATION' | 'INVALID_REQUEST' | 'INVALID_SELECTOR',
  what: string,
  problem?: string,
): void {
  if (problem !== undefined) throw new RefusalError(code, `Cannot store ${what}: ${problem}`)
}

function checkLimit(limit: 'selectorBytes' | 'subscriptionsPerTopic' | 'subscriptions', isMet: boolean): void {
  if (isMet) return
  const reason = `Cannot store subscription: it is more than the store takes (limit ${limit} ${storeLimits[limit]})`
  throw new RefusalError('RESOURCE_LIMIT', reason, { fields: { limit } })
}
