// For what a database is asked and need not answer.
import type { Clock } from '../../base/clock.ts'

/** Resolves when it has come to an end, or the time has passed; with whether it came to a good end. */
export async function waitAtMost(clock: Clock, durationMs: number, asked: Promise<unknown>): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const timer = clock.after(durationMs, () => resolve(false))
  asked.then(
    () => resolve(true),
    () => resolve(false),
  )
  const isDone = await promise
  timer.cancel()
  return isDone
}
