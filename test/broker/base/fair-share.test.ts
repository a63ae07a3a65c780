import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { fairReserve, fairShare } from '../../../broker/base/fair-share.ts'

describe('the reserve', () => {
  test.each([
    [1000, 0, 100],
    [1000, 150, 150],
    [1000, 900, 250],
    [0, 10, 0],
  ])('of a limit of %s, at least %s, is %s', (limit, least, reserve) => {
    expect(fairReserve(limit, least)).toBe(reserve)
  })
})

describe('a share of 1000 with a reserve of 100', () => {
  const share = fairShare(1000, 100)

  test('is all but the reserve for one that is alone', () => {
    expect([share.allows(890, 10, 110), share.allows(890, 11, 110)]).toEqual([true, false])
  })

  test('is less for each of several, and what is left is for those who hold nothing', () => {
    // Two at their share: each has 18 times what is free besides the pool of 50.
    expect([share.allows(461, 1, 77), share.allows(462, 1, 76)]).toEqual([true, false])
    expect([share.allows(0, 75, 75), share.allows(0, 76, 75)]).toEqual([true, false])
  })

  test('is anything for the first, but nothing beyond the limit for others', () => {
    expect([share.allows(0, 5000, 1000), share.allows(0, 5000, 999), share.allows(1, 5000, 999)]).toEqual([
      true,
      false,
      false,
    ])
  })
})

test('of a limit of nothing nobody has a share', () => {
  const share = fairShare(0, fairReserve(0, 10))
  expect([share.allowsAnybody(1, 0), share.allows(0, 1, 0), share.allows(1, 1, 0)]).toEqual([false, false, false])
})

interface Room {
  readonly limit: number
  readonly least: number
  readonly steps: readonly { readonly holder: number; readonly bytes: number; readonly adds: boolean }[]
}

const room: fc.Arbitrary<Room> = fc.record({
  limit: fc.integer({ min: 1, max: 100_000 }),
  least: fc.nat(50_000),
  steps: fc.array(fc.record({ holder: fc.nat(9), bytes: fc.oneof(fc.nat(200), fc.nat(120_000)), adds: fc.boolean() }), {
    maxLength: 300,
  }),
})

test('whoever asks and whoever leaves: nothing is taken beyond the limit, and who has nothing finds what is free', () => {
  fc.assert(
    fc.property(room, ({ limit, least, steps }) => {
      const share = fairShare(limit, fairReserve(limit, least))
      const held = new Map<number, number>()
      let used = 0
      for (const { holder, bytes, adds } of steps) {
        const own = held.get(holder) ?? 0
        const free = limit - used
        if (!adds) {
          held.set(holder, 0)
          used -= own
          continue
        }
        const allowed = share.allows(own, bytes, free)
        if (share.allowsAnybody(bytes, free)) expect(allowed).toBe(true)
        if (own === 0) expect(allowed).toBe(bytes <= free || used === 0)
        // Alone.
        if (own === used && own > 0 && own + bytes <= limit - share.reserveBytes) expect(allowed).toBe(true)
        if (!allowed) continue
        expect(used === 0 || used + bytes <= limit).toBe(true)
        held.set(holder, own + bytes)
        used += bytes
      }
    }),
    { numRuns: 500 },
  )
})

test('many that flood at the same pace have the same, and leave a share like theirs', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 100 }), (floods, bytes) => {
      const limit = 100_000
      const share = fairShare(limit, fairReserve(limit))
      const held = Array.from({ length: floods }, () => 0)
      let used = 0
      for (let takes = true; takes;) {
        takes = false
        for (let holder = 0; holder < floods; holder++) {
          if (!share.allows(held[holder]!, bytes, limit - used)) continue
          held[holder]! += bytes
          used += bytes
          takes = true
        }
      }
      expect(Math.max(...held) - Math.min(...held)).toBeLessThanOrEqual(bytes)
      // Each has 18 times what is free besides the pool.
      const pool = share.reserveBytes / 2
      expect(limit - used - pool).toBeGreaterThanOrEqual((limit - pool - floods * bytes) / (1 + 18 * floods))
    }),
    { numRuns: 50 },
  )
})

test('many that flood one after the other leave the pool to those who hold little', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 100 }), (floods, bytes) => {
      const limit = 100_000
      const share = fairShare(limit, fairReserve(limit))
      let used = 0
      const fill = (): number => {
        let own = 0
        for (; share.allows(own, bytes, limit - used); own += bytes) used += bytes
        return own
      }
      for (let flood = 0; flood < floods; flood++) fill()
      expect(limit - used).toBeGreaterThanOrEqual(share.reserveBytes / 4)
      // Who keeps up has little at any time, and always gets it.
      expect(fill()).toBeGreaterThan(share.reserveBytes / 2 / 16 - bytes)
    }),
    { numRuns: 50 },
  )
})
