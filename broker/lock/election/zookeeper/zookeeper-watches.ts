// Watches: who wants to be called once when a node changes. They live at the server; what is kept here says whom to call, and sets them again
// at another server.

const created = 1
const deleted = 2
const changed = 3
const childrenChanged = 4

export interface SetWatches {
  readonly data: Iterable<string>
  readonly exists: Iterable<string>
  readonly children: Iterable<string>
  readonly isEmpty: boolean
}

export class ZooKeeperWatches {
  readonly #data = new Map<string, Set<() => void>>()
  /** For nodes that were not there. */
  readonly #exists = new Map<string, Set<() => void>>()
  readonly #children = new Map<string, Set<() => void>>()

  get set(): SetWatches {
    const [data, exists, children] = [this.#data.keys(), this.#exists.keys(), this.#children.keys()]
    return { data, exists, children, isEmpty: this.#data.size + this.#exists.size + this.#children.size === 0 }
  }

  add(kind: 'data' | 'exists' | 'children', path: string, call: () => void): void {
    const all = { data: this.#data, exists: this.#exists, children: this.#children }[kind]
    const known = all.get(path) ?? new Set()
    known.add(call)
    all.set(path, known)
  }

  clear(): void {
    for (const all of [this.#data, this.#exists, this.#children]) all.clear()
  }

  fire(type: number, path: string): void {
    const fired = {
      [created]: [this.#data, this.#exists],
      [deleted]: [this.#data, this.#exists, this.#children],
      [changed]: [this.#data, this.#exists],
      [childrenChanged]: [this.#children],
    }[type]
    const calls = new Set<() => void>()
    for (const all of fired ?? []) {
      for (const call of all.get(path) ?? []) calls.add(call)
      all.delete(path)
    }
    for (const call of calls) call()
  }
}
