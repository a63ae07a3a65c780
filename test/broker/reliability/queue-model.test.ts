// The short form of the queue model (test/reliability/queue-model.ts). Another seed, or more steps:
//   FLOTILLA_SEED=17 FLOTILLA_STEPS=1000000 npm test -- test/broker/reliability/queue-model
// FLOTILLA_TRACE=1 FLOTILLA_HISTORY=500 shows what led to a violation.
import { expect, test } from '@jest/globals'
import { runQueueModel } from '../../reliability/queue-model.ts'
import { atLength } from '../../support/at-length.ts'

const steps = Number(process.env['FLOTILLA_STEPS'] ?? atLength(100_000, 15_000))
// Fixed, so that a commit fails for what it changes; the long form tries new ones.
const seed = Number(process.env['FLOTILLA_SEED'] ?? 2_086_134_499)

test(`a broker with queues does what the naive model allows, seed ${seed}`, async () => {
  process.stdout.write(`queue model: seed ${seed}, ${steps} steps\n`)
  const figures = await runQueueModel({ seed, steps })
  expect(figures.steps).toBe(steps)
  // Not much would be proven if one of these did not happen.
  for (const count of Object.values(figures)) expect(count).toBeGreaterThan(0)
}, 600_000)
