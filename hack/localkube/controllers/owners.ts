// Owner references: who controls an object, and the reference that says so.
import type { LocalObject, LocalObjectMeta } from '../api/registry.ts'

export type OwnerReference = NonNullable<LocalObjectMeta['ownerReferences']>[number]

export const controllerOf = (object: LocalObject): OwnerReference | undefined =>
  object.metadata.ownerReferences?.find((owner) => owner.controller === true)

export const isControlledBy = (object: LocalObject, owner: LocalObject): boolean =>
  controllerOf(object)?.uid === owner.metadata.uid

export const ownerReference = (owner: LocalObject): OwnerReference => ({
  apiVersion: owner.apiVersion,
  kind: owner.kind,
  name: owner.metadata.name,
  uid: owner.metadata.uid,
})

export const controllerReference = (owner: LocalObject): OwnerReference => ({
  ...ownerReference(owner),
  controller: true,
  blockOwnerDeletion: true,
})

/** The key of the controller of `object`, when that is of `kind`: for triggers. */
export function* controllerKeys(object: LocalObject, kind: string): Iterable<string> {
  const owner = controllerOf(object)
  if (owner?.kind === kind) yield `${object.metadata.namespace ?? ''}/${owner.name}`
}
