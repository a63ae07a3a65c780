// The short form of the JMS model (test/reliability/jms-model/model.ts), one half of it; the other is jms-model-2.test.ts, so that
// both run at once. Another seed, or more steps:
//   FLOTILLA_SEED=17 FLOTILLA_STEPS=1000000 npm test -- test/broker/reliability/jms-model.test
// FLOTILLA_TRACE=1 FLOTILLA_HISTORY=500 shows what led to a violation.
import { expect, test } from '@jest/globals'
import { runJmsModel } from '../../reliability/jms-model/model.ts'
import { atLength } from '../../support/at-length.ts'

const steps = Number(process.env['FLOTILLA_STEPS'] ?? atLength(50_000, 10_000))
// Fixed, so that a commit fails for what it changes; the long form tries new ones.
const seed = Number(process.env['FLOTILLA_SEED'] ?? 20_261_130)

test(`a broker does for JMS applications what the naive model allows, seed ${seed}`, async () => {
  process.stdout.write(`JMS model: seed ${seed}, ${steps} steps\n`)
  const figures = await runJmsModel({ seed, steps })
  expect(figures.steps).toBe(steps)
  // Not much would be proven if one of these did not happen.
  for (const [name, count] of Object.entries(figures)) expect([name, count > 0]).toEqual([name, true])
}, 600_000)
