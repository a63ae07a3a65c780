import { expect, test } from '@jest/globals'
import { CommandIds } from '../../../broker/openwire/command-ids.ts'

test('go round after 2^31, over those that are still to be answered', () => {
  const ids = new CommandIds(2 ** 31 - 3)
  const awaited = new Set([1, 2, 4])
  expect(Array.from({ length: 4 }, () => ids.next(awaited))).toEqual([2 ** 31 - 2, 2 ** 31 - 1, 3, 5])
  expect(new CommandIds().next(new Set())).toBe(1)
})
