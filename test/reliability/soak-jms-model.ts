// The long form of the JMS model: ten million random commands, with other seeds than the short form.
import { runJmsModel, type JmsFigures } from './jms-model/model.ts'
import type { SoakOptions } from './soak.ts'

const steps = 10_000_000
const stepsPerLine = 100_000

export async function soakJmsModel({ seed, scale, print }: SoakOptions): Promise<void> {
  let printed = 0
  const progress = (figures: JmsFigures): void => {
    if (figures.steps - printed < stepsPerLine) return
    printed = figures.steps
    print(`jms-model: ${figures.steps} steps`)
  }
  const figures = await runJmsModel({ seed, steps: Math.ceil(steps * scale), progress })
  print(`jms-model: ${JSON.stringify(figures)}`)
}
