// Numbers of the commands that one end of a connection sends: positive, and never one that is still to be answered. They go round
// after 2^31: a bridge may well send more than that.

const largest = 0x7fff_ffff

export class CommandIds {
  #last: number
  /** They have gone round once: before that none can be awaited. */
  #repeats = false

  /** `last`: the one before the first. */
  constructor(last = 0) {
    this.#last = last
  }

  /** `awaited`: those that have no answer yet. */
  next(awaited: { has(commandId: number): boolean }): number {
    do {
      this.#repeats ||= this.#last === largest
      this.#last = this.#last === largest ? 1 : this.#last + 1
    } while (this.#repeats && awaited.has(this.#last))
    return this.#last
  }
}
