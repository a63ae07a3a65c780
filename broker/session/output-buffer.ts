// What goes out on one connection, whatever its protocol. Answers are written at once. Deliveries are encoded only while the
// socket takes them: beyond the high water mark the region keeps them (what it had under way waits here), and the session
// is told to stop reading, so that a client which does not read cannot make the broker grow.
import type { Clock, Timer } from '../base/clock.ts'
import {
  maxOutboundBytes,
  minOutboundBytesPerSecond,
  outboundHighWaterBytes,
  outboundLowWaterBytes,
  outboundStallTimeoutMs,
} from './limits.ts'
import type { SessionOutput } from './session.ts'

/** Whom a delivery is for, as its protocol keeps it. */
export interface DeliveryTarget {
  /** What still waits for it is not for anybody any more. */
  readonly removed: boolean
}

export interface OutputBufferActions<Target, Item> {
  /** Buffers to be written one after the other. */
  encode(target: Target, item: Item): readonly Buffer[]
  congested(): void
  relieved(): void
  /** The client does not read: the connection has to go. */
  tooSlow(reason: string, limit: string): void
}

interface Held<Target, Item> {
  readonly target: Target
  readonly item: Item
}

export class OutputBuffer<Target extends DeliveryTarget, Item> {
  readonly #output: SessionOutput
  readonly #clock: Clock
  readonly #actions: OutputBufferActions<Target, Item>
  #held: Held<Target, Item>[] = []
  #nextHeld = 0
  #congested = false
  #stallTimer: Timer | undefined

  constructor(output: SessionOutput, clock: Clock, actions: OutputBufferActions<Target, Item>) {
    this.#output = output
    this.#clock = clock
    this.#actions = actions
  }

  /** Nothing should be delivered. */
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

  deliver(target: Target, item: Item): void {
    if (this.#congested) this.#held.push({ target, item })
    else this.#writeDelivery(target, item)
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
      const { target, item } = this.#held[this.#nextHeld++]!
      if (!target.removed) this.#writeDelivery(target, item)
    }
    if (this.#nextHeld < this.#held.length) return
    this.#held = []
    this.#nextHeld = 0
  }

  #writeDelivery(target: Target, item: Item): void {
    for (const bytes of this.#actions.encode(target, item)) this.#output.write(bytes)
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
