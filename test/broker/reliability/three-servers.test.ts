// The short form of `npm run soak -- three-servers`.
import { expect, test } from '@jest/globals'
import { runThreeServers } from '../../reliability/three-servers/run.ts'

test('A without a store is linked to whichever of B and C is active: whoever dies, nothing acknowledged is lost', async () => {
  const figures = await runThreeServers({ rounds: 3 })
  expect(figures.lost).toEqual([])
  expect(figures.consumed).toBeGreaterThan(300)
}, 120_000)
