// The index of one queue or topic against a list that says the same.
import * as fc from 'fast-check'
import { expect, test } from '@jest/globals'
import { SizeIndex } from '../../../../broker/store/sql/size-index.ts'

interface Entry {
  bytes: number
  wantedBy: number
}

const sequences = (entries: ReadonlyMap<number, Entry>): number[] => [...entries.keys()]

function check(index: SizeIndex, entries: ReadonlyMap<number, Entry>, probes: readonly number[]): void {
  expect(index.messages).toBe(entries.size)
  expect(index.bytes).toBe([...entries.values()].reduce((sum, { bytes }) => sum + bytes, 0))
  for (const probe of probes) {
    expect(index.bytesOf(probe)).toBe(entries.get(probe)?.bytes)
    expect(index.lastBefore(probe)).toBe(sequences(entries).findLast((one) => one < probe) ?? 0)
    expect(index.sequencesAfter(probe)).toEqual(sequences(entries).filter((one) => one > probe))
  }
}

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('add' as const),
      gap: fc.oneof(fc.integer({ min: 1, max: 3 }), fc.constant(2 ** 32)),
      count: fc.integer({ min: 1, max: 700 }),
      wantedBy: fc.integer({ min: 1, max: 3 }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('remove' as const),
      from: fc.nat(2000),
      count: fc.integer({ min: 1, max: 900 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('update' as const), at: fc.nat(2000), bytes: fc.nat(1000) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('wantedLess' as const), at: fc.nat(2000) }) },
)

test('does what a list does, however much is added and removed', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 15 }), (steps) => {
      const index = new SizeIndex()
      const entries = new Map<number, Entry>()
      let last = 0
      const nth = (at: number): number => sequences(entries)[at % Math.max(1, entries.size)] ?? 77
      for (const one of steps) {
        if (one.kind === 'add')
          for (let n = 0; n < one.count; n++) {
            last += n === 0 ? one.gap : 1
            index.add(last, n, one.wantedBy)
            entries.set(last, { bytes: n, wantedBy: one.wantedBy })
          }
        else if (one.kind === 'remove')
          for (const sequence of sequences(entries).slice(one.from, one.from + one.count)) {
            expect(index.remove(sequence)).toBe(entries.get(sequence)!.bytes)
            entries.delete(sequence)
            expect(index.remove(sequence)).toBeUndefined()
          }
        else if (one.kind === 'update') {
          const entry = entries.get(nth(one.at))
          expect(index.update(nth(one.at), one.bytes)).toBe(entry?.bytes)
          if (entry) entry.bytes = one.bytes
        } else {
          const entry = entries.get(nth(one.at))
          if (entry) entry.wantedBy--
          expect(index.wantedLess(nth(one.at))).toBe(entry?.wantedBy ?? 0)
        }
      }
      check(index, entries, [0, 1, last, last + 1, nth(7), nth(1500) - 1])
    }),
    { numRuns: 100 },
  )
})

test('a page ends with its messages, its bytes or its range, and has one message at least', () => {
  const index = new SizeIndex()
  for (let sequence = 1; sequence <= 10; sequence++) index.add(sequence * 10, 100)
  index.remove(30)
  expect(index.page(10, 60, 10, 1000)).toEqual([20, 40, 50, 60])
  expect(index.page(0, 100, 3, 1000)).toEqual([10, 20, 40])
  expect(index.page(0, 100, 10, 250)).toEqual([10, 20])
  expect(index.page(0, 100, 10, 1)).toEqual([10])
  expect(index.page(0, 100, 10, 250, (sequence) => sequence < 50)).toEqual([50, 60])
  expect(index.page(100, 1000, 10, 250)).toEqual([])
})

test('takes 8 bytes for each message', () => {
  const before = process.memoryUsage().arrayBuffers
  const index = new SizeIndex()
  for (let sequence = 1; sequence <= 1_000_000; sequence++) index.add(sequence, 1000)
  expect((process.memoryUsage().arrayBuffers - before) / 1_000_000).toBeLessThan(10)
  expect(index.messages).toBe(1_000_000)
})
