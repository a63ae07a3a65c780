// A journal as the model of replication has it: segments whose header names all that count before them, records of eight bytes behind
// it. What a crash takes from it is what was not synced.
import type { Random } from '../../../broker/base/random.ts'
import type { DiskOperation, DurableState } from '../../../broker/replication/core.ts'
import type { SegmentRef } from '../../../broker/replication/position.ts'

export const recordBytes = 8
const headBytes = 16
const predecessorBytes = 16

interface StoredSegment {
  readonly term: number
  readonly salt: number
  data: Buffer
  syncedLength: number
}

export const nothingPromised: DurableState = { promised: 0, candidate: null, isVoter: false }

export function encodeHeader(number: number, term: number, salt: number, predecessors: readonly SegmentRef[]): Buffer {
  const bytes = Buffer.alloc(headBytes + predecessors.length * predecessorBytes)
  const words = [number, term, salt, predecessors.length]
  for (const segment of predecessors) words.push(segment.number, segment.term, segment.salt, segment.length)
  for (const [index, word] of words.entries()) bytes.writeUInt32BE(word, index * 4)
  return bytes
}

const headerLength = (data: Buffer): number =>
  data.length < headBytes ? Number.POSITIVE_INFINITY : headBytes + data.readUInt32BE(12) * predecessorBytes

function decodePredecessors(data: Buffer): SegmentRef[] {
  const predecessors: SegmentRef[] = []
  for (let at = headBytes; at < headerLength(data); at += predecessorBytes)
    predecessors.push({
      number: data.readUInt32BE(at),
      term: data.readUInt32BE(at + 4),
      salt: data.readUInt32BE(at + 8),
      length: data.readUInt32BE(at + 12),
    })
  return predecessors
}

export class SimulatedJournal {
  state = nothingPromised
  readonly #segments = new Map<number, StoredSegment>()

  get largestNumber(): number {
    return Math.max(0, ...this.#segments.keys())
  }

  /** What a member that starts finds: the newest header says what counts; a torn end and what does not count go. */
  recover({ syncs }: { syncs: boolean }): SegmentRef[] {
    const counted = this.#findCounted()
    if (syncs) for (const stored of this.#segments.values()) stored.syncedLength = stored.data.length
    return counted
  }

  #findCounted(): SegmentRef[] {
    for (const number of [...this.#segments.keys()].sort((a, b) => b - a)) {
      const { term, salt, data } = this.#segments.get(number)!
      const header = headerLength(data)
      if (data.length < header) {
        this.#segments.delete(number)
        continue
      }
      const length = header + Math.floor((data.length - header) / recordBytes) * recordBytes
      const counted = [...decodePredecessors(data), { number, term, salt, length }].filter(
        (segment) => this.#segments.get(segment.number)?.salt === segment.salt,
      )
      return this.#keepOnly(counted)
    }
    return []
  }

  #keepOnly(counted: readonly SegmentRef[]): SegmentRef[] {
    const numbers = new Set(counted.map(({ number }) => number))
    for (const number of this.#segments.keys()) if (!numbers.has(number)) this.#segments.delete(number)
    return counted.map((segment) => {
      const length = Math.min(segment.length, this.#segments.get(segment.number)!.data.length)
      this.#cut(segment.number, length)
      return { ...segment, length }
    })
  }

  apply(operation: DiskOperation): void {
    switch (operation.kind) {
      case 'state':
        this.state = operation.state
        return
      case 'trim':
        for (const { number, length } of operation.cut) this.#cut(number, length)
        for (const number of operation.drop) this.#segments.delete(number)
        return
      case 'write':
        return this.write(operation.segment, operation.offset, operation.bytes, operation.sync)
      case 'remove':
        for (const number of operation.segments) this.#segments.delete(number)
    }
  }

  write({ number, term, salt }: SegmentRef, offset: number, bytes: Buffer, sync: boolean): void {
    const stored = this.#segments.get(number) ?? { term, salt, data: Buffer.alloc(0), syncedLength: 0 }
    if (stored.data.length !== offset || stored.salt !== salt)
      throw new Error(`segment ${number} has ${stored.data.length} bytes, written to at ${offset}`)
    stored.data = Buffer.concat([stored.data, bytes])
    if (sync) stored.syncedLength = stored.data.length
    this.#segments.set(number, stored)
  }

  remove(number: number): void {
    this.#segments.delete(number)
  }

  read(number: number, from: number, to: number): Buffer | undefined {
    return this.#segments.get(number)?.data.subarray(from, to)
  }

  /** Of the records that count by these segments. */
  ids(segments: readonly SegmentRef[]): Set<number> {
    const ids = new Set<number>()
    for (const { number, length } of segments) {
      const data = this.#segments.get(number)?.data.subarray(0, length)
      if (!data) continue
      for (let at = headerLength(data); at + recordBytes <= data.length; at += recordBytes)
        ids.add(data.readUInt32BE(at))
    }
    return ids
  }

  has(id: number, { onDisk }: { onDisk: boolean }): boolean {
    for (const { data, syncedLength } of this.#segments.values()) {
      const end = onDisk ? syncedLength : data.length
      for (let at = headerLength(data); at + recordBytes <= end; at += recordBytes)
        if (data.readUInt32BE(at) === id) return true
    }
    return false
  }

  idsOf(number: number): number[] {
    const data = this.#segments.get(number)?.data
    return data ? [...this.ids([{ number, term: 0, salt: 0, length: data.length }])] : []
  }

  /** The power goes: what was not synced may be there, or not. */
  losePower(random: Random): void {
    for (const [number, { data, syncedLength }] of this.#segments) {
      const length = syncedLength + Math.floor(random.next() * (data.length - syncedLength + 1))
      if (length === 0) this.#segments.delete(number)
      else this.#cut(number, length)
    }
  }

  /** The disk is replaced by an empty one. */
  loseAll(): void {
    this.#segments.clear()
    this.state = nothingPromised
  }

  /** Its file is gone. What is left is the name of the journal's directory: the term. */
  losePromise(): void {
    this.state = { ...nothingPromised, promised: this.state.promised }
  }

  /** Equal for equal contents. */
  get content(): string {
    return [...this.#segments]
      .sort(([a], [b]) => a - b)
      .map(([number, { data }]) => `${number}:${data.toString('hex')}`)
      .join(' ')
  }

  #cut(number: number, length: number): void {
    const stored = this.#segments.get(number)!
    stored.data = stored.data.subarray(0, length)
    stored.syncedLength = Math.min(stored.syncedLength, length)
  }
}
