// Whether a connection's socket is read. There can be several reasons to stop; it is read again when none is left.
import type { AfterSync, DurableAction } from './after-sync.ts'
import { connectionLimits } from './limits.ts'

type Reason = 'space' | 'disk'

export interface IntakePort {
  pause(): void
  resume(): void
}

export class Intake implements DurableAction {
  readonly #port: IntakePort
  readonly #afterSync: AfterSync
  readonly #reasons = new Set<Reason>()
  #unsyncedBytes = 0
  #markedBytes = 0

  constructor(port: IntakePort, afterSync: AfterSync) {
    this.#port = port
    this.#afterSync = afterSync
  }

  stop(reason: Reason): void {
    if (this.#reasons.has(reason)) return
    this.#reasons.add(reason)
    if (this.#reasons.size === 1) this.#port.pause()
  }

  start(reason: Reason): void {
    if (this.#reasons.delete(reason) && this.#reasons.size === 0) this.#port.resume()
  }

  /** Counts what was given to the store: whoever sends faster than the disk writes is not read until it caught up. */
  written(bytes: number): void {
    this.#unsyncedBytes += bytes
    this.#mark()
    if (this.#unsyncedBytes >= connectionLimits.unsyncedBytes) this.stop('disk')
  }

  afterSync(): void {
    this.#unsyncedBytes -= this.#markedBytes
    this.#markedBytes = 0
    this.#mark()
    if (this.#unsyncedBytes < connectionLimits.unsyncedBytes) this.start('disk')
  }

  // One mark is under way at a time; counting single messages would cost more than it tells.
  #mark(): void {
    if (this.#markedBytes > 0 || this.#unsyncedBytes < connectionLimits.unsyncedBytes / 2) return
    this.#markedBytes = this.#unsyncedBytes
    this.#afterSync.run(this)
  }
}
