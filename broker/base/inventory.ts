// Things of one kind in the order in which they came, so that they can be looked through page by page while others come and
// go: whoever stays is seen once, because a thing's number never changes and is never used again.
//
// A page costs its own length and a binary search, and at most once as many holes as there are things.

export interface InventoryPage<T> {
  readonly items: readonly T[]
  /** What to ask for the next page with; null when this was the last one. */
  readonly next: number | null
}

interface Slot<T> {
  readonly number: number
  /** undefined: it has gone. */
  item: T | undefined
}

/** Fewer slots are not worth being moved together. */
const smallestCompaction = 64

export class Inventory<T> {
  #slots: Slot<T>[] = []
  readonly #numbers = new Map<T, number>()
  #lastNumber = 0

  get size(): number {
    return this.#numbers.size
  }

  /** Ignores what is in it already. */
  add(item: T): void {
    if (this.#numbers.has(item)) return
    const number = ++this.#lastNumber
    this.#numbers.set(item, number)
    this.#slots.push({ number, item })
  }

  /** Ignores what is not in it. */
  remove(item: T): void {
    const number = this.#numbers.get(item)
    if (number === undefined) return
    this.#numbers.delete(item)
    this.#slots[this.#firstAfter(number - 1)]!.item = undefined
    if (this.#slots.length >= smallestCompaction && this.size < this.#slots.length / 2)
      this.#slots = this.#slots.filter((slot) => slot.item !== undefined)
  }

  /** Up to `limit` (at least 1) that came after the one with number `after`; 0 = from the first. */
  page(after: number, limit: number): InventoryPage<T> {
    const items: T[] = []
    let last = after
    for (let index = this.#firstAfter(after); index < this.#slots.length; index++) {
      const { number, item } = this.#slots[index]!
      if (item === undefined) continue
      if (items.length === limit) return { items, next: last }
      items.push(item)
      last = number
    }
    return { items, next: null }
  }

  #firstAfter(number: number): number {
    let low = 0
    let high = this.#slots.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#slots[middle]!.number <= number) low = middle + 1
      else high = middle
    }
    return low
  }
}
