import { expect, test } from '@jest/globals'
import { ColdRange } from '../../../../broker/destination/window/cold-range.ts'

const filled = (...sequences: number[]) => {
  const range = new ColdRange()
  for (const sequence of sequences) range.add(sequence)
  return range
}

test('begins before its first message and ends with its last', () => {
  const range = filled(11, 12, 20)
  expect([range.count, range.after, range.upTo]).toEqual([3, 10, 20])
  expect([10, 11, 99].map((sequence) => range.reaches(sequence))).toEqual([false, true, true])
})

test('one that was taken out is not found again while the store has it', () => {
  const range = filled(1, 2, 3)
  range.take(2)
  range.leaveOut(4)
  expect([range.count, [1, 2, 3, 4].map((sequence) => range.has(sequence))]).toEqual([2, [true, false, true, false]])
  range.gone(4, false)
  expect(range.has(4)).toBe(true)
})

test('a read that has begun may find what is gone: it is forgotten afterwards', () => {
  const range = filled(1, 2, 3)
  range.take(2)
  range.gone(2, true)
  expect(range.has(2)).toBe(false)
  range.readEnded()
  expect(range.has(2)).toBe(true)
})

test('what lies before its new beginning is forgotten, and all when nothing is left', () => {
  const range = filled(1, 2, 3, 4)
  range.take(2)
  range.take(4)
  range.beginAfter(2, 1)
  expect([range.after, range.count, range.has(2), range.has(4)]).toEqual([2, 1, true, false])
  range.clear()
  expect([range.count, range.reaches(9), range.has(4)]).toEqual([0, false, true])
})
