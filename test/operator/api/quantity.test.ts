import { expect, test } from '@jest/globals'
import { isLarger, isSameQuantity, parseQuantity } from '../../../operator/api/quantity.ts'

test.each([
  ['1', 1],
  [2, 2],
  ['500m', 0.5],
  ['1.5Gi', 1.5 * 2 ** 30],
  ['1G', 1e9],
  ['many', Number.NaN],
])('quantity %s', (text, value) => {
  expect(parseQuantity(text)).toBe(value)
})

test('quantities are compared by what they come to, and what is none compares to nothing', () => {
  expect(isLarger('1025Mi', '1Gi')).toBe(true)
  expect(isLarger('1Gi', '1024Mi')).toBe(false)
  expect(isSameQuantity('1Gi', '1024Mi')).toBe(true)
  expect(isSameQuantity(1, '1000m')).toBe(true)
  expect([isLarger('many', 1), isLarger(1, 'many'), isSameQuantity('many', 'many')]).toEqual([false, false, false])
})
