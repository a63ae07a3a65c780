// The short form of what is tried on the journal; the long form is `npm run soak -- journal`. The crash model alone, with
// shrinking, is test/broker/store/journal/journal-crash.test.ts.
import { expect, jest, test } from '@jest/globals'
import { runCrashes } from '../../reliability/journal-crashes.ts'
import { runFlips } from '../../reliability/journal-flips.ts'
import { runKills } from '../../reliability/journal-kills.ts'

// Processes start slowly on a busy machine.
jest.setTimeout(180_000)
const seed = Number(process.env['FLOTILLA_SEED'] ?? Date.now() % 2 ** 31)
process.stderr.write(`journal: seed ${seed}\n`)

test('a disk that dies at any write, fills up or returns errors costs nothing that was acknowledged', async () => {
  const figures = await runCrashes({ seed, workloads: 1 })
  expect(figures.recoveries).toBeGreaterThan(figures.full + figures.errors)
})

test('a flipped bit is found or does not matter, and costs no more than what it stands in', async () => {
  const { flips, damage, summaries, closingMark, immaterial } = await runFlips({ seed, flips: 150 })
  expect(damage + summaries + closingMark + immaterial).toBe(flips)
  expect(damage).toBeGreaterThan(flips / 2)
})

test('a broker that is killed under load has everything that it acknowledged', async () => {
  const figures = await runKills({ seed, kills: 2 })
  expect(figures).toMatchObject({ kills: 2, lost: 0, doubled: 0, outOfOrder: 0, halfThere: 0, damaged: 0 })
})
