// persistentVolumeClaimRetentionPolicy: claims that are to go are owned, and the garbage collector does the rest.
// whenDeleted=Delete: owned by the set. whenScaled=Delete: owned by the pod that is being scaled away, and by it only.
import type { LocalObject, Registry } from '../api/registry.ts'
import { canonicalJson } from '../base/canonical-json.ts'
import { type OwnerReference, ownerReference } from './owners.ts'
import { persistentVolumeClaims } from './resource-names.ts'
import { claimName } from './stateful-set-pods.ts'

export function syncClaimOwners(
  registry: Registry,
  set: LocalObject,
  allPods: readonly LocalObject[],
  condemned: readonly LocalObject[],
): void {
  const policy = set['spec'].persistentVolumeClaimRetentionPolicy
  for (const pod of allPods) {
    const leaves = condemned.includes(pod)
    const wanted: OwnerReference[] = []
    if (leaves && policy?.whenScaled === 'Delete') wanted.push(ownerReference(pod))
    else if (policy?.whenDeleted === 'Delete') wanted.push(ownerReference(set))
    for (const template of set['spec'].volumeClaimTemplates ?? [])
      setOwners(registry, pod, claimName(template, pod.metadata.name), set, wanted)
  }
}

function setOwners(registry: Registry, pod: LocalObject, name: string, set: LocalObject, wanted: OwnerReference[]) {
  const claim = registry.get(persistentVolumeClaims, pod.metadata.namespace, name)
  if (!claim || claim.metadata.deletionTimestamp) return
  const managed = (owner: OwnerReference) =>
    owner.uid === set.metadata.uid || (owner.kind === 'Pod' && owner.name === pod.metadata.name)
  const current = claim.metadata.ownerReferences ?? []
  const next = [...current.filter((owner) => !managed(owner)), ...wanted]
  if (canonicalJson(current) === canonicalJson(next)) return
  registry.update(persistentVolumeClaims, pod.metadata.namespace, name, (written) => {
    written.metadata.ownerReferences = next
  })
}
