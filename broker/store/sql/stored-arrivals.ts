// What came over bridges of other brokers: the last messages of those that are in the store, or were consumed here. Told to the next
// active, so that it knows what such a broker sends again; one that has left over a bridge is not among them.
import type { AddedMessage, MessageHolder, Sequence } from '../held-message.ts'
import { storeLimits } from '../limits.ts'
import type { RecoveredArrival } from '../message-store.ts'
import type { BatchWriter } from './batch-writer.ts'
import type { Container } from './store-tables.ts'

export class StoredArrivals {
  readonly #writer: BatchWriter
  readonly #limit: number
  /** The oldest first; the name with the kind in front. */
  readonly #arrivals = new Map<Sequence, string>()

  constructor(writer: BatchWriter, limit: number = storeLimits.arrivals) {
    this.#writer = writer
    this.#limit = limit
  }

  add(row: Container, { holder, arrival, producerSequenceId }: AddedMessage, sequence: Sequence): void {
    // What no column takes is forgotten: its repetition will be another message.
    if (arrival === undefined || !isStorable(arrival)) return
    this.#writer.batch.addArrival({ ...row, id: sequence, producerId: arrival, producerSequenceId })
    this.#put(holder, sequence)
  }

  /** It may come back. */
  left(sequence: Sequence): void {
    if (this.#arrivals.delete(sequence)) this.#writer.batch.removeArrival(sequence)
  }

  /** A queue that is gone has none. */
  forget(holder: MessageHolder): void {
    const text = textOf(holder)
    for (const [sequence, one] of this.#arrivals) if (one === text) this.left(sequence)
  }

  /** The oldest first. Returns those that still count. */
  recover(all: readonly RecoveredArrival[], isKnown: (holder: MessageHolder) => boolean): readonly RecoveredArrival[] {
    const known = all.filter(({ holder, sequence }) => {
      if (isKnown(holder)) return true
      this.#writer.batch.removeArrival(sequence)
      return false
    })
    for (const { holder, sequence } of known) this.#put(holder, sequence)
    return known.filter(({ sequence }) => this.#arrivals.has(sequence))
  }

  #put(holder: MessageHolder, sequence: Sequence): void {
    const oldest = this.#arrivals.size >= this.#limit ? this.#arrivals.keys().next().value : undefined
    if (oldest !== undefined) this.left(oldest)
    this.#arrivals.set(sequence, textOf(holder))
  }
}

const textOf = ({ kind, name }: MessageHolder): string => `${kind}:${name}`

const isStorable = (id: string): boolean => id.isWellFormed() && !id.includes('\u0000')
