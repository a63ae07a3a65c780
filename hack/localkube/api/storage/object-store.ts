// The objects, their one counter of resourceVersions and a bounded history of changes, from which watches start and
// old lists are served. Objects in the store are never changed in place: a change puts a new one.
// It knows nothing of kinds beyond a key per resource (`group/plural`), and nothing of defaults or validation.
import { expired } from '../status-error.ts'
import { defaultHistoryLimit } from '../limits.ts'
import type { LocalObject } from '../registry.ts'

export interface StoreEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly resource: string
  readonly revision: number
  /** The object after the change; for DELETED its last state with the resourceVersion of the deletion. */
  readonly object: LocalObject
  /** The object before the change: selectors that stop matching turn a change into a deletion. */
  readonly previous: LocalObject | undefined
}

/** One line of the log on disk: an object as it is now, or its absence. */
export interface LogEntry {
  readonly revision: number
  readonly resource: string
  readonly key: string
  readonly object?: LocalObject
}

/** Where changes are kept across restarts. `append` returns when the entry would survive the death of this process. */
export interface ObjectLog {
  load(): LogEntry[]
  append(entry: LogEntry): void
  /** Told after each append: how many entries a compacted log would have. */
  compactIfWorthwhile(liveCount: number, entries: () => Iterable<LogEntry>): void
  close(): void
}

interface StoreOptions {
  readonly log?: ObjectLog
  readonly historyLimit?: number
}

export const objectKey = (namespace: string | undefined, name: string): string =>
  namespace === undefined || namespace === '' ? `/${name}` : `${namespace}/${name}`

const keyOf = (object: LocalObject): string => objectKey(object.metadata.namespace, object.metadata.name)

type Listener = (event: StoreEvent) => void

export class ObjectStore {
  readonly #objects = new Map<string, Map<string, LocalObject>>()
  readonly #history: StoreEvent[] = []
  readonly #listeners = new Set<Listener>()
  readonly #log: ObjectLog | undefined
  readonly #historyLimit: number
  #revision = 1
  #oldest: number
  #liveCount = 0

  constructor(options: StoreOptions = {}) {
    this.#log = options.log
    this.#historyLimit = options.historyLimit ?? defaultHistoryLimit
    for (const entry of this.#log?.load() ?? []) this.#restore(entry)
    this.#oldest = this.#revision
  }

  get revision(): number {
    return this.#revision
  }

  get(resource: string, key: string): LocalObject | undefined {
    return this.#objects.get(resource)?.get(key)
  }

  /** Objects ordered by namespace and name, as they are now or, with `revision`, as they were then. 410 if that is forgotten. */
  list(resource: string, namespace?: string, revision?: number): LocalObject[] {
    const found = new Map<string, LocalObject>()
    const prefix = namespace === undefined || namespace === '' ? '' : `${namespace}/`
    for (const [key, object] of this.#objects.get(resource) ?? []) if (key.startsWith(prefix)) found.set(key, object)
    if (revision !== undefined && revision !== this.#revision) this.#rewind(found, resource, prefix, revision)
    return [...found.entries()].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, object]) => object)
  }

  count(resource: string): number {
    return this.#objects.get(resource)?.size ?? 0
  }

  /** Stores the object with the next resourceVersion and returns what was stored. */
  put(resource: string, object: LocalObject): LocalObject {
    const revision = this.#revision + 1
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } }
    const key = keyOf(stored)
    this.#log?.append({ revision, resource, key, object: stored })
    const previous = this.#set(resource, key, stored)
    this.#record({ type: previous ? 'MODIFIED' : 'ADDED', resource, revision, object: stored, previous })
    return stored
  }

  /** Removes the object. `last` is its last state if that differs from the stored one. */
  remove(resource: string, key: string, last?: LocalObject): LocalObject | undefined {
    const previous = this.get(resource, key)
    if (!previous) return undefined
    const revision = this.#revision + 1
    this.#log?.append({ revision, resource, key })
    this.#objects.get(resource)?.delete(key)
    this.#liveCount -= 1
    const final = last ?? previous
    const object = { ...final, metadata: { ...final.metadata, resourceVersion: String(revision) } }
    this.#record({ type: 'DELETED', resource, revision, object, previous })
    return object
  }

  /**
   * Changes of one resource after `revision`, in order: those remembered first, then the new ones as they happen.
   * Throws 410 when the history no longer reaches back so far. The listener must not write to the store.
   */
  subscribe(resource: string, revision: number, listener: Listener): { close(): void } {
    if (revision < this.#oldest) throw expired(`too old resource version: ${revision} (${this.#oldest})`)
    for (const event of this.#history) if (event.revision > revision && event.resource === resource) listener(event)
    const filtered: Listener = (event) => {
      if (event.resource === resource) listener(event)
    }
    this.#listeners.add(filtered)
    return { close: () => this.#listeners.delete(filtered) }
  }

  /** Every change of every resource, from now on. */
  subscribeAll(listener: Listener): { close(): void } {
    this.#listeners.add(listener)
    return { close: () => this.#listeners.delete(listener) }
  }

  /** Forgets all history, as a compaction of the real store does: older watches and lists get 410. */
  forgetHistory(): void {
    this.#history.length = 0
    this.#oldest = this.#revision
  }

  close(): void {
    this.#listeners.clear()
    this.#log?.close()
  }

  #restore(entry: LogEntry): void {
    this.#revision = Math.max(this.#revision, entry.revision)
    if (entry.object) this.#set(entry.resource, entry.key, entry.object)
    else if (this.#objects.get(entry.resource)?.delete(entry.key)) this.#liveCount -= 1
  }

  #set(resource: string, key: string, object: LocalObject): LocalObject | undefined {
    let objects = this.#objects.get(resource)
    if (!objects) this.#objects.set(resource, (objects = new Map()))
    const previous = objects.get(key)
    objects.set(key, object)
    if (!previous) this.#liveCount += 1
    return previous
  }

  #record(event: StoreEvent): void {
    this.#revision = event.revision
    this.#history.push(event)
    // Trimmed by a tenth at a time, so that a change does not move the whole array.
    if (this.#history.length > this.#historyLimit * 1.1) {
      const dropped = this.#history.splice(0, this.#history.length - this.#historyLimit)
      this.#oldest = dropped.at(-1)!.revision
    }
    this.#log?.compactIfWorthwhile(this.#liveCount, () => this.#entries())
    for (const listener of Array.from(this.#listeners)) listener(event)
  }

  *#entries(): Iterable<LogEntry> {
    // The revision itself survives even if the newest change was a deletion.
    yield { revision: this.#revision, resource: '', key: '' }
    for (const [resource, objects] of this.#objects)
      for (const [key, object] of objects)
        yield { revision: Number(object.metadata.resourceVersion), resource, key, object }
  }

  #rewind(found: Map<string, LocalObject>, resource: string, prefix: string, revision: number): void {
    if (revision < this.#oldest)
      throw expired('The provided resource version is too old: the history no longer reaches back to it')
    for (const event of this.#history.toReversed()) {
      if (event.revision <= revision) break
      const key = keyOf(event.object)
      if (event.resource !== resource || !key.startsWith(prefix)) continue
      if (event.previous) found.set(key, event.previous)
      else found.delete(key)
    }
  }
}
