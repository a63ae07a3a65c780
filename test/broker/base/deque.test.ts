import { expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { Deque } from '../../../broker/base/deque.ts'

type Step = { do: 'push' | 'unshift' | 'shift' | 'clear'; times: number } | { do: 'removeAt'; index: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom('push' as const, 'unshift' as const, 'shift' as const),
      times: fc.nat(40),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('removeAt' as const), index: fc.nat(30) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('clear' as const), times: fc.constant(1) }) },
)

test('it behaves like an array', () => {
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const deque = new Deque<number>()
      const array: number[] = []
      let next = 0
      for (const now of steps) {
        if (now.do === 'removeAt') expect(deque.removeAt(now.index)).toBe(array.splice(now.index, 1)[0])
        else if (now.do === 'clear') {
          deque.clear()
          array.length = 0
        } else
          for (let i = 0; i < now.times; i++)
            if (now.do === 'shift') expect(deque.shift()).toBe(array.shift())
            else {
              deque[now.do](next)
              array[now.do](next++)
            }
        expect([...deque]).toEqual(array)
        expect([deque.first(), deque.last(), deque.length]).toEqual([array[0], array.at(-1), array.length])
      }
    }),
    { numRuns: 50 },
  )
})

test('a burst does not pin its memory: what is left after it is still right', () => {
  const deque = new Deque<number>()
  for (let i = 0; i < 100_000; i++) deque.push(i)
  for (let i = 0; i < 99_990; i++) deque.shift()
  expect([...deque]).toEqual([99_990, 99_991, 99_992, 99_993, 99_994, 99_995, 99_996, 99_997, 99_998, 99_999])
})
