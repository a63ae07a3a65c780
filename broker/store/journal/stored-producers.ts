// The producers of a journal (producer-table.ts): each snapshot has them all.
import { storeLimits } from '../limits.ts'
import { ProducerTable } from '../producer-table.ts'
import { SnapshotLists } from './snapshot-lists.ts'
import { decodeProducerList } from './store-records.ts'

export class StoredProducers {
  readonly lists = new SnapshotLists()
  readonly #table = new ProducerTable(storeLimits.producers)

  get(producerId: string): number | undefined {
    return this.#table.get(producerId)
  }

  set(producerId: string, sequence: number): void {
    if (this.lists.areUnread) this.read()
    this.#table.set(producerId, sequence)
  }

  entries(): Iterable<readonly [producerId: string, sequence: number]> {
    return this.#table.entries()
  }

  /** What stands in the newest snapshot. */
  read(): void {
    const unread = this.lists.take()
    if (!unread) return
    this.#table.clear()
    for (const list of unread) decodeProducerList(list, (id, sequence) => this.#table.set(id, sequence))
  }

  clear(): void {
    this.lists.take()
    this.#table.clear()
  }
}
