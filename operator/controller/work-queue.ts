// Keys that wait to be processed. A key is queued at most once and never processed twice at the same time: one that is
// added while it is being processed is processed again afterwards, so that no change is missed. It knows nothing of
// what a key means, and keeps no object: whoever processes a key reads the newest state.
//
// A key is in at most one of these: waiting (in `#ready`, in order), processing (in `#processing`; `again` says that it
// was added meanwhile). Besides, it may have one timer. Processing a key cancels its timer: it sees the whole state, and
// says itself when it wants to be called again.
import type { Clock, Timer } from '../../broker/base/clock.ts'
import type { Random } from '../../broker/base/random.ts'
import { isPassing } from '../kube/errors.ts'
import { backoffMs } from './backoff.ts'
import { defaultReconcileConcurrency, firstReconcileRetryMs, maxPassingRetryMs, maxReconcileRetryMs } from './limits.ts'

export interface WorkQueueOptions {
  /** How many keys are processed at the same time. Default 4. */
  readonly concurrency?: number
  /** Delay after the first failure of a key. Default 5 ms. */
  readonly retryBaseMs?: number
  /** Longest delay between two tries of a key. Default 5 min; not above 10 s for what passes by itself. */
  readonly retryMaxMs?: number
}

/**
 * Resolved: done, and again after the delay if one is given. Rejected: failed, and again after a back-off, which is not
 * shorter than the error's `retryAfterMs` if it has one.
 */
type ProcessKey = (key: string) => Promise<{ readonly requeueAfterMs?: number }>

interface Delayed {
  readonly dueMs: number
  readonly timer: Timer
}

export class WorkQueue {
  readonly #process: ProcessKey
  readonly #clock: Clock
  readonly #random: Random
  readonly #concurrency: number
  readonly #retry: { readonly baseMs: number; readonly maxMs: number }
  readonly #onDepth: (depth: number) => void
  readonly #ready = new Set<string>()
  readonly #processing = new Map<string, { again: boolean }>()
  readonly #delayed = new Map<string, Delayed>()
  readonly #failures = new Map<string, number>()
  #started = false
  #dispatching = false
  #stopped: PromiseWithResolvers<void> | undefined

  constructor(
    process: ProcessKey,
    environment: { clock: Clock; random: Random; onDepth?: (depth: number) => void },
    options: WorkQueueOptions = {},
  ) {
    this.#process = process
    this.#clock = environment.clock
    this.#random = environment.random
    this.#onDepth = environment.onDepth ?? (() => {})
    this.#concurrency = options.concurrency ?? defaultReconcileConcurrency
    this.#retry = {
      baseMs: options.retryBaseMs ?? firstReconcileRetryMs,
      maxMs: options.retryMaxMs ?? maxReconcileRetryMs,
    }
  }

  /** Keys waiting to be processed, not counting those with only a timer. */
  get depth(): number {
    return this.#ready.size
  }

  /** Failures in a row of a key. */
  failures(key: string): number {
    return this.#failures.get(key) ?? 0
  }

  /** Keys added earlier wait until now. */
  start(): void {
    this.#started = true
    this.#dispatch()
  }

  /** As soon as possible, even if the key is in back-off: something about it has changed. */
  add(key: string): void {
    if (this.#stopped) return
    const running = this.#processing.get(key)
    if (running) running.again = true
    else if (!this.#ready.has(key)) {
      this.#ready.add(key)
      this.#onDepth(this.#ready.size)
    }
    this.#dispatch()
  }

  /** After the delay at the latest: the earlier of two timers of a key counts. */
  addAfter(key: string, delayMs: number): void {
    if (this.#stopped) return
    if (delayMs <= 0) return this.add(key)
    const dueMs = this.#clock.monotonicMs() + delayMs
    const earlier = this.#delayed.get(key)
    if (earlier && earlier.dueMs <= dueMs) return
    earlier?.timer.cancel()
    const timer = this.#clock.after(delayMs, () => {
      this.#delayed.delete(key)
      this.add(key)
    })
    this.#delayed.set(key, { dueMs, timer })
  }

  /** Takes nothing more and forgets what waits; resolves when what is being processed has ended. */
  stop(): Promise<void> {
    if (!this.#stopped) {
      this.#stopped = Promise.withResolvers()
      for (const { timer } of this.#delayed.values()) timer.cancel()
      this.#delayed.clear()
      this.#ready.clear()
      this.#onDepth(0)
      if (this.#processing.size === 0) this.#stopped.resolve()
    }
    return this.#stopped.promise
  }

  /** Not in the caller's own turn: keys that are added several times in one turn are processed once. */
  #dispatch(): void {
    if (this.#dispatching || !this.#started) return
    this.#dispatching = true
    queueMicrotask(() => {
      this.#dispatching = false
      for (const key of this.#ready) {
        if (this.#processing.size >= this.#concurrency) return
        this.#ready.delete(key)
        this.#onDepth(this.#ready.size)
        void this.#run(key)
      }
    })
  }

  #retryOf(error: unknown): { readonly baseMs: number; readonly maxMs: number } {
    const { baseMs, maxMs } = this.#retry
    return isPassing(error) ? { baseMs, maxMs: Math.min(maxMs, maxPassingRetryMs) } : this.#retry
  }

  async #run(key: string): Promise<void> {
    const running = { again: false }
    this.#processing.set(key, running)
    this.#delayed.get(key)?.timer.cancel()
    this.#delayed.delete(key)
    let nextMs: number | undefined
    try {
      nextMs = (await this.#process(key)).requeueAfterMs
      this.#failures.delete(key)
    } catch (error) {
      const failures = this.failures(key) + 1
      this.#failures.set(key, failures)
      nextMs = Math.max(backoffMs(failures, this.#retryOf(error), this.#random), retryAfterMs(error))
    }
    this.#processing.delete(key)
    if (this.#stopped) {
      if (this.#processing.size === 0) this.#stopped.resolve()
      return
    }
    if (nextMs !== undefined) this.addAfter(key, nextMs)
    if (running.again) this.add(key)
    this.#dispatch()
  }
}

function retryAfterMs(error: unknown): number {
  const value = (error as { retryAfterMs?: unknown } | null | undefined)?.retryAfterMs
  return typeof value === 'number' ? value : 0
}
