// What a destination counts since the broker became active.

export class DestinationCounters {
  enqueued = 0
  dequeued = 0
  dispatched = 0
  expired = 0
  producers = 0
}
