import { expect, test } from '@jest/globals'
import { NoLock } from '../../../../broker/lock/none/no-lock.ts'
import { lockContract } from '../../../contract/lock.ts'

lockContract('NoLock', () => ({ lockOf: (member) => new NoLock(member), dispose() {} }))

test('no lock is granted at once and stays', async () => {
  const lock = new NoLock('a')
  expect(await lock.holder()).toBeUndefined()
  const handle = await lock.acquire(new AbortController().signal)
  expect(handle.term).toBe(1)
  expect(() => handle.verify()).not.toThrow()
  expect(await lock.holder()).toEqual({ member: 'a', term: 1 })
})
