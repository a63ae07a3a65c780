// The Registry of registry.ts over the same operations that HTTP uses.
import { cloneJson } from '../json-value.ts'
import type { Operations } from './operations.ts'
import type { LocalObject, NewLocalObject, Registry, RegistryEvent, ResourceName } from '../registry.ts'
import { storedVersion, type KindTable, type ResourceKind } from '../kinds/resource-kind.ts'
import { RegistryError } from '../status-error.ts'
import type { ObjectStore } from './object-store.ts'

/** Under which name the stand-in's own controllers own fields. */
const defaultManager = 'localkube'
const updateAttempts = 10

export class LocalRegistry implements Registry {
  readonly #operations: Operations
  readonly #store: ObjectStore
  readonly #kinds: KindTable
  readonly #manager: string

  constructor(operations: Operations, manager: string = defaultManager) {
    this.#operations = operations
    this.#store = operations.ports.store
    this.#kinds = operations.ports.kinds
    this.#manager = manager
  }

  get(resource: ResourceName, namespace: string | undefined, name: string): LocalObject | undefined {
    return cloneJson(this.#operations.get(this.#kind(resource), namespace, name))
  }

  list(resource: ResourceName, namespace?: string): LocalObject[] {
    return this.#operations.list(this.#kind(resource), namespace).map(cloneJson)
  }

  watch(resource: ResourceName, onEvent: (event: RegistryEvent) => void): { close(): void } {
    const kind = this.#kind(resource)
    const queue: RegistryEvent[] = this.list(resource).map((object) => ({ type: 'ADDED', object }))
    let scheduled = false
    const drain = (): void => {
      scheduled = false
      for (let event = queue.shift(); event; event = queue.shift()) onEvent(event)
    }
    const schedule = (): void => {
      if (scheduled) return
      scheduled = true
      // A macrotask, so that watchers which answer each other's writes cannot starve the sockets.
      setImmediate(drain)
    }
    const subscription = this.#store.subscribe(kind.storage, this.#store.revision, ({ type, object }) => {
      queue.push({ type, object: cloneJson(kind.fromStored?.(object) ?? object) })
      schedule()
    })
    schedule()
    return {
      close: () => {
        subscription.close()
        queue.length = 0
      },
    }
  }

  create(resource: ResourceName, object: NewLocalObject): LocalObject {
    const kind = this.#kind(resource)
    return cloneJson(
      this.#operations.create(kind, storedVersion(kind), object as never, object.metadata.namespace, {
        manager: this.#manager,
      }),
    )
  }

  update(
    resource: ResourceName,
    namespace: string | undefined,
    name: string,
    change: (object: LocalObject) => void,
  ): LocalObject | undefined {
    return this.#update(resource, namespace, name, change, undefined)
  }

  updateStatus(
    resource: ResourceName,
    namespace: string | undefined,
    name: string,
    change: (object: LocalObject) => void,
  ): LocalObject | undefined {
    return this.#update(resource, namespace, name, change, 'status')
  }

  delete(
    resource: ResourceName,
    namespace: string | undefined,
    name: string,
    options: {
      gracePeriodSeconds?: number
      uid?: string
      propagationPolicy?: 'Foreground' | 'Background' | 'Orphan'
    } = {},
  ): void {
    const { uid, ...rest } = options
    try {
      this.#operations.delete(this.#kind(resource), namespace, name, {
        ...rest,
        ...(uid === undefined ? {} : { preconditions: { uid } }),
      })
    } catch (error) {
      if (!isGone(error)) throw error
    }
  }

  #update(
    resource: ResourceName,
    namespace: string | undefined,
    name: string,
    change: (object: LocalObject) => void,
    subresource: 'status' | undefined,
  ): LocalObject | undefined {
    const kind = this.#kind(resource)
    const apply = (object: LocalObject): LocalObject => {
      change(object)
      return object
    }
    for (let attempt = 1; ; attempt++) {
      try {
        const request = { manager: this.#manager, ...(subresource ? { subresource } : {}) }
        return cloneJson(this.#operations.update(kind, storedVersion(kind), namespace, name, apply, request))
      } catch (error) {
        if (isGone(error)) return undefined
        if (!(error instanceof RegistryError) || error.reason !== 'Conflict' || attempt === updateAttempts) throw error
      }
    }
  }

  #kind(resource: ResourceName): ResourceKind {
    const kind = this.#kinds.find(resource.group, resource.plural)
    if (!kind)
      throw new RegistryError(
        404,
        'NotFound',
        `Cannot find resource ${resource.plural} in group ${JSON.stringify(resource.group)}: it is not served`,
      )
    return kind
  }
}

const isGone = (error: unknown): boolean => error instanceof RegistryError && error.reason === 'NotFound'
