// What a deletion makes of an object: gone, or marked because finalizers or a grace period hold it. Decides only; operations.ts writes.
import { cloneJson, equalJson, isObject } from '../json-value.ts'
import type { ResourceKind } from '../kinds/resource-kind.ts'
import { badRequest, conflict } from '../status-error.ts'
import { formatTime } from '../rfc3339.ts'
import type { LocalObject } from '../registry.ts'

export interface DeleteOptions {
  readonly gracePeriodSeconds?: number
  readonly propagationPolicy?: 'Foreground' | 'Background' | 'Orphan'
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string }
  readonly dryRun?: boolean
}

interface Deletion {
  readonly object: LocalObject
  readonly gone: boolean
  /** The object is marked already and nothing needs to be written. */
  readonly unchanged: boolean
}

const defaultPodGraceSeconds = 30

export function deleteObject(kind: ResourceKind, current: LocalObject, options: DeleteOptions, now: Date): Deletion {
  checkPreconditions(kind, current, options)
  if (
    options.gracePeriodSeconds !== undefined &&
    !(Number.isInteger(options.gracePeriodSeconds) && options.gracePeriodSeconds >= 0)
  )
    throw badRequest(`gracePeriodSeconds must be a whole number of at least 0, given: ${options.gracePeriodSeconds}`)
  const object = cloneJson(current)
  setPropagationFinalizer(object, options)
  const grace = graceSeconds(kind, object, options)
  markDeleted(object, grace, now)
  const held = (object.metadata.finalizers?.length ?? 0) > 0 || heldByNamespaceFinalizer(kind, object)
  const gone = !held && grace === 0
  return { object, gone, unchanged: !gone && equalJson(object, current) }
}

function checkPreconditions(kind: ResourceKind, current: LocalObject, options: DeleteOptions): void {
  const { uid, resourceVersion } = options.preconditions ?? {}
  const { metadata } = current
  if (uid !== undefined && uid !== metadata.uid)
    throw conflict(
      kind,
      metadata.name,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${metadata.uid}`,
    )
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion)
    throw conflict(
      kind,
      metadata.name,
      `Precondition failed: ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${metadata.resourceVersion}`,
    )
}

function setPropagationFinalizer(object: LocalObject, { propagationPolicy }: DeleteOptions): void {
  if (propagationPolicy === undefined) return
  const others = (object.metadata.finalizers ?? []).filter((name) => name !== 'foregroundDeletion' && name !== 'orphan')
  if (propagationPolicy === 'Foreground') others.push('foregroundDeletion')
  if (propagationPolicy === 'Orphan') others.push('orphan')
  if (others.length > 0) object.metadata.finalizers = others
  else delete object.metadata.finalizers
}

function graceSeconds(kind: ResourceKind, object: LocalObject, options: DeleteOptions): number {
  if (kind.group !== '' || kind.plural !== 'pods') return 0
  const spec = isObject(object['spec']) ? object['spec'] : {}
  const phase = isObject(object['status']) ? object['status']['phase'] : undefined
  // A pod that no kubelet knows of, or whose containers have ended, has nothing to wait for.
  if (!spec['nodeName'] || phase === 'Succeeded' || phase === 'Failed') return 0
  const wanted =
    options.gracePeriodSeconds ??
    (spec['terminationGracePeriodSeconds'] as number | undefined) ??
    defaultPodGraceSeconds
  const running =
    object.metadata.deletionTimestamp === undefined ? undefined : object.metadata.deletionGracePeriodSeconds
  // A deletion under way may be shortened, never prolonged.
  return running === undefined ? wanted : Math.min(running, options.gracePeriodSeconds ?? running)
}

function markDeleted(object: LocalObject, grace: number, now: Date): void {
  const { metadata } = object
  if (metadata.deletionTimestamp !== undefined && metadata.deletionGracePeriodSeconds === grace) return
  metadata.deletionTimestamp = formatTime(new Date(now.getTime() + grace * 1000))
  metadata.deletionGracePeriodSeconds = grace
  if (metadata.generation !== undefined) metadata.generation += 1
}

function heldByNamespaceFinalizer(kind: ResourceKind, object: LocalObject): boolean {
  if (kind.plural !== 'namespaces') return false
  object['status'] = { ...(isObject(object['status']) ? object['status'] : {}), phase: 'Terminating' }
  const spec = object['spec'] as { finalizers?: unknown[] } | undefined
  return (spec?.finalizers?.length ?? 0) > 0
}
