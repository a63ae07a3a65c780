import { expect, test } from '@jest/globals'
import { WaitingList } from '../../../../broker/destination/window/waiting-list.ts'

const entry = (sequence: number, expiration = 0) => ({ sequence, expiration })
const filled = (...sequences: number[]) => {
  const list = new WaitingList<{ sequence: number; expiration: number }>()
  for (const sequence of sequences) list.add(entry(sequence))
  return list
}
const content = (list: Iterable<{ sequence: number }>): number[] => Array.from(list, ({ sequence }) => sequence)

test('keeps its order, in whatever order entries come', () => {
  expect(content(filled(1, 3, 2, 7, 5, 0))).toEqual([0, 1, 2, 3, 5, 7])
})

test('takes back what was taken out, in front, between and behind', () => {
  const list = filled(3, 5)
  list.insert([entry(1), entry(2)])
  list.insert([entry(4), entry(6), entry(8)])
  expect(content(list)).toEqual([1, 2, 3, 4, 5, 6, 8])
})

test('finds where one goes on', () => {
  const list = filled(2, 4, 6)
  expect([0, 2, 3, 6, 9].map((sequence) => list.indexAfter(sequence))).toEqual([0, 1, 1, 3, 3])
})

test('gives the expired ones away, or those behind one', () => {
  const list = filled(2, 4)
  list.add(entry(6, 100))
  list.add(entry(8, 200))
  expect(content(list.takeExpired(99))).toEqual([])
  expect(content(list.takeExpired(100))).toEqual([6])
  expect(content(list.takeAfter(2))).toEqual([4, 8])
  expect(content(list)).toEqual([2])
})
