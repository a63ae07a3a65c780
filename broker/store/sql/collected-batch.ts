// What the next transaction of the database will write. What comes later takes the place of what came before: a message that is added
// and removed in one batch is not in it, and of what has a state (progress, producers) only the last one is.
import type { AddedMessage, Sequence } from '../held-message.ts'
import type { KeptSubscription } from '../kept-topic.ts'
import { encodeAckedRanges, type AckedRange } from './acked-ranges.ts'
import { blobOf } from './blob-form.ts'
import { storedProducerId } from './stored-texts.ts'
import type {
  ArrivalRow,
  Container,
  MessageRow,
  ProducerRow,
  ProgressRow,
  SubscriptionKey,
  SubscriptionRow,
  WriteBatch,
} from './store-tables.ts'

export type SubscribedKey = SubscriptionKey & { readonly subscribedDestination: string }

/** A row, and whose it is. */
export interface StoredSubscription {
  readonly row: SubscribedKey
  readonly kept: KeptSubscription
}

export class CollectedBatch {
  readonly callbacks: (() => void)[] = []
  /** Of the messages in it. */
  bytes = 0
  readonly #added = new Map<Sequence, { readonly container: Container; message: AddedMessage }>()
  readonly #updated = new Map<Sequence, Buffer>()
  readonly #removed = new Set<Sequence>()
  readonly #addedQueues = new Map<string, Container>()
  readonly #removedQueues = new Map<string, Container>()
  readonly #addedSubscriptions = new Set<StoredSubscription>()
  readonly #removedSubscriptions = new Map<string, SubscriptionKey>()
  readonly #moved = new Set<StoredSubscription>()
  readonly #producers = new Map<string, ProducerRow>()
  readonly #forgotten = new Set<string>()
  readonly #addedArrivals = new Map<Sequence, ArrivalRow>()
  readonly #removedArrivals = new Set<Sequence>()

  get rows(): number {
    return (
      this.#added.size +
      this.#updated.size +
      this.#removed.size +
      this.#addedQueues.size +
      this.#removedQueues.size +
      this.#addedSubscriptions.size +
      this.#removedSubscriptions.size +
      this.#moved.size +
      this.#producers.size +
      this.#forgotten.size +
      this.#addedArrivals.size +
      this.#removedArrivals.size
    )
  }

  addMessage(container: Container, message: AddedMessage, sequence: Sequence): void {
    this.#added.set(sequence, { container, message })
    this.bytes += message.bytes.length
  }

  updateMessage(message: AddedMessage, sequence: Sequence): void {
    const added = this.#added.get(sequence)
    const before = added ? added.message.bytes : this.#updated.get(sequence)
    this.bytes += message.bytes.length - (before?.length ?? 0)
    if (added) added.message = { ...added.message, bytes: message.bytes }
    else this.#updated.set(sequence, message.bytes)
  }

  removeMessage(sequence: Sequence): void {
    const added = this.#added.get(sequence)
    this.bytes -= (added?.message.bytes ?? this.#updated.get(sequence))?.length ?? 0
    this.#updated.delete(sequence)
    if (added) this.#added.delete(sequence)
    else this.#removed.add(sequence)
  }

  hasUpdate(sequence: Sequence): boolean {
    return this.#updated.has(sequence)
  }

  addQueue(row: Container): void {
    const key = keyOf(row)
    if (!this.#removedQueues.delete(key)) this.#addedQueues.set(key, row)
  }

  removeQueue(row: Container): void {
    const key = keyOf(row)
    if (!this.#addedQueues.delete(key)) this.#removedQueues.set(key, row)
  }

  /** Whether its row is to be removed, so that it cannot be added in the same batch. */
  removesSubscription(row: SubscriptionKey): boolean {
    return this.#removedSubscriptions.has(subscriptionKeyText(row))
  }

  addSubscription(subscription: StoredSubscription): void {
    this.#addedSubscriptions.add(subscription)
  }

  removeSubscription(subscription: StoredSubscription): void {
    this.#moved.delete(subscription)
    if (this.#addedSubscriptions.delete(subscription)) return
    const { container, priority, clientId, name } = subscription.row
    const row = { container, priority, clientId, name }
    this.#removedSubscriptions.set(subscriptionKeyText(row), row)
  }

  move(subscription: StoredSubscription): void {
    // What is added is written as it is when the batch is.
    if (!this.#addedSubscriptions.has(subscription)) this.#moved.add(subscription)
  }

  setProducer(row: ProducerRow): void {
    this.#forgotten.delete(row.producerId)
    this.#producers.set(row.producerId, row)
  }

  forgetProducer(producerId: string): void {
    this.#producers.delete(producerId)
    this.#forgotten.add(producerId)
  }

  addArrival(row: ArrivalRow): void {
    this.#addedArrivals.set(row.id, row)
  }

  removeArrival(sequence: Sequence): void {
    if (!this.#addedArrivals.delete(sequence)) this.#removedArrivals.add(sequence)
  }

  /** As things are at this moment. */
  build(lastId: Sequence): WriteBatch {
    return {
      lastId,
      addedMessages: [...this.#added].map(messageRow),
      updatedMessages: [...this.#updated].map(([id, bytes]) => ({ id, blob: blobOf(bytes) })),
      removedMessages: [...this.#removed],
      addedQueues: [...this.#addedQueues.values()],
      removedQueues: [...this.#removedQueues.values()],
      addedSubscriptions: [...this.#addedSubscriptions].map(subscriptionRow),
      removedSubscriptions: [...this.#removedSubscriptions.values()],
      progress: [...this.#moved].map(progressRow),
      producers: [...this.#producers.values()],
      forgottenProducers: [...this.#forgotten],
      addedArrivals: [...this.#addedArrivals.values()],
      removedArrivals: [...this.#removedArrivals],
    }
  }
}

const keyOf = ({ container, priority }: Container): string => `${priority} ${container}`

const subscriptionKeyText = ({ clientId, name, ...container }: SubscriptionKey): string =>
  `${clientId.length}:${clientId}${name.length}:${name}${keyOf(container)}`

const messageRow = ([id, { container, message }]: [
  Sequence,
  { readonly container: Container; readonly message: AddedMessage },
]): MessageRow => ({
  ...container,
  id,
  producerId: storedProducerId(message.arrival ?? message.producerId),
  producerSequenceId: message.producerSequenceId,
  expiration: message.expiration ?? 0,
  blob: blobOf(message.bytes),
})

const subscriptionRow = ({ row, kept }: StoredSubscription): SubscriptionRow => ({
  ...row,
  selector: kept.terms.selector,
  noLocal: kept.terms.noLocalUnknown ? null : kept.terms.noLocal,
  ...progressOf(kept),
})

function progressRow({ row: { container, priority, clientId, name }, kept }: StoredSubscription): ProgressRow {
  return { container, priority, clientId, name, ...progressOf(kept) }
}

function progressOf({ progress }: KeptSubscription): Pick<ProgressRow, 'lastAckedId' | 'acked'> {
  const ranges: AckedRange[] = []
  progress.visitAbove((after, upTo) => ranges.push({ after, upTo }))
  return { lastAckedId: progress.mark, acked: encodeAckedRanges(ranges) }
}
