// For what a database is asked and need not answer.
import type { Clock } from '../../base/clock.ts'

/** Resolves when it has come to an end, well or not, or the time has passed. */
export async function waitAtMost(clock: Clock, durationMs: number, asked: Promise<unknown>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = clock.after(durationMs, resolve)
  const over = (): void => {
    timer.cancel()
    resolve()
  }
  asked.then(over, over)
  await promise
}
