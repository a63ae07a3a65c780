// For what must not be waited for without an end.
import type { Clock } from '../../../base/clock.ts'

/** Resolves with undefined when the time has passed before; what is under way then comes to nothing. */
export async function within<Value>(
  clock: Clock,
  durationMs: number,
  asked: Promise<Value>,
): Promise<Value | undefined> {
  const late = Promise.withResolvers<undefined>()
  const timer = clock.after(durationMs, () => late.resolve(undefined))
  try {
    return await Promise.race([asked, late.promise])
  } finally {
    timer.cancel()
  }
}
