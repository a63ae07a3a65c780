import { expect, test } from '@jest/globals'
import { assert, bigInt, constantFrom, property } from 'fast-check'
import {
  canonicalQuantity,
  compareQuantities,
  divideRoundingUp,
  formatQuantity,
  parseQuantity,
} from '../../../../hack/localkube/base/quantity.ts'

test.each([
  ['1000m', '1'],
  ['0.5', '500m'],
  ['1024Mi', '1Gi'],
  ['1500Mi', '1500Mi'],
  ['2e3', '2e3'],
  ['1.5Gi', '1536Mi'],
  ['0', '0'],
  ['1000000', '1M'],
  [2, '2'],
  ['.5Ki', '512'],
  ['-1500m', '-1500m'],
])('%j is stored as %j', (given, canonical) => {
  expect(canonicalQuantity(given)).toBe(canonical)
})

test.each(['', 'x', '1 Gi', '1gi', 'Gi', '1.2.3'])('%j is no quantity', (text) => {
  expect(parseQuantity(text)).toBeUndefined()
})

test('the canonical form is the same quantity', () => {
  const suffix = constantFrom('', 'm', 'k', 'M', 'Ki', 'Mi', 'Gi', 'e3', 'n')
  assert(
    property(bigInt({ min: -(10n ** 12n), max: 10n ** 12n }), suffix, (number, unit) => {
      const quantity = parseQuantity(`${number}${unit}`)!
      expect(compareQuantities(parseQuantity(formatQuantity(quantity))!, quantity)).toBe(0)
    }),
  )
})

test.each([
  ['512Mi', '1', 536_870_912n],
  ['1.5', '1', 2n],
  ['1.5', '1m', 1500n],
  ['250m', '1', 1n],
  ['1e3', '1k', 1n],
  ['2G', '1Mi', 1908n],
  ['0', '1', 0n],
  ['3', '0', 3n],
])('%s in units of %s, rounded up, is %s', (amount, divisor, times) => {
  expect(divideRoundingUp(parseQuantity(amount)!, parseQuantity(divisor)!)).toBe(times)
})
