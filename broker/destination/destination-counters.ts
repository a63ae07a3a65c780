// What a destination counts since the broker became active.

export class DestinationCounters {
  enqueued = 0
  dequeued = 0
  dispatched = 0
  expired = 0
  producers = 0
  /** How often a consumer or a producer came: grows with every use that does not show in the other numbers. */
  arrivals = 0

  addProducer(): void {
    this.producers++
    this.arrivals++
  }
}
