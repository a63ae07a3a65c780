// The last sequence of each producer (producer-table.ts), by what the tables call it (stored-texts.ts).
import type { Sequence } from '../held-message.ts'
import { storeLimits } from '../limits.ts'
import { ProducerTable } from '../producer-table.ts'
import type { BatchWriter } from './batch-writer.ts'
import type { ProducerRow } from './store-tables.ts'
import { storedProducerId } from './stored-texts.ts'

export class StoredProducers {
  readonly #writer: BatchWriter
  readonly #table: ProducerTable

  constructor(writer: BatchWriter, limit: number = storeLimits.producers) {
    this.#writer = writer
    this.#table = new ProducerTable(limit)
  }

  get(producerId: string): number | undefined {
    return this.#table.get(storedProducerId(producerId))
  }

  /** `id`: the sequence of its message. */
  set(producerId: string, producerSequenceId: number, id: Sequence): void {
    // Nobody's (region/region-context.ts: repeatingProducer).
    if (producerId === '') return
    const stored = storedProducerId(producerId)
    const { batch } = this.#writer
    this.#forget(this.#table.set(stored, producerSequenceId))
    batch.setProducer({ producerId: stored, producerSequenceId: this.#table.get(stored)!, id })
  }

  recover(rows: readonly ProducerRow[]): void {
    for (const { producerId, producerSequenceId } of rows.toSorted((a, b) => a.id - b.id))
      this.#forget(this.#table.set(producerId, producerSequenceId))
  }

  /** Another broker has written since: what it stored says more. */
  replace(known: readonly ProducerRow[], newest: readonly ProducerRow[]): void {
    const { batch } = this.#writer
    for (const { producerId } of known) batch.forgetProducer(producerId)
    this.recover(newest)
    for (const row of newest) batch.setProducer(row)
  }

  #forget(producerId: string | undefined): void {
    if (producerId !== undefined) this.#writer.batch.forgetProducer(producerId)
  }
}
