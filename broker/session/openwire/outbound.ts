// What goes out on one connection. Answers are written at once. Deliveries are encoded only while the socket takes them:
// beyond the high water mark the region keeps them (what it had under way waits here), and the session is told to stop
// reading, so that a client which does not read cannot make the broker grow.
import type { Clock, Timer } from '../../base/clock.ts'
import type { Delivery } from '../../region/region.ts'
import type { ConsumerState } from './connection-state.ts'
import {
  maxOutboundBytes,
  minOutboundBytesPerSecond,
  outboundHighWaterBytes,
  outboundLowWaterBytes,
  outboundStallTimeoutMs,
} from './limits.ts'

/** The socket, as the session sees it. */
export interface SessionOutput {
  /** Queues bytes; they leave together with everything else of this turn of the event loop. */
  write(bytes: Buffer): void
  /** Bytes queued and not yet taken by the operating system. */
  readonly bufferedBytes: number
  /** Bytes taken since the connection began. */
  readonly sentBytes: number
  pauseReading(): void
  resumeReading(): void
  /** Sends what is queued, then closes. */
  end(): void
  /** Closes at once; what is queued is lost. */
  destroy(): void
}

export interface OutboundActions {
  encode(consumer: ConsumerState, delivery: Delivery | null): readonly Buffer[]
  congested(): void
  relieved(): void
  /** The client does not read: the connection has to go. */
  tooSlow(reason: string, limit: string): void
}

interface Held {
  readonly consumer: ConsumerState
  readonly delivery: Delivery | null
}

export class Outbound {
  readonly #output: SessionOutput
  readonly #clock: Clock
  readonly #actions: OutboundActions
  #held: Held[] = []
  #nextHeld = 0
  #congested = false
  #stallTimer: Timer | undefined

  constructor(output: SessionOutput, clock: Clock, actions: OutboundActions) {
    this.#output = output
    this.#clock = clock
    this.#actions = actions
  }

  /** Nothing should be dispatched. */
  get congested(): boolean {
    return this.#congested
  }

  write(bytes: Buffer): void {
    this.#output.write(bytes)
    const buffered = this.#output.bufferedBytes
    if (buffered < outboundHighWaterBytes) return
    this.#becomeCongested()
    if (buffered > maxOutboundBytes)
      this.#actions.tooSlow(`${buffered} bytes of answers wait for it`, 'maxOutboundBytes')
  }

  dispatch(consumer: ConsumerState, delivery: Delivery | null): void {
    if (this.#congested) this.#held.push({ consumer, delivery })
    else this.#writeDispatch(consumer, delivery)
  }

  /** The socket took bytes. */
  drained(): void {
    if (!this.#congested || this.#output.bufferedBytes > outboundLowWaterBytes) return
    this.#congested = false
    this.#writeHeld()
    if (this.#congested) return
    this.#stallTimer?.cancel()
    this.#actions.relieved()
  }

  close(): void {
    this.#stallTimer?.cancel()
    this.#held = []
    this.#nextHeld = 0
  }

  #writeHeld(): void {
    while (!this.#congested && this.#nextHeld < this.#held.length) {
      const { consumer, delivery } = this.#held[this.#nextHeld++]!
      if (!consumer.removed) this.#writeDispatch(consumer, delivery)
    }
    if (this.#nextHeld < this.#held.length) return
    this.#held = []
    this.#nextHeld = 0
  }

  #writeDispatch(consumer: ConsumerState, delivery: Delivery | null): void {
    for (const bytes of this.#actions.encode(consumer, delivery)) this.#output.write(bytes)
    if (this.#output.bufferedBytes >= outboundHighWaterBytes) this.#becomeCongested()
  }

  #becomeCongested(): void {
    if (this.#congested) return
    this.#congested = true
    this.#watchForStall()
    this.#actions.congested()
  }

  /** A write of many bytes is taken as a whole, so a slow link gets time for all that is queued. */
  #watchForStall(): void {
    this.#stallTimer?.cancel()
    const sentBefore = this.#output.sentBytes
    const patienceMs = outboundStallTimeoutMs + (1000 * this.#output.bufferedBytes) / minOutboundBytesPerSecond
    this.#stallTimer = this.#clock.after(patienceMs, () => {
      if (this.#output.sentBytes > sentBefore) this.#watchForStall()
      else this.#actions.tooSlow(`it took no byte in ${Math.round(patienceMs / 1000)} s`, 'outboundStallTimeoutMs')
    })
  }
}
