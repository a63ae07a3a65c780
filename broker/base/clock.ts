// Time as a port: core code takes a Clock, so that tests and simulations own it.

export interface Timer {
  cancel(): void
}

export interface Clock {
  /** Wall clock, milliseconds since the epoch. */
  nowMs(): number
  /** Monotonic milliseconds, with fractions; only differences mean something. */
  monotonicMs(): number
  /** Calls back once after `delayMs`. A pending timer never keeps the process alive by itself. */
  after(delayMs: number, callback: () => void): Timer
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, callback) {
    const handle = setTimeout(callback, delayMs)
    handle.unref()
    return { cancel: () => clearTimeout(handle) }
  },
}
