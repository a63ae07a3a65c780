import { expect, test } from '@jest/globals'
import { xidText } from '../../../broker/marshal/xid-text.ts'

test('bytes are signed ints in hex without padding', () => {
  expect(xidText(7, Buffer.from([0x01, 0x7f, 0x80, 0xff]), Buffer.from([0x10]))).toBe(
    'XID:[7,globalId=17fffffff80ffffffff,branchId=10]',
  )
})

test('what is not there is empty', () => {
  expect(xidText(-1, null, Buffer.alloc(0))).toBe('XID:[-1,globalId=,branchId=]')
})
