import { describe, expect, test } from '@jest/globals'
import { parseDestination } from '../../../broker/message/destination.ts'
import { PolicyMap } from '../../../broker/routing/policy-map.ts'

const queues = (...patterns: string[]) =>
  new PolicyMap(patterns.map((pattern, index) => ({ kind: 'queue', pattern, index }) as const))

const chosen = (destination: string, ...patterns: string[]) =>
  queues(...patterns).for(parseDestination(destination))?.pattern

describe('of several policies the most specific one counts', () => {
  // What ActiveMQ 5.17 chooses, whichever of the two it is told first.
  test.each([
    ['A.>', '>', 'A.>'],
    ['A.B', '*.B', 'A.B'],
    ['A.B.>', 'A.>', 'A.B.>'],
    ['A.B', 'A.B.>', 'A.B'],
    ['*.B', '>', '*.B'],
    ['A.*', '*.B', '*.B'],
    ['*.B', 'A.>', '*.B'],
    ['*.B.>', 'A.>', '*.B.>'],
  ])('of %s and %s for A.B: %s', (one, other, wanted) => {
    expect(chosen('queue://A.B', one, other)).toBe(wanted)
    expect(chosen('queue://A.B', other, one)).toBe(wanted)
  })

  // Where ActiveMQ takes the one that it is told last.
  test.each([
    ['A.*', 'A.>', 'A.*'],
    ['A.>', '*.>', 'A.>'],
  ])('of %s and %s for A.B: %s', (one, other, wanted) => {
    expect(chosen('queue://A.B', one, other)).toBe(wanted)
    expect(chosen('queue://A.B', other, one)).toBe(wanted)
  })

  test('of the same pattern the later one', () => {
    expect(queues('A', 'A').for(parseDestination('queue://A'))).toMatchObject({ index: 1 })
  })
})

test('only those of its kind, and none for what is temporary', () => {
  expect(chosen('topic://A', '>')).toBeUndefined()
  expect(chosen('queue://B', 'A.>')).toBeUndefined()
  expect(chosen('temp-queue://ID:c:1', '>')).toBeUndefined()
})
