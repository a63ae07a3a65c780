import { expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { SequenceSet } from '../../../broker/store/sequence-set.ts'

const runsOf = (set: SequenceSet): [number, number][] => {
  const runs: [number, number][] = []
  set.visit((after, upTo) => runs.push([after, upTo]))
  return runs
}

test('runs that touch become one, over the borders of blocks too', () => {
  const set = new SequenceSet()
  expect(set.isEmpty).toBe(true)
  set.add(9, 10)
  set.add(11, 12)
  set.add(65_000, 140_000)
  expect(runsOf(set)).toEqual([
    [9, 10],
    [11, 12],
    [65_000, 65_535],
    [65_535, 131_071],
    [131_071, 140_000],
  ])
  set.add(10, 11)
  expect(runsOf(set)[0]).toEqual([9, 12])
  expect([set.startOf(12), set.endOf(10)]).toEqual([10, 12])
  expect([set.startOf(140_000), set.endOf(65_001)]).toEqual([65_001, 140_000])
})

test('what is behind the last that was forgotten stays', () => {
  const set = new SequenceSet()
  set.add(0, 200_000)
  set.forgetUpTo(140_000)
  expect([set.has(1), set.has(140_001), set.has(200_000)]).toEqual([false, true, true])
  set.forgetUpTo(300_000)
  expect(set.isEmpty).toBe(true)
  set.add(5, 6)
  expect(set.has(6)).toBe(true)
})

/** Some in runs, some every second one, so that blocks are kept in both ways. */
const additions = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('run' as const), after: fc.nat(140_000), count: fc.nat(3000) }),
    fc.record({ kind: fc.constant('each second' as const), after: fc.nat(140_000), count: fc.nat(9000) }),
    fc.record({ kind: fc.constant('one' as const), after: fc.nat(140_000), count: fc.constant(1) }),
  ),
  { minLength: 1, maxLength: 12 },
)

test('has what was added, and says where neighbours begin and end', () => {
  fc.assert(
    fc.property(additions, fc.array(fc.nat(160_000), { minLength: 40, maxLength: 40 }), (list, asked) => {
      const set = new SequenceSet()
      const model = new Set<number>()
      for (const { kind, after, count } of list) {
        if (kind === 'each second')
          for (let n = 1; n <= count; n += 2) {
            set.add(after + n - 1, after + n)
            model.add(after + n)
          }
        else {
          set.add(after, after + count)
          for (let n = 1; n <= count; n++) model.add(after + n)
        }
      }
      for (const sequence of [...asked, ...list.map(({ after }) => after + 1)]) {
        expect(set.has(sequence)).toBe(model.has(sequence))
        if (!model.has(sequence)) continue
        let [start, end] = [sequence, sequence]
        while (model.has(start - 1)) start--
        while (model.has(end + 1)) end++
        expect([set.startOf(sequence), set.endOf(sequence)]).toEqual([start, end])
      }
      const visited = new Set<number>()
      let last = -1
      for (const [after, upTo] of runsOf(set)) {
        expect(after).toBeGreaterThanOrEqual(last)
        last = upTo
        for (let sequence = after + 1; sequence <= upTo; sequence++) visited.add(sequence)
      }
      expect(visited).toEqual(model)
    }),
    { numRuns: 12 },
  )
})
