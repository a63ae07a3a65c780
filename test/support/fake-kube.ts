// An API server in memory for tests of reconciling: objects with uid, resourceVersion and generation, owners and the
// garbage collector, preconditions of deletes. Server-side apply is simplified: an applied object replaces what was
// applied before, and keeps status and what the server set. It cannot watch.
import type {
  ApplyOptions,
  DeleteOptions,
  KubeClient,
  KubeList,
  KubeObject,
  ListOptions,
  ObjectKey,
  ResourceType,
} from '../../operator/kube/port.ts'
import { KubeApiError } from '../../operator/kube/errors.ts'
import { isSelected } from './label-selector.ts'
import { uidIsImmutable } from './memory-kube.ts'

export interface Write {
  readonly verb: 'create' | 'replace' | 'apply' | 'patch' | 'delete'
  readonly kind: string
  readonly name: string
  readonly subresource?: string | undefined
}

export class FakeKube implements KubeClient {
  /** Writes of the operator, in order. What the test itself changes through `put` and `change` is not among them. */
  readonly writes: Write[] = []
  /** Called before a write is carried out, and after it: whatever it throws is what the client sees. */
  beforeWrite: (write: Write) => void = () => {}
  afterWrite: (write: Write) => void = () => {}
  readonly #objects = new Map<string, KubeObject>()
  #version = 0
  #uid = 0

  get<T extends KubeObject>(type: ResourceType, key: ObjectKey): Promise<T | undefined> {
    return Promise.resolve(this.read<T>(type.kind, key))
  }

  list<T extends KubeObject>(type: ResourceType, options: ListOptions): Promise<KubeList<T>> {
    const items = this.all<T>(type.kind).filter(
      (object) =>
        (options.namespace === undefined || object.metadata.namespace === options.namespace) &&
        isSelected(object, options.labelSelector),
    )
    return Promise.resolve({ items: structuredClone(items), resourceVersion: String(this.#version) })
  }

  watch(): Promise<void> {
    return Promise.reject(new Error('The fake cannot watch'))
  }

  async create<T extends KubeObject>(type: ResourceType, object: T): Promise<T> {
    const key = keyOf(object)
    return this.#write({ verb: 'create', kind: type.kind, name: key.name }, () => {
      if (this.read(type.kind, key)) throw new KubeApiError(409, 'AlreadyExists', `${type.kind} ${key.name} exists`)
      return this.put(object)
    })
  }

  async replace<T extends KubeObject>(type: ResourceType, object: T): Promise<T> {
    return this.#write({ verb: 'replace', kind: type.kind, name: object.metadata.name }, () => {
      const existing = this.#must(type.kind, keyOf(object))
      if (existing.metadata.resourceVersion !== object.metadata.resourceVersion)
        throw new KubeApiError(409, 'Conflict', 'the object has been modified')
      return this.put(object)
    })
  }

  async apply<T extends KubeObject>(type: ResourceType, object: T, options: ApplyOptions): Promise<T> {
    const { subresource } = options
    return this.#write({ verb: 'apply', kind: type.kind, name: object.metadata.name, subresource }, () => {
      const existing = this.read<T>(type.kind, keyOf(object))
      if (subresource === 'status') {
        const { uid } = object.metadata
        const found = this.#must(type.kind, keyOf(object))
        if (uid !== undefined && uid !== found.metadata.uid) throw uidIsImmutable()
        return this.put({ ...found, status: object['status'] } as unknown as T)
      }
      if (!existing) return this.put(object)
      const { status } = existing
      const metadata = { ...existing.metadata, ...object.metadata }
      if (!object.metadata.ownerReferences) delete metadata.ownerReferences
      const { spec: oldSpec } = existing as { spec?: object }
      const { spec } = object as { spec?: object }
      return this.put({
        ...object,
        metadata,
        ...(spec && { spec: { ...oldSpec, ...spec } }),
        ...(status !== undefined && { status }),
      })
    })
  }

  async mergePatch<T extends KubeObject>(type: ResourceType, key: ObjectKey, patch: object): Promise<T> {
    return this.#write({ verb: 'patch', kind: type.kind, name: key.name }, () => {
      const existing = this.#must(type.kind, key)
      const { uid } = (patch as { metadata?: { uid?: string } }).metadata ?? {}
      if (uid !== undefined && uid !== existing.metadata.uid) throw uidIsImmutable()
      return this.put(merge(existing, patch) as T)
    })
  }

  async delete(type: ResourceType, key: ObjectKey, options: DeleteOptions = {}): Promise<void> {
    await this.#write({ verb: 'delete', kind: type.kind, name: key.name }, () => {
      const existing = this.read(type.kind, key)
      if (!existing) return
      const { uid, resourceVersion } = existing.metadata
      if (options.uid !== undefined && options.uid !== uid) throw new KubeApiError(409, 'Conflict', 'uid mismatch')
      if (options.resourceVersion !== undefined && options.resourceVersion !== resourceVersion)
        throw new KubeApiError(409, 'Conflict', 'resourceVersion mismatch')
      // Pods end gracefully: whoever plays the kubelet removes them.
      if (type.kind === 'Pod')
        this.change(existing, (pod) => (pod.metadata.deletionTimestamp ??= '2026-11-21T00:00:00Z'))
      else this.remove(existing)
    })
  }

  /** As somebody else than the operator. */
  put<T extends KubeObject>(object: T): T {
    const copy = structuredClone(object)
    const existing = this.read(object.kind, keyOf(object))
    const metadata = copy.metadata
    metadata.uid ??= existing?.metadata.uid ?? `uid-${++this.#uid}`
    const changed = JSON.stringify(existing?.['spec']) !== JSON.stringify(copy['spec'])
    metadata.generation = (existing?.metadata.generation ?? 0) + (changed ? 1 : 0)
    metadata.resourceVersion = existing?.metadata.resourceVersion ?? '0'
    if (existing && JSON.stringify(existing) === JSON.stringify(copy)) return structuredClone(copy)
    metadata.resourceVersion = String(++this.#version)
    this.#objects.set(pathOf(copy.kind, keyOf(copy)), copy)
    return structuredClone(copy)
  }

  change<T extends KubeObject>(object: T, edit: (object: T) => void): void {
    const copy = this.read<T>(object.kind, keyOf(object))
    if (!copy) return
    edit(copy)
    this.put(copy)
  }

  /** With everything that it owns. */
  remove(object: KubeObject): void {
    this.#objects.delete(pathOf(object.kind, keyOf(object)))
    const { uid } = object.metadata
    for (const other of Array.from(this.#objects.values()))
      if (other.metadata.ownerReferences?.some((owner) => owner.uid === uid)) this.remove(other)
  }

  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- as KubeClient.get: the caller knows the kind
  read<T extends KubeObject>(kind: string, key: ObjectKey): T | undefined {
    const object = this.#objects.get(pathOf(kind, key))
    return object && (structuredClone(object) as T)
  }

  all<T extends KubeObject>(kind: string): T[] {
    return structuredClone([...this.#objects.values()].filter((object) => object.kind === kind)) as T[]
  }

  #must(kind: string, key: ObjectKey): KubeObject {
    const object = this.read(kind, key)
    if (!object) throw new KubeApiError(404, 'NotFound', `${kind} ${key.name} not found`)
    return object
  }

  // oxlint-disable-next-line typescript/require-await -- what throws is to become a rejection
  async #write<R>(write: Write, carryOut: () => R): Promise<R> {
    this.beforeWrite(write)
    this.writes.push(write)
    const result = carryOut()
    this.afterWrite(write)
    return result
  }
}

const keyOf = ({ metadata }: KubeObject): ObjectKey => ({ namespace: metadata.namespace ?? '', name: metadata.name })
const pathOf = (kind: string, key: ObjectKey): string => `${kind} ${key.namespace}/${key.name}`

function merge(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch
  const result: Record<string, unknown> = { ...(target as object) }
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key]
    else result[key] = merge(result[key], value)
  }
  return result
}
