// The objects of one kind as last seen, in memory. Filled by a reflector, read by everybody else; objects in it are
// shared and must not be changed.
import type { KubeObject, ObjectKey } from '../kube/port.ts'
import { formatKey, keyOf } from './object-key.ts'

/** What a reader of the cache sees. */
export interface ResourceCache<T extends KubeObject = KubeObject> {
  readonly size: number
  get(key: ObjectKey): T | undefined
  /** In no particular order; of all namespaces unless one is named. */
  list(namespace?: string): T[]
}

export interface ObjectChange<T extends KubeObject = KubeObject> {
  readonly type: 'added' | 'modified' | 'deleted'
  /** The newest state; for `deleted` the last one known. */
  readonly object: T
  /** What was in the cache before; undefined exactly for `added`. */
  readonly old: T | undefined
}

export class ObjectStore<T extends KubeObject> implements ResourceCache<T> {
  readonly #objects = new Map<string, T>()

  get size(): number {
    return this.#objects.size
  }

  get(key: ObjectKey): T | undefined {
    return this.#objects.get(formatKey(key))
  }

  list(namespace?: string): T[] {
    const all = [...this.#objects.values()]
    return namespace === undefined ? all : all.filter((object) => object.metadata.namespace === namespace)
  }

  /** Takes the object in. What came of it: nothing if it is the state known already, two changes if another object took the name. */
  put(object: T): ObjectChange<T>[] {
    const key = formatKey(keyOf(object))
    const old = this.#objects.get(key)
    if (old && old.metadata.uid === object.metadata.uid) {
      if (old.metadata.resourceVersion === object.metadata.resourceVersion) return []
      this.#objects.set(key, object)
      return [{ type: 'modified', object, old }]
    }
    this.#objects.set(key, object)
    const added: ObjectChange<T> = { type: 'added', object, old: undefined }
    return old ? [{ type: 'deleted', object: old, old }, added] : [added]
  }

  /** Takes the object of this name out. */
  remove(object: T): ObjectChange<T>[] {
    const key = formatKey(keyOf(object))
    const old = this.#objects.get(key)
    if (!old) return []
    this.#objects.delete(key)
    return [{ type: 'deleted', object, old }]
  }

  /** Makes the cache equal to a complete list. */
  replaceAll(objects: readonly T[]): ObjectChange<T>[] {
    const listed = new Set(objects.map((object) => formatKey(keyOf(object))))
    const gone = [...this.#objects].filter(([key]) => !listed.has(key)).map(([, object]) => object)
    return [...gone.flatMap((object) => this.remove(object)), ...objects.flatMap((object) => this.put(object))]
  }
}
