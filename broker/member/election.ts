// From a member that has started to one that holds the lock: it waits as long as others have it, and says so.
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import type { Lock, LockHandle } from '../lock/lock.ts'
import { abandonLockAfterMs, standbyAfterMs } from './limits.ts'

export interface ElectionOptions {
  readonly lock: Lock
  readonly clock: Clock
  readonly logger: Logger
  readonly adminPort: () => number
}

export class Election {
  readonly #options: ElectionOptions
  #asking = false

  constructor(options: ElectionOptions) {
    this.#options = options
  }

  /** The lock is still being asked for: also after it was given up, as long as its volume does not answer. */
  get asking(): boolean {
    return this.#asking
  }

  /** Resolves when the lock is held. Rejects with the reason of `signal` soon after that aborts, whatever the lock does. */
  async wait(signal: AbortSignal): Promise<LockHandle> {
    const { lock, clock } = this.#options
    const over = new AbortController()
    const abandoned = Promise.withResolvers<never>()
    const announcement = clock.after(standbyAfterMs, () => void this.#announceStandby(over.signal))
    const giveUp = (): void => {
      announcement.cancel()
      const timer = clock.after(abandonLockAfterMs, () => abandoned.reject(signal.reason as Error))
      over.signal.addEventListener('abort', () => timer.cancel())
    }
    signal.addEventListener('abort', giveUp)
    try {
      return await Promise.race([this.#acquire(lock, signal), abandoned.promise])
    } finally {
      signal.removeEventListener('abort', giveUp)
      over.abort()
      announcement.cancel()
    }
  }

  async #acquire(lock: Lock, signal: AbortSignal): Promise<LockHandle> {
    this.#asking = true
    try {
      const handle = await lock.acquire(signal)
      if (!signal.aborted) return handle
      await handle.release()
      throw signal.reason
    } finally {
      this.#asking = false
    }
  }

  async #announceStandby(over: AbortSignal): Promise<void> {
    const { lock, logger, adminPort } = this.#options
    const why = await whyNotActive(lock)
    if (!over.aborted) logger.info(`Standby: ${why}`, { adminPort: adminPort() })
  }
}

async function whyNotActive(lock: Lock): Promise<string> {
  const { obstacle } = lock
  switch (obstacle.kind) {
    case 'Unknown':
      return 'the lock has not answered yet'
    case 'Trouble':
      return `the lock cannot be tried now: ${obstacle.reason}`
    case 'Held': {
      const holder = await lock.holder().catch(() => undefined)
      return holder ? `${holder.member} is active in term ${holder.term}` : 'another member is active'
    }
  }
}
