// What the real control plane does inside the API server itself: the namespaces that are always there, definitions that
// become kinds, and the emptying of namespaces and definitions that are being deleted.
import { kindOfDefinition } from '../kinds/custom-kinds.ts'
import { objectKey, type StoreEvent } from './object-store.ts'
import type { Operations } from './operations.ts'
import type { LocalObject } from '../registry.ts'
import { storedVersion, type ResourceKind } from '../kinds/resource-kind.ts'
import { RegistryError } from '../status-error.ts'

const basicNamespaces = ['default', 'kube-system', 'kube-public', 'kube-node-lease']
const definitions = 'apiextensions.k8s.io/customresourcedefinitions'
const definitionFinalizer = 'customresourcecleanup.apiextensions.k8s.io'
const manager = 'kube-apiserver'

export class Lifecycle {
  readonly #operations: Operations
  readonly #subscription: { close(): void }
  readonly #due = new Set<string>()
  #scheduled = false
  #closed = false

  constructor(operations: Operations) {
    this.#operations = operations
    this.#subscription = operations.ports.store.subscribeAll((event) => this.#noticed(event))
  }

  createBasics(): void {
    const { store, kinds } = this.#operations.ports
    const namespaces = kinds.find('', 'namespaces')!
    for (const name of basicNamespaces)
      if (!store.get(namespaces.storage, objectKey(undefined, name)))
        this.#operations.create(namespaces, storedVersion(namespaces), { metadata: { name } }, undefined, { manager })
    // What was being deleted when the process ended goes on being deleted.
    for (const namespace of store.list(namespaces.storage)) this.#noticeNamespace(namespace)
    for (const definition of store.list(definitions)) this.#noticeDefinition(definition)
  }

  close(): void {
    this.#closed = true
    this.#subscription.close()
  }

  #noticed(event: StoreEvent): void {
    const { object } = event
    if (event.resource === definitions) {
      const kind = kindOfDefinition(object)
      if (event.type === 'DELETED') this.#operations.ports.kinds.remove(kind.group, kind.plural)
      else this.#operations.ports.kinds.add(kind)
      if (event.type !== 'DELETED') this.#noticeDefinition(object)
    } else if (event.resource === '/namespaces') this.#noticeNamespace(object)
    else if (event.type === 'DELETED') {
      const { namespace } = object.metadata
      if (namespace !== undefined)
        this.#noticeNamespace(this.#operations.ports.store.get('/namespaces', objectKey(undefined, namespace)))
      const definition = this.#definitionOf(event.resource)
      if (definition) this.#noticeDefinition(definition)
    }
  }

  #definitionOf(resource: string): LocalObject | undefined {
    const [group, plural] = resource.split('/')
    return group === ''
      ? undefined
      : this.#operations.ports.store.get(definitions, objectKey(undefined, `${plural}.${group}`))
  }

  #noticeNamespace(namespace: LocalObject | undefined): void {
    if (namespace?.metadata.deletionTimestamp !== undefined) this.#schedule(`namespace ${namespace.metadata.name}`)
  }

  #noticeDefinition(definition: LocalObject): void {
    const finalizers = definition.metadata.finalizers ?? []
    if (definition.metadata.deletionTimestamp !== undefined || !finalizers.includes(definitionFinalizer))
      this.#schedule(`definition ${definition.metadata.name}`)
  }

  /** Work is done outside of store events, whose listeners must not write. */
  #schedule(work: string): void {
    this.#due.add(work)
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      if (this.#closed) return
      const due = [...this.#due]
      this.#due.clear()
      for (const one of due) {
        this.#carryOut(one)
      }
    })
  }

  #carryOut(work: string): void {
    const [what, name] = work.split(' ') as [string, string]
    try {
      if (what === 'namespace') this.#emptyNamespace(name)
      else this.#settleDefinition(name)
    } catch (error) {
      // An object that cannot be deleted now keeps its namespace; the next change of either tries again.
      if (!(error instanceof RegistryError)) throw error
    }
  }

  #emptyNamespace(name: string): void {
    const { store, kinds } = this.#operations.ports
    const namespace = store.get('/namespaces', objectKey(undefined, name))
    if (namespace?.metadata.deletionTimestamp === undefined) return
    let left = 0
    for (const kind of distinct(kinds.all().filter((kind) => kind.namespaced))) {
      this.#deleteAll(kind, name)
      left += store.list(kind.storage, name).length
    }
    if (left > 0) return
    const kind = kinds.find('', 'namespaces')!
    this.#operations.update(
      kind,
      storedVersion(kind),
      undefined,
      name,
      (object) => ({ ...object, spec: { finalizers: [] } }),
      {
        manager,
        subresource: 'finalize',
      },
    )
  }

  #settleDefinition(name: string): void {
    const { store, kinds } = this.#operations.ports
    const definition = store.get(definitions, objectKey(undefined, name))
    if (!definition) return
    const present = definition.metadata.finalizers ?? []
    let finalizers = present
    if (definition.metadata.deletionTimestamp === undefined) {
      if (!present.includes(definitionFinalizer)) finalizers = [...present, definitionFinalizer]
    } else {
      const served = kindOfDefinition(definition)
      this.#deleteAll(served, undefined)
      if (store.count(served.storage) === 0)
        finalizers = present.filter((finalizer) => finalizer !== definitionFinalizer)
    }
    if (finalizers === present) return
    const kind = kinds.find('apiextensions.k8s.io', 'customresourcedefinitions')!
    this.#operations.update(
      kind,
      storedVersion(kind),
      undefined,
      name,
      (object) => ({ ...object, metadata: { ...(object['metadata'] as object), finalizers } }),
      { manager },
    )
  }

  #deleteAll(kind: ResourceKind, namespace: string | undefined): void {
    for (const object of this.#operations.list(kind, namespace))
      if (object.metadata.deletionTimestamp === undefined)
        this.#operations.delete(kind, object.metadata.namespace, object.metadata.name, {})
  }
}

/** Of kinds that are views of the same objects, one. */
const distinct = (kinds: readonly ResourceKind[]): ResourceKind[] => [
  ...new Map(kinds.map((kind) => [kind.storage, kind])).values(),
]
