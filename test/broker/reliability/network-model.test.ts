// The short form of the model of networks (test/reliability/network-model/model.ts); `npm run soak -- network-model` is the long one, which
// .ci/run does. Another seed, or more runs:
//   FLOTILLA_SEED=17 FLOTILLA_RUNS=100000 npm test -- test/broker/reliability/network-model.test
import { expect, test } from '@jest/globals'
import { runWatched } from '../../reliability/network-model/run-watched.ts'
import { atLength } from '../../support/at-length.ts'

const runs = Number(process.env['FLOTILLA_RUNS'] ?? atLength(2000, 250))
const seed = Number(process.env['FLOTILLA_SEED'] ?? 20_261_130)

test(`what goes into a network of brokers comes out, seed ${seed}`, async () => {
  const figures = await runWatched({ seed, runs })
  process.stdout.write(`network model: ${JSON.stringify(figures)}\n`)
  expect(figures.runs).toBe(runs)
  for (const [name, count] of Object.entries(figures)) expect([name, count > 0]).toEqual([name, true])
}, 600_000)
