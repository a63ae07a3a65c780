// Waits for what only can be asked.
import { systemClock } from '../../broker/base/clock.ts'
import { sleep } from '../../operator/controller/sleep.ts'

/** Of a test. */
export const waitMs = 120_000

/** Asks until the answer is something else than a text, which says what is missing. */
export async function eventually<T>(ask: () => Promise<T | string>): Promise<Exclude<T, string>> {
  const endMs = systemClock.monotonicMs() + waitMs - 2000
  for (;;) {
    const answer = await ask()
    if (typeof answer !== 'string') return answer as Exclude<T, string>
    if (systemClock.monotonicMs() > endMs) throw new Error(`Not in time: ${answer}`)
    await sleep(systemClock, 50, new AbortController().signal)
  }
}
