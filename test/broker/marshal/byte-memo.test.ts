import { expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { ByteMemo } from '../../../broker/marshal/byte-memo.ts'

test('bytes that come again give the same value, wherever they stand', () => {
  const memo = new ByteMemo<object>()
  const value = { any: 'value' }
  memo.remember(Buffer.from('..abc..'), 2, 5, value)
  expect(memo.recall(Buffer.from('abc'), 0)).toBe(value)
  expect(memo.recall(Buffer.from('xabcd'), 1)).toBe(value)
  expect(memo.length).toBe(3)
})

test.each([
  ['other bytes', 'abd', 0],
  ['fewer bytes', 'ab', 0],
  ['bytes that end too early', 'xabc', 2],
  ['nothing', '', 0],
])('%s give nothing', (_, text, position) => {
  const memo = new ByteMemo<object>()
  expect(memo.recall(Buffer.from(text), position)).toBeNull()
  memo.remember(Buffer.from('abc'), 0, 3, {})
  expect(memo.recall(Buffer.from(text), position)).toBeNull()
})

test('what is remembered does not change with the buffer that it was read from', () => {
  const memo = new ByteMemo<string>()
  const frame = Buffer.from('abc')
  memo.remember(frame, 0, 3, 'value')
  frame.fill(0xee)
  expect(memo.recall(frame, 0)).toBeNull()
  expect(memo.recall(Buffer.from('abc'), 0)).toBe('value')
})

test('it answers as one that remembers the last of its length would', () => {
  const bytes = fc.uint8Array({ minLength: 0, maxLength: 200 }).map((array) => Buffer.from(array))
  fc.assert(
    fc.property(fc.array(fc.oneof(bytes, fc.constant(Buffer.from('again')))), (all) => {
      const memo = new ByteMemo<number>()
      let last = Buffer.alloc(0)
      all.forEach((buffer, index) => {
        const known = memo.recall(buffer, 0)
        expect(known !== null).toBe(last.length > 0 && buffer.subarray(0, last.length).equals(last))
        memo.remember(buffer, 0, buffer.length, index)
        if (buffer.length > 0 && buffer.length <= 160) last = buffer
      })
    }),
  )
})
