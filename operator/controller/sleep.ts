// Waiting by a Clock, ended early by a signal.
import type { Clock } from '../../broker/base/clock.ts'

/** Resolves after `delayMs`, or as soon as the signal aborts. Never rejects. */
export function sleep(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const done = () => {
      timer.cancel()
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = clock.after(delayMs, done)
    signal.addEventListener('abort', done)
  })
}
