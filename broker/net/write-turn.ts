// Gathers what is written to sockets during one turn of the event loop, so that each socket gets one write per turn.

export interface Flushable {
  flush(): void
}

export class WriteTurn {
  #dirty: Flushable[] = []
  #scheduled = false

  /** Flushes `output` at the end of this turn; once for each call. */
  schedule(output: Flushable): void {
    this.#dirty.push(output)
    if (this.#scheduled) return
    this.#scheduled = true
    // After all sockets that were readable in this turn, so that their effects share the write.
    setImmediate(() => this.#flush())
  }

  #flush(): void {
    this.#scheduled = false
    const dirty = this.#dirty
    this.#dirty = []
    for (const output of dirty) output.flush()
  }
}
