import { describe, expect, test } from '@jest/globals'
import { usedLength, zeroRun } from '../../../broker/journal/zeros.ts'

const withByteAt = (length: number, position: number): Buffer => {
  const bytes = Buffer.alloc(length)
  bytes[position] = 1
  return bytes
}

test.each([0, 1, 4095, 4096, 4097, 8191, 9999])('used is what is in front of the zeros: a byte at %i', (position) => {
  expect(usedLength(withByteAt(10_000, position))).toBe(position + 1)
})

test('nothing is used of zeros, or of nothing', () => {
  expect(usedLength(Buffer.alloc(10_000))).toBe(0)
  expect(usedLength(Buffer.alloc(0))).toBe(0)
})

describe('a run of zeros', () => {
  test('is told in large pieces where there are many', () => {
    expect(zeroRun(Buffer.alloc(10_000), 0)).toBe(4096)
    expect(zeroRun(Buffer.alloc(10_000), 8192)).toBe(8)
    expect(zeroRun(withByteAt(10_000, 4000), 0)).toBe(8)
  })

  test('ends at a byte that is none, and at the end', () => {
    expect(zeroRun(withByteAt(16, 7), 0)).toBe(0)
    expect(zeroRun(withByteAt(16, 7), 8)).toBe(8)
    expect(zeroRun(Buffer.alloc(15), 8)).toBe(0)
  })
})
