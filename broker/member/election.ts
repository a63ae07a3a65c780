// From a member that has started to one that holds the lock: it keeps away from storage that is not its own, waits as long as
// other members have the lock, and says both.
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import type { Lock, LockHandle } from '../lock/lock.ts'
import { abandonLockAfterMs, refusedIntervalMs, standbyAfterMs } from './limits.ts'
import type { MemberState } from './member-state.ts'

export interface ElectionOptions {
  readonly lock: Lock
  readonly clock: Clock
  readonly logger: Logger
  /** Whether a member that is refused waits for that to change; else it fails with the refusal. */
  readonly waitsWhenRefused: boolean
  readonly adminPort: () => number
}

export class Election {
  readonly #options: ElectionOptions
  readonly #state: MemberState
  #asking = 0

  constructor(options: ElectionOptions, state: MemberState) {
    this.#options = options
    this.#state = state
  }

  /** The lock is still being asked: also after it was given up, as long as its volume does not answer. */
  get asking(): boolean {
    return this.#asking > 0
  }

  /**
   * Resolves when the storage is this broker's, or nobody's. Rejects with StorageRefusedError when it is not, and nobody
   * waits for that to change; with the reason of `signal` soon after that aborts.
   */
  async admit(signal: AbortSignal): Promise<void> {
    const { lock, logger, waitsWhenRefused } = this.#options
    for (;;) {
      const refusal = await this.#answer(lock.refusal(), signal)
      if (!refusal) break
      if (!waitsWhenRefused) throw refusal
      if (refusal.message !== this.#state.refusal) logger.error(refusal.message, refusal.fields)
      this.#state.refusal = refusal.message
      await this.#pause(signal)
    }
    if (this.#state.refusal !== null) logger.info('The storage is not refused any more')
    this.#state.refusal = null
  }

  /** Resolves when the lock is held. Rejects with the reason of `signal` soon after that aborts, whatever the lock does. */
  async wait(signal: AbortSignal): Promise<LockHandle> {
    const { lock, clock } = this.#options
    const over = new AbortController()
    const announcement = clock.after(standbyAfterMs, () => void this.#announceStandby(over.signal))
    const endAnnouncement = (): void => announcement.cancel()
    signal.addEventListener('abort', endAnnouncement)
    try {
      return await this.#answer(acquireUnlessGivenUp(lock, signal), signal)
    } finally {
      over.abort()
      announcement.cancel()
      signal.removeEventListener('abort', endAnnouncement)
    }
  }

  /** What the lock says, or the reason of `signal` when that has aborted and a moment later nothing was said. */
  async #answer<T>(asked: Promise<T>, signal: AbortSignal): Promise<T> {
    const { clock } = this.#options
    const over = new AbortController()
    const abandoned = Promise.withResolvers<never>()
    const giveUp = (): void => {
      const timer = clock.after(abandonLockAfterMs, () => abandoned.reject(signal.reason as Error))
      over.signal.addEventListener('abort', () => timer.cancel())
    }
    if (signal.aborted) giveUp()
    else signal.addEventListener('abort', giveUp)
    try {
      return await Promise.race([this.#count(asked), abandoned.promise])
    } finally {
      signal.removeEventListener('abort', giveUp)
      over.abort()
    }
  }

  async #count<T>(asked: Promise<T>): Promise<T> {
    this.#asking++
    try {
      return await asked
    } finally {
      this.#asking--
    }
  }

  #pause(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const giveUp = (): void => {
        timer.cancel()
        reject(signal.reason as Error)
      }
      const timer = this.#options.clock.after(refusedIntervalMs, () => {
        signal.removeEventListener('abort', giveUp)
        resolve()
      })
      if (signal.aborted) giveUp()
      else signal.addEventListener('abort', giveUp, { once: true })
    })
  }

  async #announceStandby(over: AbortSignal): Promise<void> {
    const { lock, logger, adminPort } = this.#options
    const why = await whyNotActive(lock)
    if (!over.aborted) logger.info(`Standby: ${why}`, { adminPort: adminPort() })
  }
}

/** What is had too late is let go. */
async function acquireUnlessGivenUp(lock: Lock, signal: AbortSignal): Promise<LockHandle> {
  const handle = await lock.acquire(signal)
  if (!signal.aborted) return handle
  await handle.release()
  throw signal.reason
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
