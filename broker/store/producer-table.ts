// The last committed producerSequenceId of each producer: tells a send that is repeated after a failover from a new one.
// Bounded: the producers that were quiet longest are forgotten.

export class ProducerTable {
  readonly #limit: number
  /** In order of last use, the oldest first. */
  readonly #sequences = new Map<string, number>()

  constructor(limit: number) {
    this.#limit = limit
  }

  get(producerId: string): number | undefined {
    return this.#sequences.get(producerId)
  }

  /**
   * Smaller sequences than the known one change nothing but the order of forgetting. Returns the producer that is forgotten for it,
   * if one is.
   */
  set(producerId: string, sequence: number): string | undefined {
    const known = this.#sequences.get(producerId)
    let forgotten: string | undefined
    if (known !== undefined) this.#sequences.delete(producerId)
    else if (this.#sequences.size >= this.#limit) {
      forgotten = this.#sequences.keys().next().value
      if (forgotten !== undefined) this.#sequences.delete(forgotten)
    }
    this.#sequences.set(producerId, known === undefined ? sequence : Math.max(known, sequence))
    return forgotten
  }

  /** From the one forgotten first to the one forgotten last. */
  entries(): Iterable<readonly [producerId: string, sequence: number]> {
    return this.#sequences
  }

  clear(): void {
    this.#sequences.clear()
  }
}
