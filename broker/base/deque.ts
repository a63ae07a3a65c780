// A double-ended queue over a ring of slots: both ends in constant time, no holes, no shifting of arrays.

const firstCapacity = 16

export class Deque<T> {
  #slots: (T | undefined)[] = Array.from({ length: firstCapacity })
  #head = 0
  #length = 0

  get length(): number {
    return this.#length
  }

  first(): T | undefined {
    return this.#slots[this.#head]
  }

  last(): T | undefined {
    return this.at(this.#length - 1)
  }

  at(index: number): T | undefined {
    if (index < 0 || index >= this.#length) return undefined
    return this.#slots[(this.#head + index) & (this.#slots.length - 1)]
  }

  push(item: T): void {
    if (this.#length === this.#slots.length) this.#resize(this.#slots.length * 2)
    this.#slots[(this.#head + this.#length++) & (this.#slots.length - 1)] = item
  }

  unshift(item: T): void {
    if (this.#length === this.#slots.length) this.#resize(this.#slots.length * 2)
    this.#head = (this.#head - 1) & (this.#slots.length - 1)
    this.#slots[this.#head] = item
    this.#length++
  }

  shift(): T | undefined {
    if (this.#length === 0) return undefined
    const item = this.#slots[this.#head]
    this.#slots[this.#head] = undefined
    this.#head = (this.#head + 1) & (this.#slots.length - 1)
    this.#length--
    this.#shrink()
    return item
  }

  /** Takes one item out of the middle; costs as many moves as there are items before it. */
  removeAt(index: number): T | undefined {
    const item = this.at(index)
    if (item === undefined) return undefined
    const mask = this.#slots.length - 1
    for (let i = index; i > 0; i--) this.#slots[(this.#head + i) & mask] = this.#slots[(this.#head + i - 1) & mask]
    this.shift()
    return item
  }

  clear(): void {
    this.#slots = Array.from({ length: firstCapacity })
    this.#head = 0
    this.#length = 0
  }

  *[Symbol.iterator](): IterableIterator<T> {
    for (let i = 0; i < this.#length; i++) yield this.at(i)!
  }

  // A burst must not pin its memory for ever.
  #shrink(): void {
    if (this.#slots.length > 1024 && this.#length < this.#slots.length / 8) this.#resize(this.#slots.length / 4)
  }

  #resize(capacity: number): void {
    const slots: (T | undefined)[] = Array.from({ length: capacity })
    for (let i = 0; i < this.#length; i++) slots[i] = this.#slots[(this.#head + i) & (this.#slots.length - 1)]
    this.#slots = slots
    this.#head = 0
  }
}
