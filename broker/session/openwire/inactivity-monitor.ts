// The inactivity monitor of one connection (as ActiveMQ's AbstractInactivityMonitor): every write period a KeepAliveInfo if nothing
// was sent, every read period an end if nothing came. Counts activity; does not see bytes.
import type { Clock, Timer } from '../../base/clock.ts'

export interface InactivityTimes {
  /** 0 = no monitor. */
  readonly maxInactivityDurationMs: number
  readonly initialDelayMs: number
}

export interface InactivityActions {
  sendKeepAlive(): void
  /** The peer was silent for a whole read period. */
  peerIsSilent(durationMs: number): void
}

export class InactivityMonitor {
  readonly #clock: Clock
  readonly #actions: InactivityActions
  #received = false
  #sent = false
  /** While we do not read, silence says nothing about the peer. */
  #readingPaused = false
  #readTimer: Timer | undefined
  #writeTimer: Timer | undefined

  constructor(clock: Clock, actions: InactivityActions) {
    this.#clock = clock
    this.#actions = actions
  }

  start({ maxInactivityDurationMs, initialDelayMs }: InactivityTimes): void {
    if (maxInactivityDurationMs <= 0) return
    const readPeriodMs = maxInactivityDurationMs
    const writePeriodMs = readPeriodMs > 3 ? readPeriodMs / 3 : readPeriodMs
    this.#scheduleRead(initialDelayMs, readPeriodMs)
    this.#writeTimer = this.#clock.after(initialDelayMs, () => this.#checkWrite(writePeriodMs))
  }

  stop(): void {
    this.#readTimer?.cancel()
    this.#writeTimer?.cancel()
  }

  received(): void {
    this.#received = true
  }

  sent(): void {
    this.#sent = true
  }

  set readingPaused(paused: boolean) {
    this.#readingPaused = paused
    this.#received = true
  }

  #scheduleRead(delayMs: number, periodMs: number): void {
    const dueMs = this.#clock.monotonicMs() + delayMs
    this.#readTimer = this.#clock.after(delayMs, () => this.#checkRead(dueMs, periodMs))
  }

  #checkRead(dueMs: number, periodMs: number): void {
    // A process that stood still (suspended, stalled) fires its timers before it reads what came meanwhile.
    const late = this.#clock.monotonicMs() - dueMs > periodMs / 10
    if (!this.#received && !this.#readingPaused && !late) {
      this.stop()
      this.#actions.peerIsSilent(periodMs)
      return
    }
    this.#received = false
    this.#scheduleRead(periodMs, periodMs)
  }

  #checkWrite(periodMs: number): void {
    if (!this.#sent) this.#actions.sendKeepAlive()
    this.#sent = false
    this.#writeTimer = this.#clock.after(periodMs, () => this.#checkWrite(periodMs))
  }
}
