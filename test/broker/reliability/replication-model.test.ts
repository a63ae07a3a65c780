// The short form of the model of replication (test/reliability/replication-model/model.ts); the long one, of which .ci/run does a hundredth, and a
// seed that has failed once more, with everything that happens in it:
//   npm run soak -- replication-model --schedules 10000
//   npm run soak -- replication-model --seed 17 --schedules 1 --trace
import { expect, test } from '@jest/globals'
import { runReplicationModel } from '../../reliability/replication-model/model.ts'
import { sabotages } from '../../reliability/replication-model/sabotage.ts'

const schedules = Number(process.env['FLOTILLA_RUNS'] ?? 150)
const seed = Number(process.env['FLOTILLA_SEED'] ?? 20_261_201)

test(`what a replicated group has confirmed is never lost, seed ${seed}`, () => {
  const figures = runReplicationModel({ seed, schedules })
  expect(figures.schedules).toBe(schedules)
  // Not much would be proven if one of these did not happen.
  for (const [name, count] of Object.entries(figures)) expect([name, count > 0]).toEqual([name, true])
}, 600_000)

// Some show in one of hundreds of groups only: it begins shortly before.
const firstSeeds: Readonly<Record<string, number>> = {
  'promises are not durable': 1090,
  'members promise a term to everybody who asks': 580,
  'members that start tell of what is not on their disks': 2450,
}

test.each(Object.entries(sabotages))('it would be noticed if %s', (name, sabotage) => {
  const first = firstSeeds[name] ?? 1
  expect(() => runReplicationModel({ seed: first, schedules: 500, sabotage })).toThrow(/seed \d+: /)
})

test('a failure is told with its seed and what happened last', () => {
  const sabotage = sabotages['an active waits for one member too few']!
  const failure = (): unknown => runReplicationModel({ seed: 1, schedules: 100, sabotage })
  expect(failure).toThrow(/^seed \d+: . confirms record \d+ in term \d+, which \d have, not \d\n/)
  expect(failure).toThrow(/\n {2}. → .: \{"type":"promised",/)
})
