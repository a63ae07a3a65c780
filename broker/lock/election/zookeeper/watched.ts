// What was read of ZooKeeper, until a watch tells that it has changed.

export class Watched<Value> {
  readonly #read: (changed: () => void) => Promise<Value>
  readonly #changed: () => void
  #isFresh = false
  #value: Value | undefined

  /** `changed`: it is worth asking `read` again. */
  constructor(read: (changed: () => void) => Promise<Value>, changed: () => void) {
    this.#read = read
    this.#changed = changed
  }

  async read(): Promise<Value> {
    if (this.#isFresh) return this.#value as Value
    // Before it is asked: what changes between the answer and its arrival must not be missed.
    this.#isFresh = true
    try {
      this.#value = await this.#read(() => {
        this.#isFresh = false
        this.#changed()
      })
    } catch (error) {
      this.#isFresh = false
      throw error
    }
    return this.#value
  }
}
