// The short form of the model of replication (test/reliability/replication-model/model.ts); `npm run soak -- replication-model` is the long one, of
// which .ci/run does a hundredth. Another seed, or more schedules; FLOTILLA_TRACE=1 tells all that happens:
//   FLOTILLA_SEED=17 FLOTILLA_RUNS=100000 npm test -- test/broker/reliability/replication-model
import { expect, test } from '@jest/globals'
import { runReplicationModel } from '../../reliability/replication-model/model.ts'
import { sabotages } from '../../reliability/replication-model/sabotage.ts'

const schedules = Number(process.env['FLOTILLA_RUNS'] ?? 300)
const seed = Number(process.env['FLOTILLA_SEED'] ?? 20_261_201)
const trace = process.env['FLOTILLA_TRACE'] ? (line: string) => void process.stdout.write(`${line}\n`) : undefined

test(`what a replicated group has confirmed is never lost, seed ${seed}`, () => {
  const figures = runReplicationModel({ seed, schedules, trace })
  expect(figures.schedules).toBe(schedules)
  // Not much would be proven if one of these did not happen.
  for (const [name, count] of Object.entries(figures)) expect([name, count > 0]).toEqual([name, true])
}, 600_000)

// The last one takes a disk that is lost between a promise and the first write of whom it was given to: of a hundred thousand groups, this.
test.each(Object.entries(sabotages))('it would be noticed if %s', (name, sabotage) => {
  const first = name === 'members that were empty count at once' ? 1_107_723 : 1
  expect(() => runReplicationModel({ seed: first, schedules: 50, sabotage })).toThrow(/seed \d+: /)
})
