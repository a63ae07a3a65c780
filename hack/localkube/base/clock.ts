// Time as a port, for the controllers and the kubelet: back-off, probes and grace periods run on it, so that tests own them.

export interface Timer {
  cancel(): void
}

export interface Clock {
  /** Wall clock, milliseconds since the epoch. */
  nowMs(): number
  /** Calls back once after `delayMs`. A pending timer never keeps the process alive by itself. */
  after(delayMs: number, callback: () => void): Timer
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  after(delayMs, callback) {
    const handle = setTimeout(callback, delayMs)
    handle.unref()
    return { cancel: () => clearTimeout(handle) }
  },
}

/** RFC 3339 without fractions, as Kubernetes writes times. */
export const timestamp = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`
