// Messages of one queue that are on their way to it by way of two stores, the store and the temp store: each of them brings
// its own in order, but not in the order of both together. Here they wait for those that were sent before them.
import { Deque } from '../../base/deque.ts'

export type Way = 'store' | 'temp'

interface Expected {
  /** Set when it is there. */
  arrive: (() => void) | null
}

export class ArrivalOrder {
  readonly #all = new Deque<Expected>()
  readonly #expected: Record<Way, Deque<Expected>> = { store: new Deque(), temp: new Deque() }

  get size(): number {
    return this.#all.length
  }

  get isEmpty(): boolean {
    return this.#all.length === 0
  }

  /** The next one was sent, by this way. */
  expect(way: Way): void {
    const expected: Expected = { arrive: null }
    this.#all.push(expected)
    this.#expected[way].push(expected)
  }

  /** The first of those expected by this way is there: runs `arrive` when all before it have arrived. */
  arrived(way: Way, arrive: () => void): void {
    this.#expected[way].shift()!.arrive = arrive
    for (let first = this.#all.first(); first?.arrive; first = this.#all.first()) {
      this.#all.shift()
      first.arrive()
    }
  }
}
