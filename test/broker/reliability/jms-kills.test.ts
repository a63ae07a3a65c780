// The short form of SIGKILLs under a load that mixes what JMS has: some kills of a pair of real brokers. The long form, with 100 of
// them, is `npm run soak -- jms-kills`; the checks have tests of their own in test/reliability/jms-kills.
import { expect, test } from '@jest/globals'
import { allActors } from '../../reliability/jms-kills/actors.ts'
import { runJmsKills } from '../../reliability/jms-kills/run.ts'

const seed = Number(process.env['FLOTILLA_SEED'] ?? Date.now() % 2 ** 31)
process.stderr.write(`jms-kills: seed ${seed}\n`)

test('selectors, durable subscribers, transactions and expiry survive an active that is killed under load', async () => {
  const { kills, actors } = await runJmsKills({ seed, kills: 3, actors: allActors })
  expect(kills).toBeGreaterThanOrEqual(3)
  for (const { done, undone } of Object.values(actors)) {
    expect(done).toBeGreaterThan(10)
    expect(undone).toBeGreaterThan(0)
  }
})
