// Messages of one queue that are on their way to it: behind the syncs of the store, and behind the writes of the temp store. While
// some come by both ways, they arrive in the order in which they were sent.
import { ArrivalOrder, type Way } from './arrival-order.ts'

export class Arrivals {
  /** Stored messages. */
  #expected = 0
  /** null while nothing comes through the temp store. */
  #order: ArrivalOrder | null = null

  get none(): boolean {
    return this.#expected === 0 && this.#order === null
  }

  get size(): number {
    return this.#order === null ? this.#expected : this.#order.size
  }

  /** What comes has to be put in order. */
  get ordered(): boolean {
    return this.#order !== null
  }

  expectStored(): void {
    this.#expected++
    this.#order?.expect('store')
  }

  expectSpilled(): void {
    if (!this.#order) {
      this.#order = new ArrivalOrder()
      for (let i = 0; i < this.#expected; i++) this.#order.expect('store')
    }
    this.#order.expect('temp')
  }

  /** A stored message is there, in order or not. */
  storedCame(): void {
    this.#expected--
  }

  /** While `ordered`: runs `arrive` when all before it have arrived. True when nothing has to be put in order any more. */
  arrived(way: Way, arrive: () => void): boolean {
    const order = this.#order!
    order.arrived(way, arrive)
    if (!order.isEmpty || this.#order !== order) return false
    this.#order = null
    return true
  }
}
