// Deletes what its owners leave behind. Background: a dependent goes when none of its owners exists any more.
// Foreground: the owner (finalizer foregroundDeletion) waits until its dependents with blockOwnerDeletion are gone.
// Orphan: the dependents lose the reference, then the owner (finalizer orphan) goes.
//
// It watches every kind and keeps a graph of uids: so little per object that it can be all of them.
import type { LocalObject, Registry, RegistryEvent, ResourceName } from '../api/registry.ts'
import { type ControllerContext, runController, type Stoppable, type Trigger } from './controller.ts'
import { builtinKinds, type CataloguedKind, isEstablished, kindOfDefinition } from './kind-catalogue.ts'
import type { OwnerReference } from './owners.ts'
import { customResourceDefinitions } from './resource-names.ts'

const foregroundFinalizer = 'foregroundDeletion'
const orphanFinalizer = 'orphan'

interface GraphNode {
  readonly resource: ResourceName
  readonly namespace: string | undefined
  readonly name: string
  readonly owners: readonly OwnerReference[]
}

export function startGarbageCollector(context: ControllerContext): Stoppable {
  const collector = new GarbageCollector(context.registry)
  const watching = new Map<string, Stoppable>()
  const withdrawn = new Set<string>()

  function watchKind(kind: CataloguedKind): void {
    collector.kinds.set(`${kind.group}/${kind.kind}`, kind)
    const trigger: Trigger = { resource: kind, keysOf: (object, type) => collector.observe(kind, object, type) }
    const running = runController(context, 'garbage-collector', [trigger], (uid) => collector.collect(uid))
    watching.set(`${kind.group}/${kind.plural}`, running)
  }

  for (const kind of builtinKinds) watchKind(kind)
  const definitions = context.registry.watch(customResourceDefinitions, ({ type, object }) => {
    const kind = kindOfDefinition(object)
    const id = `${kind.group}/${kind.plural}`
    // The watch of a withdrawn kind goes on until the kind comes back: the deletions of its objects may still be on their way.
    if (type === 'DELETED') withdrawn.add(id)
    else if (isEstablished(object) && (!watching.has(id) || withdrawn.delete(id))) {
      watching.get(id)?.stop()
      watchKind(kind)
    }
  })
  return {
    stop() {
      definitions.close()
      for (const running of watching.values()) running.stop()
    },
  }
}

class GarbageCollector {
  /** By `group/kind`: how owner references name them. */
  readonly kinds = new Map<string, CataloguedKind>()
  readonly #registry: Registry
  readonly #nodes = new Map<string, GraphNode>()
  readonly #dependents = new Map<string, Set<string>>()

  constructor(registry: Registry) {
    this.#registry = registry
  }

  /** Takes note of an object and returns the uids to look at because of it. */
  observe(resource: ResourceName, object: LocalObject, type: RegistryEvent['type']): string[] {
    const { uid, namespace, name, ownerReferences = [] } = object.metadata
    const before = this.#nodes.get(uid)
    for (const owner of before?.owners ?? []) this.#dependents.get(owner.uid)?.delete(uid)
    if (type === 'DELETED') {
      this.#nodes.delete(uid)
      const dependents = [...(this.#dependents.get(uid) ?? [])]
      if (dependents.length === 0) this.#dependents.delete(uid)
      return [...dependents, ...(before?.owners ?? []).map((owner) => owner.uid)]
    }
    this.#nodes.set(uid, { resource, namespace, name, owners: ownerReferences })
    for (const owner of ownerReferences) {
      const siblings = this.#dependents.get(owner.uid) ?? new Set()
      this.#dependents.set(owner.uid, siblings.add(uid))
    }
    if (ownerReferences.length === 0 && object.metadata.deletionTimestamp === undefined) return []
    // The owner too: it may be waiting for this dependent to let go of it.
    return [uid, ...(before?.owners ?? []).map((owner) => owner.uid)]
  }

  collect(uid: string): undefined {
    const node = this.#nodes.get(uid)
    const object = node && this.#read(node, uid)
    if (!node || !object) return
    const finalizers = object.metadata.finalizers ?? []
    if (object.metadata.deletionTimestamp) {
      if (finalizers.includes(orphanFinalizer)) this.#orphan(node, uid)
      else if (finalizers.includes(foregroundFinalizer)) this.#deleteInForeground(node, uid)
      return
    }
    this.#deleteIfAbandoned(node, object)
  }

  #read(node: GraphNode, uid: string): LocalObject | undefined {
    const object = this.#registry.get(node.resource, node.namespace, node.name)
    return object?.metadata.uid === uid ? object : undefined
  }

  #deleteIfAbandoned(node: GraphNode, object: LocalObject): void {
    const { uid, ownerReferences = [] } = object.metadata
    if (ownerReferences.length === 0) return
    const owners = ownerReferences.map((reference) => this.#owner(reference, node.namespace))
    const solid = owners.some((owner) => owner === 'unknown' || (owner !== 'absent' && !isForeground(owner)))
    if (!solid) {
      const waited = owners.some((owner) => owner !== 'absent')
      const hasDependents = (this.#dependents.get(uid)?.size ?? 0) > 0
      const propagationPolicy = waited && hasDependents ? 'Foreground' : 'Background'
      this.#registry.delete(node.resource, node.namespace, node.name, { uid, propagationPolicy })
      return
    }
    const dangling = new Set(ownerReferences.filter((_, index) => owners[index] === 'absent').map((owner) => owner.uid))
    if (dangling.size > 0) this.#dropReferences(node, dangling)
  }

  /** `unknown`: of a kind that is not served, so that nothing may be concluded. */
  #owner(reference: OwnerReference, namespace: string | undefined): LocalObject | 'absent' | 'unknown' {
    const group = reference.apiVersion.includes('/') ? reference.apiVersion.split('/')[0]! : ''
    const kind = this.kinds.get(`${group}/${reference.kind}`)
    if (!kind) return 'unknown'
    const owner = this.#find(kind, kind.namespaced ? namespace : undefined, reference.name)
    return owner?.metadata.uid === reference.uid ? owner : 'absent'
  }

  /** A kind that is no longer served has no objects. */
  #find(kind: CataloguedKind, namespace: string | undefined, name: string): LocalObject | undefined {
    try {
      return this.#registry.get(kind, namespace, name)
    } catch (error) {
      if ((error as { code?: unknown }).code === 404) return undefined
      throw error
    }
  }

  #deleteInForeground(node: GraphNode, uid: string): void {
    let blocked = false
    for (const dependentUid of this.#dependents.get(uid) ?? []) {
      const dependent = this.#nodes.get(dependentUid)
      const object = dependent && this.#read(dependent, dependentUid)
      if (!dependent || !object) continue
      if (dependent.owners.some((owner) => owner.uid === uid && owner.blockOwnerDeletion === true)) blocked = true
      if (!object.metadata.deletionTimestamp) this.#deleteIfAbandoned(dependent, object)
    }
    if (!blocked || !this.#hasBlocking(uid)) this.#removeFinalizer(node, foregroundFinalizer)
  }

  #hasBlocking(uid: string): boolean {
    return [...(this.#dependents.get(uid) ?? [])].some((dependentUid) => {
      const dependent = this.#nodes.get(dependentUid)
      if (!dependent || !this.#read(dependent, dependentUid)) return false
      return dependent.owners.some((owner) => owner.uid === uid && owner.blockOwnerDeletion === true)
    })
  }

  #orphan(node: GraphNode, uid: string): void {
    for (const dependentUid of this.#dependents.get(uid) ?? []) {
      const dependent = this.#nodes.get(dependentUid)
      if (dependent) this.#dropReferences(dependent, new Set([uid]))
    }
    this.#removeFinalizer(node, orphanFinalizer)
  }

  #dropReferences(node: GraphNode, uids: ReadonlySet<string>): void {
    this.#registry.update(node.resource, node.namespace, node.name, (written) => {
      const left = (written.metadata.ownerReferences ?? []).filter((owner) => !uids.has(owner.uid))
      if (left.length > 0) written.metadata.ownerReferences = left
      else delete written.metadata.ownerReferences
    })
  }

  #removeFinalizer(node: GraphNode, finalizer: string): void {
    this.#registry.update(node.resource, node.namespace, node.name, (written) => {
      written.metadata.finalizers = (written.metadata.finalizers ?? []).filter((other) => other !== finalizer)
    })
  }
}

const isForeground = (object: LocalObject): boolean =>
  object.metadata.deletionTimestamp !== undefined &&
  (object.metadata.finalizers?.includes(foregroundFinalizer) ?? false)
