// The largest sequence of each producer among the persistent messages that still wait for their sync. Together with what
// the store knows it tells whether a message that a failover client sends again has arrived already.

interface Unsynced {
  last: number
  count: number
}

export class UnsyncedProducers {
  readonly #producers = new Map<string, Unsynced>()

  written(producerId: string, producerSequenceId: number): void {
    const known = this.#producers.get(producerId)
    if (!known) this.#producers.set(producerId, { last: producerSequenceId, count: 1 })
    else {
      known.count++
      if (producerSequenceId > known.last) known.last = producerSequenceId
    }
  }

  synced(producerId: string): void {
    const known = this.#producers.get(producerId)
    if (known && --known.count === 0) this.#producers.delete(producerId)
  }

  lastSequence(producerId: string): number | undefined {
    return this.#producers.get(producerId)?.last
  }
}
