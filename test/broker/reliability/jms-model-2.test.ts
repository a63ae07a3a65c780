// The other half of the short form of the JMS model: see jms-model.test.ts.
import { expect, test } from '@jest/globals'
import { runJmsModel } from '../../reliability/jms-model/model.ts'
import { atLength } from '../../support/at-length.ts'

const steps = atLength(50_000, 10_000)
const seed = 2_086_134_499

test(`a broker does for JMS applications what the naive model allows, seed ${seed}`, async () => {
  process.stdout.write(`JMS model: seed ${seed}, ${steps} steps\n`)
  const figures = await runJmsModel({ seed, steps })
  expect(figures.steps).toBe(steps)
}, 600_000)
