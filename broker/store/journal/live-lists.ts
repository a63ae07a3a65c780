// Which records of older segments are still needed, as records `live` tell of them (store-records.ts): of each segment the newest
// list that is complete.
import type { Sequence } from '../held-message.ts'
import type { QueueState } from './queue-state.ts'
import type { SegmentUses } from './segment-uses.ts'
import { decodeLive } from './store-records.ts'

/** Parts received so far of a list that counts only as a whole. */
interface PartialList {
  received: number
  readonly positions: Set<number>
}

export class LiveLists {
  readonly #partial = new Map<number, PartialList>()
  readonly #complete = new Map<number, ReadonlySet<number>>()

  get isEmpty(): boolean {
    return this.#complete.size === 0
  }

  /** Returns the segment that it is about. */
  collect(meta: Buffer): number {
    const { segment, part, parts, positions } = decodeLive(meta)
    let list = this.#partial.get(segment)
    if (!list || part === 0) this.#partial.set(segment, (list = { received: 0, positions: new Set() }))
    if (part !== list.received) return segment
    list.received++
    for (const position of positions) list.positions.add(position)
    // Until it is complete, the list before it counts.
    if (list.received < parts) return segment
    this.#complete.set(segment, list.positions)
    this.#partial.delete(segment)
    return segment
  }

  /** Whether a list says that a record is not needed any more. */
  isStale(segment: number, position: number): boolean {
    return this.#complete.get(segment)?.has(position) === false
  }

  /** Takes out of the queues whatever is in segments that do not count, or is not needed there. */
  purge(queues: Iterable<QueueState>, counts: ReadonlySet<number>, uses: SegmentUses): void {
    for (const { index } of queues) {
      const stale: Sequence[] = []
      index.scan(0, ({ sequence, segment, position }) => {
        if (!counts.has(segment) || this.isStale(segment, position)) stale.push(sequence)
        return true
      })
      for (const sequence of stale) {
        const location = index.remove(sequence)
        if (location) uses.dropLive(location.segment, location.bodyLength)
      }
    }
  }

  clear(): void {
    this.#partial.clear()
    this.#complete.clear()
  }
}
