// The long form of the model of the queue: ten million random commands, with other seeds than the short form.
import { runQueueModel, type ModelFigures } from './queue-model.ts'
import type { SoakOptions } from './soak.ts'

const steps = 10_000_000
const stepsPerLine = 200_000

export async function soakQueueModel({ seed, scale, print }: SoakOptions): Promise<void> {
  let printed = 0
  const progress = (figures: ModelFigures): void => {
    if (figures.steps - printed < stepsPerLine) return
    printed = figures.steps
    print(`queue-model: ${figures.steps} steps`)
  }
  const figures = await runQueueModel({ seed, steps: Math.ceil(steps * scale), progress })
  print(`queue-model: ${JSON.stringify(figures)}`)
}
