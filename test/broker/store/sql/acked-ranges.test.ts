import { expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import {
  AckedRangesError,
  decodeAckedRanges,
  encodeAckedRanges,
  type AckedRange,
} from '../../../../broker/store/sql/acked-ranges.ts'

test('no ranges take no bytes', () => {
  expect(encodeAckedRanges([])).toBeNull()
  expect(decodeAckedRanges(null)).toEqual([])
})

test('ranges come back as they were', () => {
  const step = fc.tuple(fc.maxSafeNat(), fc.maxSafeNat())
  fc.assert(
    fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
      const ranges: AckedRange[] = []
      let end = 0
      for (const [gap, length] of steps) {
        const after = end + (gap % 2 ** 40)
        end = after + 1 + (length % 2 ** 40)
        ranges.push({ after, upTo: end })
      }
      expect(decodeAckedRanges(encodeAckedRanges(ranges))).toEqual(ranges)
    }),
  )
})

test('a range costs a few bytes, wherever it is', () => {
  const at = 9_000_000_000_000
  const ranges = Array.from({ length: 1000 }, (_, index) => ({ after: at + index * 3, upTo: at + index * 3 + 2 }))
  expect(encodeAckedRanges(ranges)!.length).toBeLessThan(2010)
  expect(encodeAckedRanges([{ after: Number.MAX_SAFE_INTEGER - 1, upTo: Number.MAX_SAFE_INTEGER }])).toHaveLength(9)
})

test.each([
  ['a number without its end', [0x80], 'it ends in the middle of a number'],
  ['half of a range', [0x05], 'it ends in the middle of a number'],
  ['an empty range', [0x05, 0x00], 'a range behind 5 is empty'],
  ['a number that is too large', Array<number>(9).fill(0xff), 'a number is larger than any sequence'],
  [
    'an end that is too large',
    [...encodeAckedRanges([{ after: 1, upTo: Number.MAX_SAFE_INTEGER }])!, 0x00, 0x01],
    'a sequence is larger than any',
  ],
])('%s is refused', (_, bytes, state) => {
  expect(() => decodeAckedRanges(Buffer.from(bytes))).toThrow(new AckedRangesError(state))
})
