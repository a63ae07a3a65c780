import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { covers } from '../../../operator/reconcile/apply-child.ts'

describe('what is wanted is covered by what there is', () => {
  test.each<[string, unknown, unknown]>([
    ['with fields that the server added', { a: 1, defaulted: true }, { a: 1 }],
    [
      'with items that somebody added to a list',
      { list: [{ name: 'injected' }, { name: 'a', more: 1 }] },
      { list: [{ name: 'a' }] },
    ],
    ['with a quantity in another form', { memory: '1Gi', cpu: '1' }, { memory: '1024Mi', cpu: '1000m' }],
    ['without what is empty', {}, { resources: {}, list: [], text: '', flag: false }],
  ])('%s', (_, existing, desired) => {
    expect(covers(existing, desired)).toBe(true)
  })

  test('as it always is by itself', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => expect(covers(value, value)).toBe(true)))
  })
})

describe('what is wanted is not covered', () => {
  test.each<[string, unknown, unknown]>([
    ['by another value', { a: 1 }, { a: 2 }],
    ['when it is missing', { a: 1 }, { b: 2 }],
    ['by a list without it', { list: [{ name: 'a', port: 1 }] }, { list: [{ name: 'a', port: 2 }] }],
    ['by another text', { a: 'x' }, { a: 'y' }],
    ['when a flag was turned', { a: true }, { a: false }],
    ['by another quantity', { a: '1Gi' }, { a: '2Gi' }],
  ])('%s', (_, existing, desired) => {
    expect(covers(existing, desired)).toBe(false)
  })
})
