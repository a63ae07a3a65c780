import { expect, test } from '@jest/globals'
import { matchesWildcard, parseWildcard } from '../../../broker/routing/wildcard.ts'

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
