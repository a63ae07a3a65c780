// A set of sequences, such as a subscription has acknowledged out of order: four bytes for each run of neighbours, and never
// more than a bit for each sequence. Cheap to ask, and to add to at either end.
import type { Sequence } from './held-message.ts'

/** Sequences are divided into blocks of so many; within one, 16 bits say which. */
const blockSize = 65_536
const lastOffset = blockSize - 1
/** With more runs a block is kept as bits, which then take less. */
const mostRuns = blockSize / 32

export class SequenceSet {
  readonly #blocks = new Map<number, Block>()
  /** There is nothing in blocks before this one. */
  #first = 0

  get isEmpty(): boolean {
    return this.#blocks.size === 0
  }

  has(sequence: Sequence): boolean {
    const number = Math.floor(sequence / blockSize)
    return this.#blocks.get(number)?.has(sequence - number * blockSize) === true
  }

  /** Adds all that are behind `after`, up to `upTo`. */
  add(after: Sequence, upTo: Sequence): void {
    for (let first = after + 1; first <= upTo;) {
      const number = Math.floor(first / blockSize)
      const start = number * blockSize
      const last = Math.min(upTo, start + lastOffset)
      let block = this.#blocks.get(number)
      if (!block) {
        this.#blocks.set(number, (block = new Block()))
        this.#first = Math.min(this.#first, number)
      }
      block.add(first - start, last - start)
      first = last + 1
    }
  }

  /** The first of the neighbours that `sequence`, which it has, stands among. */
  startOf(sequence: Sequence): Sequence {
    let number = Math.floor(sequence / blockSize)
    let first = this.#blocks.get(number)!.startOf(sequence - number * blockSize)
    for (let block = this.#before(number, first); block; block = this.#before(number, first)) {
      number--
      first = block.startOf(lastOffset)
    }
    return number * blockSize + first
  }

  /** The last of the neighbours that `sequence`, which it has, stands among. */
  endOf(sequence: Sequence): Sequence {
    let number = Math.floor(sequence / blockSize)
    let last = this.#blocks.get(number)!.endOf(sequence - number * blockSize)
    for (let block = this.#behind(number, last); block; block = this.#behind(number, last)) {
      number++
      last = block.endOf(0)
    }
    return number * blockSize + last
  }

  /** Lets go of what it has up to there, as far as that gives memory back: it is not asked for them any more. */
  forgetUpTo(sequence: Sequence): void {
    const first = Math.floor((sequence + 1) / blockSize)
    if (first <= this.#first) return
    this.#first = first
    for (const number of this.#blocks.keys()) if (number < first) this.#blocks.delete(number)
  }

  /** Visits runs, ascending: all that are behind `after`, up to `upTo`. Neighbours may come in several. */
  visit(visit: (after: Sequence, upTo: Sequence) => void): void {
    const numbers = [...this.#blocks.keys()].sort((a, b) => a - b)
    for (const number of numbers) {
      const start = number * blockSize
      this.#blocks.get(number)!.visit((first, last) => visit(start + first - 1, start + last))
    }
  }

  /** The block in front, when neighbours that begin with `first` go on there. */
  #before(number: number, first: number): Block | undefined {
    const block = first === 0 ? this.#blocks.get(number - 1) : undefined
    return block?.has(lastOffset) ? block : undefined
  }

  #behind(number: number, last: number): Block | undefined {
    const block = last === lastOffset ? this.#blocks.get(number + 1) : undefined
    return block?.has(0) ? block : undefined
  }
}

class Block {
  /** First and last of each run, ascending; neighbouring runs are one. */
  #runs = new Uint16Array(8)
  #length = 0
  /** Instead of runs. */
  #bits: Uint32Array | null = null

  has(offset: number): boolean {
    if (this.#bits) return hasBit(this.#bits, offset)
    const at = this.#runEndingAtOrBehind(offset)
    return at < this.#length && this.#runs[at]! <= offset
  }

  add(first: number, last: number): void {
    if (this.#bits) return setBits(this.#bits, first, last)
    const start = this.#runEndingAtOrBehind(first - 1)
    let [from, to, end] = [first, last, start]
    for (; end < this.#length && this.#runs[end]! <= last + 1; end += 2) {
      from = Math.min(from, this.#runs[end]!)
      to = Math.max(to, this.#runs[end + 1]!)
    }
    this.#replace(start, end, from, to)
    if (this.#length > 2 * mostRuns) this.#becomeBits()
  }

  startOf(offset: number): number {
    if (!this.#bits) return this.#runs[this.#runEndingAtOrBehind(offset)]!
    let first = offset
    while (first > 0 && hasBit(this.#bits, first - 1))
      first -= first % 32 === 0 && isFull(this.#bits, first - 32) ? 32 : 1
    return first
  }

  endOf(offset: number): number {
    if (!this.#bits) return this.#runs[this.#runEndingAtOrBehind(offset) + 1]!
    let last = offset
    while (last < lastOffset && hasBit(this.#bits, last + 1))
      last += last % 32 === 31 && isFull(this.#bits, last + 1) ? 32 : 1
    return last
  }

  visit(visit: (first: number, last: number) => void): void {
    if (!this.#bits) {
      for (let at = 0; at < this.#length; at += 2) visit(this.#runs[at]!, this.#runs[at + 1]!)
      return
    }
    for (let offset = 0; offset < blockSize;) {
      if (!hasBit(this.#bits, offset)) {
        offset += offset % 32 === 0 && this.#bits[offset >>> 5] === 0 ? 32 : 1
        continue
      }
      const last = this.endOf(offset)
      visit(offset, last)
      offset = last + 1
    }
  }

  /** Index of the first run that does not end before `offset`. */
  #runEndingAtOrBehind(offset: number): number {
    let low = 0
    let high = this.#length >>> 1
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#runs[2 * middle + 1]! < offset) low = middle + 1
      else high = middle
    }
    return 2 * low
  }

  /** One run in place of those from `start` to `end`. */
  #replace(start: number, end: number, first: number, last: number): void {
    const length = this.#length - (end - start) + 2
    if (length > this.#runs.length) {
      const larger = new Uint16Array(this.#runs.length * 2)
      larger.set(this.#runs)
      this.#runs = larger
    }
    if (end !== start + 2) this.#runs.copyWithin(start + 2, end, this.#length)
    this.#length = length
    this.#runs[start] = first
    this.#runs[start + 1] = last
  }

  #becomeBits(): void {
    const bits = new Uint32Array(blockSize / 32)
    for (let at = 0; at < this.#length; at += 2) setBits(bits, this.#runs[at]!, this.#runs[at + 1]!)
    this.#bits = bits
    this.#runs = new Uint16Array(0)
    this.#length = 0
  }
}

const hasBit = (bits: Uint32Array, offset: number): boolean => (bits[offset >>> 5]! & (1 << (offset & 31))) !== 0

/** All 32 from `offset` on. */
const isFull = (bits: Uint32Array, offset: number): boolean => bits[offset >>> 5] === 0xffff_ffff

function setBits(bits: Uint32Array, first: number, last: number): void {
  for (let offset = first; offset <= last;) {
    if ((offset & 31) === 0 && last - offset >= 31) {
      bits[offset >>> 5] = 0xffff_ffff
      offset += 32
    } else bits[offset >>> 5]! |= 1 << (offset++ & 31)
  }
}
