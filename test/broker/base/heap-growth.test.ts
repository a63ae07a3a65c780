import { describe, expect, it } from '@jest/globals'
import { growthPercent } from '../../../broker/base/heap-growth.ts'

const mebibyte = 2 ** 20

describe('growthPercent', () => {
  it('lets a small broker grow to several times its size before everything is collected', () => {
    expect(growthPercent(0)).toBe(400)
    expect(growthPercent(100 * mebibyte)).toBe(400)
  })

  it("leaves a large one to V8's own measure, so that garbage stays a part of what is there", () => {
    expect(growthPercent(192 * mebibyte)).toBe(0)
    expect(growthPercent(4096 * mebibyte)).toBe(0)
  })
})
