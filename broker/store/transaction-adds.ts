// The messages that open transactions add, in columns instead of objects: ten million of them pass by in the recovery of a
// common backlog, and somebody waits for it.

/** Queue, ordinal, segment, position/8, bodyLength, headLength. */
const columns = 6
const smallestRoom = 16
/** Room that is kept for the next transaction when one ends. */
const mostSpareRoom = 65_536

export class TransactionAdds {
  length = 0
  #numbers = new Uint32Array(columns * smallestRoom)

  add(queue: number, ordinal: number, segment: number, position: number, bodyLength: number, headLength: number): void {
    const at = this.length * columns
    if (at === this.#numbers.length) this.#grow()
    const numbers = this.#numbers
    numbers[at] = queue
    numbers[at + 1] = ordinal
    numbers[at + 2] = segment
    numbers[at + 3] = position / 8
    numbers[at + 4] = bodyLength
    numbers[at + 5] = headLength
    this.length++
  }

  queue(index: number): number {
    return this.#numbers[index * columns]!
  }

  ordinal(index: number): number {
    return this.#numbers[index * columns + 1]!
  }

  segment(index: number): number {
    return this.#numbers[index * columns + 2]!
  }

  position(index: number): number {
    return this.#numbers[index * columns + 3]! * 8
  }

  bodyLength(index: number): number {
    return this.#numbers[index * columns + 4]!
  }

  headLength(index: number): number {
    return this.#numbers[index * columns + 5]!
  }

  includesQueue(queue: number): boolean {
    for (let index = 0; index < this.length; index++) if (this.queue(index) === queue) return true
    return false
  }

  /** Whether it is worth keeping for another transaction. */
  get isReusable(): boolean {
    return this.#numbers.length <= columns * mostSpareRoom
  }

  clear(): void {
    this.length = 0
  }

  #grow(): void {
    const larger = new Uint32Array(this.#numbers.length * 2)
    larger.set(this.#numbers)
    this.#numbers = larger
  }
}
