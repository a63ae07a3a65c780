import { expect, test } from '@jest/globals'
import { nearestName } from '../../../broker/base/nearest-name.ts'

const known = ['useCompression', 'useAsyncSend', 'alwaysSyncSend', 'prefetchPolicy.all', 'clientID']

test.each([
  ['useCompresion', 'useCompression'],
  ['useAsynchSend', 'useAsyncSend'],
  ['usecompression', 'useCompression'],
  ['clientId', 'clientID'],
  ['prefetchPolicy.al', 'prefetchPolicy.all'],
  ['prefetchP', 'prefetchPolicy.all'],
  ['pre', null],
  ['colour', null],
  ['', null],
])('%s: %p', (given, nearest) => {
  expect(nearestName(given, known)).toBe(nearest)
})

test('of two that are as near the first is taken', () => {
  expect(nearestName('cat', ['bat', 'rat'])).toBe('bat')
})
