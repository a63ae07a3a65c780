// From a member that has started to one that holds the lock: it waits as long as others have it, and says so.
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import type { Lock, LockHandle } from '../lock/lock.ts'
import { standbyAfterMs } from './limits.ts'

export interface ElectionOptions {
  readonly lock: Lock
  readonly clock: Clock
  readonly logger: Logger
  readonly adminPort: number
}

/** Rejects with the reason of `signal` when that aborts. */
export async function waitForLock(options: ElectionOptions, signal: AbortSignal): Promise<LockHandle> {
  const { lock, clock } = options
  const over = new AbortController()
  const announcement = clock.after(standbyAfterMs, () => void announceStandby(options, over.signal))
  signal.addEventListener('abort', () => over.abort(), { once: true })
  try {
    return await lock.acquire(signal)
  } finally {
    over.abort()
    announcement.cancel()
  }
}

async function announceStandby({ lock, logger, adminPort }: ElectionOptions, over: AbortSignal): Promise<void> {
  const holder = await lock.holder().catch(() => undefined)
  if (over.aborted) return
  const active = holder ? `${holder.member} is active in term ${holder.term}` : 'another member is active'
  logger.info(`Standby: ${active}`, { adminPort })
}
