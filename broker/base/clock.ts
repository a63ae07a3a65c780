// Time as a port: core code takes a Clock, so that tests and simulations own it.

export interface Timer {
  cancel(): void
}

export interface Clock {
  /** Wall clock, milliseconds since the epoch; may stand still within a turn of the event loop. */
  nowMs(): number
  /** Monotonic milliseconds, with fractions; only differences mean something. */
  monotonicMs(): number
  /** Calls back once after `delayMs`. A pending timer never keeps the process alive by itself. */
  after(delayMs: number, callback: () => void): Timer
}

/** 0 = to be asked. */
let turnMs = 0

const endTurn = (): void => {
  turnMs = 0
}

/** Asks the operating system once in a turn of the event loop: with many small messages that was 7 % of the broker's work. */
export const systemClock: Clock = {
  nowMs() {
    if (turnMs === 0) {
      turnMs = Date.now()
      setImmediate(endTurn)
    }
    return turnMs
  },
  monotonicMs: () => performance.now(),
  after(delayMs, callback) {
    const handle = setTimeout(callback, delayMs)
    handle.unref()
    return { cancel: () => clearTimeout(handle) }
  },
}
