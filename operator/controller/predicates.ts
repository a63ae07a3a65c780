// Which changes are worth a reconcile.
import type { KubeObject } from '../kube/port.ts'
import type { ObjectChange } from './resource-cache.ts'

export type Predicate<T extends KubeObject = KubeObject> = (change: ObjectChange<T>) => boolean

/**
 * Everything but a write to the status alone: spec (by generation), labels, annotations, finalizers, owners, or the wish
 * to delete have changed. For kinds whose status the reconcile itself writes.
 */
export const ignoreStatusWrites: Predicate = ({ type, object, old }) => {
  if (type !== 'modified' || !old) return true
  const [after, before] = [object.metadata, old.metadata]
  return (
    after.generation !== before.generation ||
    after.deletionTimestamp !== before.deletionTimestamp ||
    !sameJson(after.labels, before.labels) ||
    !sameJson(after.annotations, before.annotations) ||
    !sameJson(after.finalizers, before.finalizers) ||
    !sameJson(after.ownerReferences, before.ownerReferences)
  )
}

/** Compared as written by the server, which keeps the keys of maps sorted. */
const sameJson = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)
