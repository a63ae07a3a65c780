import { expect, test } from '@jest/globals'
import { StoredExpiry } from '../../../../broker/destination/window/stored-expiry.ts'

test('a look is due when the first message can have expired', () => {
  const expiry = new StoredExpiry()
  expect(expiry.isDue(1e15)).toBe(false)
  expiry.note(0)
  expect(expiry.isDue(1e15)).toBe(false)
  expiry.note(2000)
  expiry.note(3000)
  expect(expiry.isDue(1999)).toBe(false)
  expect(expiry.isDue(2000)).toBe(true)
})

test('messages that nobody has looked at are due at once', () => {
  const expiry = new StoredExpiry()
  expiry.noteUnknown()
  expect(expiry.isDue(0)).toBe(true)
})

test('a pass goes on where it ended, is due until it is through, and knows then when the next expires', () => {
  const expiry = new StoredExpiry()
  expiry.noteUnknown()
  expect(expiry.goOn(10)).toBe(10)
  expiry.note(5000)
  expiry.lookedUpTo(500)
  expect(expiry.inPass).toBe(true)
  expect(expiry.isDue(0)).toBe(true)
  expect(expiry.goOn(10)).toBe(500)
  // What consumers took meanwhile is not looked at.
  expect(expiry.goOn(700)).toBe(700)
  expiry.endPass()
  expect(expiry.inPass).toBe(false)
  expect(expiry.isDue(4999)).toBe(false)
  expect(expiry.isDue(5000)).toBe(true)
})

test('what came during a pass is not forgotten at its end, what was there before it is', () => {
  const expiry = new StoredExpiry()
  expiry.note(1000)
  expiry.goOn(0)
  expiry.note(4000)
  expiry.endPass()
  expect(expiry.isDue(3999)).toBe(false)
  expect(expiry.isDue(4000)).toBe(true)
})

test('when no message is left nothing is due', () => {
  const expiry = new StoredExpiry()
  expiry.noteUnknown()
  expiry.goOn(0)
  expiry.clear()
  expect([expiry.inPass, expiry.isDue(1e15)]).toEqual([false, false])
})
