// A KubeClient over a map, for unit tests of what uses one: versions, conflicts, watches with history, and faults on demand.
// Not an API server: no validation and no defaults; watches select by namespace only, and what is applied replaces what
// was there, whoever had written it.
import { canonicalJson } from '../../operator/topology/content-hash.ts'
import { KubeApiError, KubeUnreachableError } from '../../operator/kube/errors.ts'
import type {
  ApplyOptions,
  DeleteOptions,
  KubeClient,
  KubeList,
  KubeObject,
  ListOptions,
  ObjectKey,
  ResourceType,
  WatchEvent,
} from '../../operator/kube/port.ts'
import { isSelected } from './label-selector.ts'

export type KubeMethod = 'get' | 'list' | 'watch' | 'create' | 'replace' | 'apply' | 'mergePatch' | 'delete'

interface Change {
  readonly version: number
  readonly plural: string
  readonly event: WatchEvent
}

interface Watcher {
  readonly plural: string
  readonly namespace: string | undefined
  readonly onEvent: (event: WatchEvent) => void
  readonly end: PromiseWithResolvers<void>
}

type Body = KubeObject & Record<string, unknown>
type Preconditions = Pick<DeleteOptions, 'uid' | 'resourceVersion'>

export class MemoryKube implements KubeClient {
  /** Every call, such as `replace leases shop/x`. */
  readonly calls: string[] = []
  /** While true, changes are made but not told to watchers. */
  losesEvents = false
  readonly #objects = new Map<string, Body>()
  readonly #history: Change[] = []
  readonly #watchers = new Set<Watcher>()
  readonly #faults: { readonly method: KubeMethod; readonly error: Error }[] = []
  readonly #lostAnswers: Error[] = []
  readonly #holds: { readonly method: KubeMethod; readonly released: Promise<void> }[] = []
  #version = 100
  #oldest = 0

  get openWatches(): number {
    return this.#watchers.size
  }

  /** The next call of this method fails. */
  failNext(method: KubeMethod, error: Error): void {
    this.#faults.push({ method, error })
  }

  /** The next create, replace or patch is carried out, but its answer does not arrive. */
  loseNextAnswer(error: Error): void {
    this.#lostAnswers.push(error)
  }

  /** The next call of this method waits until the returned function is called. */
  holdNext(method: KubeMethod): () => void {
    const held = Promise.withResolvers<void>()
    this.#holds.push({ method, released: held.promise })
    return held.resolve
  }

  /** Ends all open watches: in the ordinary way, or with an error. */
  endWatches(error?: Error): void {
    for (const watcher of this.#watchers) {
      this.#watchers.delete(watcher)
      if (error) watcher.end.reject(error)
      else watcher.end.resolve()
    }
  }

  /** Forgets the history: a watch from an earlier version is answered with 410. */
  compact(): void {
    this.#history.length = 0
    this.#oldest = this.#version
  }

  bookmark(): void {
    for (const watcher of this.#watchers) watcher.onEvent({ type: 'BOOKMARK', resourceVersion: String(this.#version) })
  }

  all(type: ResourceType): KubeObject[] {
    return [...this.#objects]
      .filter(([id]) => id.startsWith(`${type.plural} `))
      .map(([, object]) => structuredClone(object))
  }

  async get<T extends KubeObject>(type: ResourceType, key: ObjectKey): Promise<T | undefined> {
    await this.#called('get', type, key)
    return structuredClone(this.#objects.get(idOf(type, key))) as T | undefined
  }

  async list<T extends KubeObject>(type: ResourceType, options: ListOptions): Promise<KubeList<T>> {
    await this.#called('list', type)
    const items = this.all(type).filter(
      (object) =>
        (!options.namespace || object.metadata.namespace === options.namespace) &&
        isSelected(object, options.labelSelector),
    )
    return { items: items as T[], resourceVersion: String(this.#version) }
  }

  async watch<T extends KubeObject>(
    type: ResourceType,
    options: ListOptions & { readonly resourceVersion: string; readonly timeoutSeconds: number },
    onEvent: (event: WatchEvent<T>) => void,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#called('watch', type)
    const from = Number(options.resourceVersion)
    if (from < this.#oldest) throw kubeError(410, 'Expired')
    if (signal.aborted) return
    const watcher: Watcher = {
      plural: type.plural,
      namespace: options.namespace,
      onEvent: onEvent as (event: WatchEvent) => void,
      end: Promise.withResolvers(),
    }
    for (const change of this.#history) if (change.version > from) tell(watcher, change)
    this.#watchers.add(watcher)
    const stop = () => {
      this.#watchers.delete(watcher)
      watcher.end.resolve()
    }
    signal.addEventListener('abort', stop)
    await watcher.end.promise.finally(() => signal.removeEventListener('abort', stop))
  }

  async create<T extends KubeObject>(type: ResourceType, object: T): Promise<T> {
    await this.#called('create', type, object.metadata)
    const id = idOf(type, object.metadata)
    if (this.#objects.has(id)) throw kubeError(409, 'AlreadyExists')
    const created = structuredClone(object) as unknown as Body
    created.metadata.uid = `uid-${this.#version + 1}`
    return this.#store(type, id, created, 'ADDED') as unknown as T
  }

  async replace<T extends KubeObject>(type: ResourceType, object: T): Promise<T> {
    await this.#called('replace', type, object.metadata)
    const id = idOf(type, object.metadata)
    this.#existing(id, object.metadata)
    return this.#store(type, id, structuredClone(object), 'MODIFIED') as unknown as T
  }

  async apply<T extends KubeObject>(type: ResourceType, object: T, options: ApplyOptions): Promise<T> {
    await this.#called('apply', type, object.metadata)
    const id = idOf(type, object.metadata)
    if (options.subresource === 'status') {
      const current = this.#patched(id, object.metadata)
      return this.#store(type, id, { ...current, status: object['status'] }, 'MODIFIED') as unknown as T
    }
    const current = this.#objects.get(id)
    if (!current) return this.create(type, object)
    const applied: Body = { ...current, ...object, metadata: { ...current.metadata, ...object.metadata } }
    if (canonicalJson(applied) === canonicalJson(current)) return structuredClone(current) as unknown as T
    return this.#store(type, id, structuredClone(applied), 'MODIFIED') as unknown as T
  }

  async mergePatch<T extends KubeObject>(type: ResourceType, key: ObjectKey, patch: object): Promise<T> {
    await this.#called('mergePatch', type, key)
    const id = idOf(type, key)
    const { metadata } = patch as { metadata?: Preconditions }
    return this.#store(type, id, mergeJson(this.#patched(id, metadata), patch) as Body, 'MODIFIED') as unknown as T
  }

  async delete(type: ResourceType, key: ObjectKey, preconditions: DeleteOptions = {}): Promise<void> {
    await this.#called('delete', type, key)
    if (!this.#objects.has(idOf(type, key))) return
    const object = this.#existing(idOf(type, key), preconditions)
    this.#objects.delete(idOf(type, key))
    this.#publish(
      type,
      { ...object, metadata: { ...object.metadata, resourceVersion: String(++this.#version) } },
      'DELETED',
    )
  }

  async #called(method: KubeMethod, type: ResourceType, key?: { namespace?: string; name: string }): Promise<void> {
    this.calls.push(`${method} ${type.plural}${key ? ` ${key.namespace ?? ''}/${key.name}` : ''}`)
    const hold = this.#holds.findIndex((candidate) => candidate.method === method)
    if (hold !== -1) await this.#holds.splice(hold, 1)[0]!.released
    const fault = this.#faults.findIndex((candidate) => candidate.method === method)
    if (fault !== -1) throw this.#faults.splice(fault, 1)[0]!.error
  }

  #existing(id: string, { uid, resourceVersion }: Preconditions = {}): Body {
    const object = this.#objects.get(id)
    if (!object) throw kubeError(404, 'NotFound')
    const is = object.metadata
    if (uid !== undefined && uid !== is.uid) throw kubeError(409, 'Conflict')
    if (resourceVersion !== undefined && resourceVersion !== is.resourceVersion) throw kubeError(409, 'Conflict')
    return object
  }

  #patched(id: string, { uid, resourceVersion }: Preconditions = {}): Body {
    const object = this.#existing(id, resourceVersion === undefined ? {} : { resourceVersion })
    if (uid !== undefined && uid !== object.metadata.uid) throw uidIsImmutable()
    return object
  }

  #store(type: ResourceType, id: string, object: Body, event: 'ADDED' | 'MODIFIED'): KubeObject {
    object.metadata.resourceVersion = String(++this.#version)
    this.#objects.set(id, object)
    this.#publish(type, object, event)
    const lost = this.#lostAnswers.shift()
    if (lost) throw lost
    return structuredClone(object)
  }

  #publish(type: ResourceType, object: KubeObject, event: 'ADDED' | 'MODIFIED' | 'DELETED'): void {
    if (this.losesEvents) return
    const change: Change = {
      version: this.#version,
      plural: type.plural,
      event: { type: event, object: structuredClone(object) },
    }
    this.#history.push(change)
    for (const watcher of this.#watchers) tell(watcher, change)
  }
}

export const kubeError = (code: number, reason: string, retryAfterMs?: number): KubeApiError =>
  new KubeApiError(code, reason, `Cannot do it: ${reason}`, retryAfterMs === undefined ? {} : { retryAfterMs })

/** As a patch is answered that gives the uid of another object. */
export function uidIsImmutable(): KubeApiError {
  const causes = [{ field: 'metadata.uid', message: 'field is immutable' }]
  return new KubeApiError(422, 'Invalid', 'Cannot do it: metadata.uid: field is immutable', { details: { causes } })
}

export const unreachable = (): KubeUnreachableError => new KubeUnreachableError('Cannot do it: no answer')

/** Lets everything that is ready to run do so. */
export async function settle(turns = 5): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve))
}

const idOf = (type: ResourceType, key: { namespace?: string; name: string }): string =>
  `${type.plural} ${key.namespace ?? ''}/${key.name}`

function tell(watcher: Watcher, { plural, event }: Change): void {
  if (plural !== watcher.plural) return
  const namespace = event.type === 'BOOKMARK' ? undefined : event.object.metadata.namespace
  if (!watcher.namespace || watcher.namespace === namespace) watcher.onEvent(structuredClone(event))
}

function mergeJson(current: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return structuredClone(patch)
  const merged: Record<string, unknown> =
    typeof current === 'object' && current !== null && !Array.isArray(current) ? { ...current } : {}
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name]
    else merged[name] = mergeJson(merged[name], value)
  }
  return merged
}
