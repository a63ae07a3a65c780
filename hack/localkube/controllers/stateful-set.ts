// StatefulSets: makes the pods and claims that the spec asks for, in its order, and tells of them in the status.
// Parallel sets act on all pods at once, OrderedReady ones on the first that is not available. Rolling updates replace one
// pod at a time from the highest ordinal down to the partition; OnDelete waits for somebody to delete pods.
// Not here: maxUnavailable (an alpha field: one at a time is kept).
import type { LocalObject, Registry, RegistryEvent } from '../api/registry.ts'
import { canonicalJson } from '../base/canonical-json.ts'
import { messageOf } from '../base/log.ts'
import { type ControllerContext, runController, type Stoppable } from './controller.ts'
import { matchesSelector } from './label-selector.ts'
import { controllerKeys, controllerOf, controllerReference, isControlledBy } from './owners.ts'
import { availableInMs, isTerminal, isTerminating } from './pod-facts.ts'
import { PodNames } from './pod-names.ts'
import { keyOf, persistentVolumeClaims, pods, splitKey, statefulSets } from './resource-names.ts'
import { syncClaimOwners } from './stateful-set-claims.ts'
import { buildClaims, buildPod, firstOrdinal, ordinalOf, replicasOf, revisionLabel } from './stateful-set-pods.ts'
import { type Revisions, syncRevisions } from './stateful-set-revisions.ts'
import { buildStatefulSetStatus } from './stateful-set-status.ts'

export function startStatefulSetController(base: ControllerContext): Stoppable {
  const context = { ...base, events: base.events.as('statefulset-controller') }
  const podNames = new PodNames(context.clock)
  const triggers = [
    { resource: statefulSets, keysOf: (set: LocalObject) => [keyOf(set)] },
    {
      resource: pods,
      keysOf: (pod: LocalObject, type: RegistryEvent['type']) => {
        podNames.observe(keyOf(pod), type)
        return keysOfPod(context.registry, pod)
      },
    },
  ]
  return runController(context, 'statefulset', triggers, (key) => reconcile(context, podNames, key))
}

function keysOfPod(registry: Registry, pod: LocalObject): Iterable<string> {
  if (controllerOf(pod)) return controllerKeys(pod, 'StatefulSet')
  return registry
    .list(statefulSets, pod.metadata.namespace)
    .filter((set) => ordinalOf(set, pod.metadata.name) !== undefined)
    .map(keyOf)
}

function reconcile(context: ControllerContext, podNames: PodNames, key: string): number | undefined {
  const { namespace, name } = splitKey(key)
  const set = context.registry.get(statefulSets, namespace, name)
  if (!set) return undefined
  const revisions = syncRevisions(context, set)
  adoptPods(context, set)
  const pass = new Pass(context, podNames, set, revisions)
  try {
    if (!isTerminating(set)) pass.run()
  } finally {
    writeStatus(context, set, revisions)
  }
  const { nextAvailableInMs = Infinity } = statusOf(context, set, revisions)
  const againMs = Math.min(nextAvailableInMs, pass.nameFreeInMs)
  return againMs === Infinity ? undefined : againMs
}

const podsOf = (registry: Registry, set: LocalObject): LocalObject[] =>
  registry.list(pods, set.metadata.namespace).filter((pod) => isControlledBy(pod, set))

/** Takes over pods that an earlier set of the same name left behind (deleted with --cascade=orphan). */
function adoptPods({ registry }: ControllerContext, set: LocalObject): void {
  if (isTerminating(set)) return
  for (const pod of registry.list(pods, set.metadata.namespace)) {
    if (controllerOf(pod) || isTerminating(pod) || ordinalOf(set, pod.metadata.name) === undefined) continue
    if (!matchesSelector(set['spec'].selector, pod.metadata.labels)) continue
    registry.update(pods, pod.metadata.namespace, pod.metadata.name, (adopted) => {
      adopted.metadata.ownerReferences = [...(adopted.metadata.ownerReferences ?? []), controllerReference(set)]
    })
  }
}

const statusOf = (context: ControllerContext, set: LocalObject, revisions: Revisions) =>
  buildStatefulSetStatus(set, podsOf(context.registry, set), revisions, context.clock.nowMs())

function writeStatus(context: ControllerContext, set: LocalObject, revisions: Revisions): void {
  const { status } = statusOf(context, set, revisions)
  if (canonicalJson({ ...set['status'], ...status }) === canonicalJson(set['status'])) return
  context.registry.updateStatus(statefulSets, set.metadata.namespace, set.metadata.name, (written) => {
    written['status'] = { ...written['status'], ...status }
  })
}

/** One look at one set: creates, deletes and replaces until the order of the set says to wait. */
class Pass {
  /** Until a pod that was not made for the sake of its name can be. */
  nameFreeInMs = Infinity
  readonly #context: ControllerContext
  readonly #podNames: PodNames
  readonly #set: LocalObject
  readonly #revisions: Revisions
  readonly #ordered: boolean
  /** Live pods by ordinal. */
  readonly #pods = new Map<number, LocalObject>()

  constructor(context: ControllerContext, podNames: PodNames, set: LocalObject, revisions: Revisions) {
    this.#context = context
    this.#podNames = podNames
    this.#set = set
    this.#revisions = revisions
    this.#ordered = (set['spec'].podManagementPolicy ?? 'OrderedReady') === 'OrderedReady'
    for (const pod of podsOf(context.registry, set)) {
      const ordinal = ordinalOf(set, pod.metadata.name)
      if (ordinal !== undefined) this.#pods.set(ordinal, pod)
    }
  }

  run(): void {
    const start = firstOrdinal(this.#set)
    const end = start + replicasOf(this.#set)
    const condemned = [...this.#pods.keys()]
      .filter((ordinal) => ordinal < start || ordinal >= end)
      .sort((a, b) => b - a)
    const condemnedPods = condemned.map((ordinal) => this.#pods.get(ordinal)!)
    syncClaimOwners(this.#context.registry, this.#set, [...this.#pods.values()], condemnedPods)
    for (let ordinal = start; ordinal < end; ordinal++) if (!this.#ensure(ordinal)) return
    for (const pod of condemnedPods) if (!this.#condemn(pod)) return
    if ((this.#set['spec'].updateStrategy?.type ?? 'RollingUpdate') === 'RollingUpdate') this.#roll(start, end)
  }

  /** False = nothing further may be done before this pod has moved on. */
  #ensure(ordinal: number): boolean {
    const pod = this.#pods.get(ordinal)
    if (!pod) {
      this.#create(ordinal)
      return !this.#ordered
    }
    if (isTerminating(pod)) return !this.#ordered
    if (isTerminal(pod)) {
      const reason = pod['status'].phase === 'Failed' ? 'RecreatingFailedPod' : 'RecreatingTerminatedPod'
      const message = `StatefulSet ${keyOf(this.#set)} is recreating ${pod['status'].phase} Pod ${pod.metadata.name}`
      this.#context.events.record(this.#set, 'Warning', reason, message)
      this.#delete(pod)
      return !this.#ordered
    }
    if (pod['status']?.phase === 'Pending') this.#ensureClaims(pod.metadata.name)
    return !this.#ordered || this.#isAvailable(pod)
  }

  #condemn(pod: LocalObject): boolean {
    if (isTerminating(pod)) return !this.#ordered
    this.#delete(pod)
    return !this.#ordered
  }

  #roll(start: number, end: number): void {
    const partition = this.#set['spec'].updateStrategy?.rollingUpdate?.partition ?? 0
    for (let ordinal = end - 1; ordinal >= start + partition; ordinal--) {
      const pod = this.#pods.get(ordinal)
      if (!pod || isTerminating(pod)) return
      if (pod.metadata.labels?.[revisionLabel] !== this.#revisions.update.metadata.name) return this.#delete(pod)
      if (!this.#isAvailable(pod)) return
    }
  }

  #isAvailable(pod: LocalObject): boolean {
    return availableInMs(pod, this.#set['spec'].minReadySeconds ?? 0, this.#context.clock.nowMs()) === 0
  }

  #create(ordinal: number): void {
    const pod = buildPod(this.#set, this.#revisionFor(ordinal), ordinal)
    const freeInMs = this.#podNames.freeInMs(`${pod.metadata.namespace}/${pod.metadata.name}`)
    if (freeInMs > 0) {
      this.nameFreeInMs = Math.min(this.nameFreeInMs, freeInMs)
      return
    }
    const what = `Create Pod ${pod.metadata.name} in StatefulSet ${this.#set.metadata.name}`
    try {
      this.#ensureClaims(pod.metadata.name!)
      this.#context.registry.create(pods, pod)
    } catch (error) {
      this.#context.events.record(this.#set, 'Warning', 'FailedCreate', `${what} failed error: ${messageOf(error)}`)
      throw error
    }
    this.#context.events.record(this.#set, 'Normal', 'SuccessfulCreate', `${what} successful`)
  }

  #revisionFor(ordinal: number): LocalObject {
    const strategy = this.#set['spec'].updateStrategy
    if ((strategy?.type ?? 'RollingUpdate') === 'OnDelete') return this.#revisions.update
    const partition = strategy?.rollingUpdate?.partition ?? 0
    return ordinal < firstOrdinal(this.#set) + partition ? this.#revisions.current : this.#revisions.update
  }

  #ensureClaims(podName: string): void {
    for (const claim of buildClaims(this.#set, podName)) {
      const { namespace, name } = claim.metadata
      if (this.#context.registry.get(persistentVolumeClaims, namespace, name!)) continue
      this.#context.registry.create(persistentVolumeClaims, claim)
      const message = `Create Claim ${name} Pod ${podName} in StatefulSet ${this.#set.metadata.name} success`
      this.#context.events.record(this.#set, 'Normal', 'SuccessfulCreate', message)
    }
  }

  #delete(pod: LocalObject): void {
    const { namespace, name, uid } = pod.metadata
    this.#context.registry.delete(pods, namespace, name, { uid })
    const message = `Delete Pod ${name} in StatefulSet ${this.#set.metadata.name} successful`
    this.#context.events.record(this.#set, 'Normal', 'SuccessfulDelete', message)
  }
}
