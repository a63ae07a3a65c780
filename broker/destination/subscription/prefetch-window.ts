// How many messages a consumer may hold that it has not acknowledged: its prefetch window, as the PrefetchSubscription of
// ActiveMQ reckons it. With prefetch n it is open while `dispatched - extension < n`; the extension grows with what the
// client has delivered to its application without acknowledging it (transactions, batches). Prefetch 0 opens it never: then
// each message is asked for (pull-request.ts).
import { destinationLimits } from '../limits.ts'

export class PrefetchWindow {
  #size: number
  #extension = 0
  /** It is closed from so many unacknowledged messages on; kept, because it is asked for with every message. */
  limit = 0

  constructor(size: number) {
    this.#size = Math.max(0, size)
    this.#reckon()
  }

  get size(): number {
    return this.#size
  }

  resize(size: number): void {
    this.#size = Math.max(0, size)
    if (this.#size === 0) this.#extension = 0
    this.#reckon()
  }

  /** The client holds `count` more messages without acknowledging them: lets as many more in. */
  expand(count: number): void {
    if (this.#size === 0) return
    this.#extension = Math.min(this.#extension + Math.max(0, count), destinationLimits.maxWindowExtension)
    this.#reckon()
  }

  contract(count: number): void {
    if (this.#extension === 0) return
    this.#extension = Math.max(0, this.#extension - count)
    this.#reckon()
  }

  #reckon(): void {
    this.limit = Math.min(this.#size + this.#extension, destinationLimits.maximumInFlightPerConsumer)
  }
}
