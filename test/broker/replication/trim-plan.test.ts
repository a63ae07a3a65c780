import { expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import type { SegmentRef } from '../../../broker/replication/position.ts'
import { trimPlan } from '../../../broker/replication/trim-plan.ts'

const segment = (number: number, term: number, length: number): SegmentRef => ({
  number,
  term,
  salt: number * 1000 + term,
  length,
})

test('what both have stays, what goes on further is cut', () => {
  const active = [segment(1, 1, 100), segment(2, 1, 80), segment(3, 2, 50)]
  const plan = trimPlan(active, [segment(1, 1, 100), segment(2, 1, 96)])
  expect(plan).toEqual({
    cut: [{ number: 2, length: 80 }],
    drop: [],
    late: [],
    kept: new Map([
      [1, 100],
      [2, 80],
    ]),
  })
})

test('another segment under the same number, or one that the active will use, is dropped', () => {
  const plan = trimPlan([segment(1, 1, 100), segment(2, 2, 50)], [segment(2, 1, 100), segment(3, 1, 10)])
  expect(plan).toEqual({ cut: [], drop: [3, 2], late: [], kept: new Map() })
})

test('a segment of which there is nothing is sent as a whole', () => {
  const plan = trimPlan([segment(1, 1, 100), segment(2, 2, 0)], [segment(1, 1, 0), segment(2, 2, 50)])
  expect(plan).toEqual({ cut: [], drop: [2, 1], late: [], kept: new Map() })
})

test('what the active has removed goes last: until the member has the rest it may be all there is', () => {
  const plan = trimPlan([segment(2, 1, 100)], [segment(1, 1, 100), segment(2, 1, 40)])
  expect(plan).toEqual({ cut: [], drop: [], late: [1], kept: new Map([[2, 40]]) })
})

/** Two members' histories: the same up to some place, then each with segments of its own terms. */
const histories = fc
  .record({
    common: fc.array(fc.integer({ min: 16, max: 200 }), { maxLength: 6 }),
    activeTail: fc.array(fc.integer({ min: 16, max: 200 }), { minLength: 1, maxLength: 4 }),
    memberTail: fc.array(fc.integer({ min: 16, max: 200 }), { maxLength: 4 }),
    removed: fc.nat(4),
    torn: fc.nat(300),
  })
  .map(({ common, activeTail, memberTail, removed, torn }) => {
    const shared = common.map((length, index) => segment(index + 1, 1, length))
    const tailOf = (lengths: readonly number[], term: number): SegmentRef[] =>
      lengths.map((length, index) => segment(shared.length + index + 1, term, length))
    const active = [...shared.slice(removed), ...tailOf(activeTail, 3)]
    const member = [...shared, ...tailOf(memberTail, 2)]
    // With less or more of its last segment than the active has.
    const last = member.pop()
    if (last) member.push({ ...last, length: Math.max(16, torn) })
    return { active, member }
  })

test('after it, with what is missing and without what goes late, a member has exactly what the active has', () => {
  fc.assert(
    fc.property(histories, ({ active, member }) => {
      const { cut, drop, late, kept } = trimPlan(active, member)
      const lengths = new Map(cut.map(({ number, length }) => [number, length]))
      const left = member
        .filter(({ number }) => !drop.includes(number) && !late.includes(number))
        .map((there) => ({ ...there, length: lengths.get(there.number) ?? there.length }))
      expect(new Map(left.map(({ number, length }) => [number, length]))).toEqual(kept)
      const missing = active.filter(({ number }) => !kept.has(number))
      const whole = [...left.map((there) => active.find(({ number }) => number === there.number)), ...missing]
      expect(whole.toSorted((a, b) => a!.number - b!.number)).toEqual(active)
      for (const there of left) {
        const same = active.find(({ number }) => number === there.number)!
        expect([same.term, same.salt, there.length <= same.length]).toEqual([there.term, there.salt, true])
      }
    }),
  )
})

test('a crash between any two steps of it leaves a member the beginning of a history', () => {
  fc.assert(
    fc.property(histories, fc.nat(10), ({ active, member }, steps) => {
      const { cut, drop } = trimPlan(active, member)
      // What another active wrote goes from its end on.
      const left = member.filter(({ number }) => !drop.slice(0, steps).includes(number))
      expect(left).toEqual(member.slice(0, left.length))
      // Nothing is cut in front of what stays.
      const stays = member.filter(({ number }) => !drop.includes(number))
      expect(cut.map(({ number }) => number)).toEqual(cut.length === 0 ? [] : [stays.at(-1)!.number])
    }),
  )
})
