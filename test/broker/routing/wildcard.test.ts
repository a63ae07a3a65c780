import { expect, test } from '@jest/globals'
import { isWithin, matchesWildcard, parseWildcard, wildcardsOverlap } from '../../../broker/routing/wildcard.ts'

test.each([
  ['A', ['A'], ['A.B', 'B', 'AA']],
  ['A.*', ['A.B', 'A.C'], ['A', 'A.B.C', 'B.A']],
  ['*.B', ['A.B'], ['B', 'A.B.C']],
  ['A.>', ['A', 'A.B', 'A.B.C'], ['B', 'AB']],
  ['>', ['A', 'A.B'], []],
  ['A.*.C.>', ['A.B.C', 'A.X.C.D.E'], ['A.C', 'A.B.D']],
])('%s', (pattern, matching, others) => {
  const parsed = parseWildcard(pattern)
  expect(matching.filter((name) => !matchesWildcard(parsed, name))).toEqual([])
  expect(others.filter((name) => matchesWildcard(parsed, name))).toEqual([])
})

test.each([
  ['A.B', 'A.B', true],
  ['A.B', 'A.C', false],
  ['A.*', '*.B', true],
  ['A.*', 'A', false],
  ['A.>', 'A', true],
  ['A.>', '*.B.C', true],
  ['A.>', 'B.>', false],
  ['>', 'A', true],
  ['A.*.C', 'A.>', true],
])('%s and %s have a name in common: %s', (one, other, expected) => {
  const [a, b] = [parseWildcard(one), parseWildcard(other)]
  expect([wildcardsOverlap(a, b), wildcardsOverlap(b, a)]).toEqual([expected, expected])
})

test('one wildcard within another', () => {
  const names = ['A.B', 'A.*', 'A.>', '>']
  for (const [index, narrow] of names.entries())
    for (const [other, wide] of names.entries())
      expect([narrow, wide, isWithin(parseWildcard(narrow), parseWildcard(wide))]).toEqual([
        narrow,
        wide,
        index <= other,
      ])
  expect(isWithin(parseWildcard('A'), parseWildcard('A.>'))).toBe(true)
  expect(isWithin(parseWildcard('A'), parseWildcard('A.*'))).toBe(false)
  expect(isWithin(parseWildcard('A.B.C'), parseWildcard('A.*'))).toBe(false)
})
