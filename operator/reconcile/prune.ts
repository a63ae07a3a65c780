// Deletes what the operator made for this cluster and no longer plans. What belongs to a group that is still leaving stays, and
// claims stay, unless their policy says otherwise.
import type { BrokerCluster } from '../api/broker-cluster.ts'
import { annotations, operatorFieldManager, labels } from '../api/names.ts'
import type { KubeClient, KubeObject, ResourceType } from '../kube/port.ts'
import {
  configMaps,
  persistentVolumeClaims,
  podDisruptionBudgets,
  services,
  statefulSets,
} from '../kube/resource-types.ts'
import { claimNames, type ClusterPlan } from '../topology/plan.ts'
import { isOurs } from './apply-child.ts'
import type { PlannedChild } from './children.ts'
import type { ClusterObjects } from './cluster-reader.ts'
import type { StayingGroups } from './drains.ts'

/** `staying`: what is not planned, and left alone. Returns what it deleted, as `Kind name`. */
export async function pruneChildren(
  client: KubeClient,
  cluster: BrokerCluster,
  plan: ClusterPlan,
  planned: readonly PlannedChild[],
  objects: ClusterObjects,
  staying: StayingGroups,
): Promise<string[]> {
  const isOf = (groups: ReadonlySet<string>, { metadata }: KubeObject) =>
    groups.has(metadata.labels?.[labels.group] ?? '')
  const deleted: string[] = []
  /** With a version: only as it was seen, because what may become of it stands on it. */
  const remove = async (type: ResourceType, object: KubeObject, resourceVersion?: string) => {
    const { namespace = '', name, uid, deletionTimestamp } = object.metadata
    if (deletionTimestamp !== undefined) return
    await client.delete(
      type,
      { namespace, name },
      {
        propagationPolicy: 'Background',
        ...(uid !== undefined && { uid }),
        ...(resourceVersion !== undefined && { resourceVersion }),
      },
    )
    deleted.push(`${type.kind} ${name}`)
  }
  const wanted = new Set(planned.map(({ type, object }) => `${type.kind}/${object.metadata.name}`))
  const kinds = [
    [statefulSets, objects.statefulSets],
    [podDisruptionBudgets, objects.podDisruptionBudgets],
    [services, objects.services],
    [configMaps, withoutUsed(objects)],
  ] as const
  for (const [type, existing] of kinds)
    for (const object of existing)
      if (
        isOurs(object, cluster) &&
        !isOf(staying.objects, object) &&
        !wanted.has(`${type.kind}/${object.metadata.name}`)
      )
        await remove(type, object)
  // Only what has no StatefulSet any more: until then its group may come back. A crash in between is made good by the next pass.
  for (const claim of leavingClaims(plan, objects))
    if (!isOf(staying.claims, claim)) await remove(persistentVolumeClaims, claim, claim.metadata.resourceVersion)
  return deleted
}

function leavingClaims(plan: ClusterPlan, { claims }: ClusterObjects): KubeObject[] {
  const used = new Set(plan.groups.flatMap(claimNames))
  return claims.filter(
    ({ metadata }) =>
      !used.has(metadata.name) &&
      metadata.labels?.[labels.managedBy] === operatorFieldManager &&
      metadata.annotations?.[annotations.whenScaled] === 'Delete',
  )
}

/** Without configurations that a pod, or the StatefulSet that makes pods, still refers to. */
function withoutUsed({ configMaps, pods, statefulSets }: ClusterObjects): KubeObject[] {
  const specs = [...pods.map(({ spec }) => spec), ...statefulSets.map(({ spec }) => spec?.template?.spec)]
  const used = new Set(specs.flatMap((spec) => spec?.volumes ?? []).map(({ configMap }) => configMap?.name))
  return configMaps.filter(({ metadata }) => !used.has(metadata.name))
}
