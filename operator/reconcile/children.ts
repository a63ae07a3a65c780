// Everything that a plan comes to in objects, in the order in which they are written: what others refer to goes first.
import type { KubeObject, ResourceType } from '../kube/port.ts'
import {
  configMaps,
  leases,
  persistentVolumeClaims,
  podDisruptionBudgets,
  roleBindings,
  roles,
  serviceAccounts,
  services,
  statefulSets,
} from '../kube/resource-types.ts'
import type { Child } from '../resources/child.ts'
import { buildClaim } from '../resources/claim.ts'
import { buildClientService } from '../resources/client-service.ts'
import { buildConfigMap } from '../resources/config-map.ts'
import { buildElection } from '../resources/election.ts'
import { buildHeadlessService } from '../resources/headless-service.ts'
import { buildPodDisruptionBudget } from '../resources/pod-disruption-budget.ts'
import { buildStatefulSet } from '../resources/stateful-set.ts'
import type { ClusterPlan, GroupPlan } from '../topology/plan.ts'
import { planStorageStep } from '../topology/storage-change.ts'
import type { ClusterObjects } from './cluster-reader.ts'
import { existingStorage } from './existing-storage.ts'

export interface PlannedChild {
  readonly type: ResourceType
  readonly object: Child
  /** What there is of it; undefined when the operator is not known to have made it yet. */
  readonly observed: KubeObject | undefined
}

/**
 * `replicas` says for each group how many members its StatefulSet is to have next; `unsettled` which groups are to be looked at as to
 * what elects their members.
 */
export function buildChildren(
  plan: ClusterPlan,
  objects: ClusterObjects,
  replicas: ReadonlyMap<string, number>,
  unsettled: readonly GroupPlan[] = [],
): PlannedChild[] {
  const children: PlannedChild[] = []
  const add = (type: ResourceType, object: Child, existing: readonly KubeObject[]) =>
    children.push({ type, object, observed: existing.find(({ metadata }) => metadata.name === object.metadata.name) })
  const storage = new Map(
    plan.groups.map((group) => [group.name, planStorageStep(group, existingStorage(group, objects))]),
  )
  for (const group of plan.groups) {
    const { claims } = storage.get(group.name)!
    if (isHeldBack(group, objects)) continue
    for (const claim of claims) add(persistentVolumeClaims, buildClaim(plan, group, claim), objects.claims)
    add(configMaps, buildConfigMap(plan, group), objects.configMaps)
    add(services, buildHeadlessService(plan, group), objects.services)
  }
  add(services, buildClientService(plan), objects.services)
  for (const group of unsettled) {
    const name = group.store.replication?.lease
    if (name === undefined) continue
    const { lease, serviceAccount, role, roleBinding } = buildElection(plan, group, name)
    add(leases, lease, [])
    add(serviceAccounts, serviceAccount, [])
    add(roles, role, [])
    add(roleBindings, roleBinding, [])
  }
  for (const group of plan.groups) {
    if (isHeldBack(group, objects)) continue
    const stored = { ...group, store: storage.get(group.name)!.store }
    add(statefulSets, buildStatefulSet(plan, stored, replicas.get(group.name) ?? group.replicas), objects.statefulSets)
    if (plan.podDisruptionBudget.enabled)
      add(podDisruptionBudgets, buildPodDisruptionBudget(plan, group), objects.podDisruptionBudgets)
  }
  return children
}

/** Its members would wait for their Secret, and be replaced when it says what they are to be made for. */
const isHeldBack = ({ statefulSet, store: { data } }: GroupPlan, { statefulSets: sets }: ClusterObjects): boolean =>
  data.from === 'Database' && !data.known && !sets.some(({ metadata }) => metadata.name === statefulSet)
