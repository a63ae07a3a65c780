// Everything that a plan comes to in objects, in the order in which they are written: what others refer to goes first.
import type { KubeObject, ResourceType } from '../kube/port.ts'
import {
  configMaps,
  persistentVolumeClaims,
  podDisruptionBudgets,
  services,
  statefulSets,
} from '../kube/resource-types.ts'
import type { Child } from '../resources/child.ts'
import { buildClaim } from '../resources/claim.ts'
import { buildClientService } from '../resources/client-service.ts'
import { buildConfigMap } from '../resources/config-map.ts'
import { buildHeadlessService } from '../resources/headless-service.ts'
import { buildPodDisruptionBudget } from '../resources/pod-disruption-budget.ts'
import { buildStatefulSet } from '../resources/stateful-set.ts'
import { parseQuantity } from '../api/quantity.ts'
import type { ClaimPlan, ClusterPlan, GroupPlan } from '../topology/plan.ts'
import type { ClusterObjects } from './cluster-reader.ts'
import type { Claim } from './kinds.ts'

export interface PlannedChild {
  readonly type: ResourceType
  readonly object: Child
  /** What there is of it; undefined when the operator is not known to have made it yet. */
  readonly observed: KubeObject | undefined
}

/** `replicas` says for each group how many members its StatefulSet is to have next. */
export function buildChildren(
  plan: ClusterPlan,
  objects: ClusterObjects,
  replicas: ReadonlyMap<string, number>,
): PlannedChild[] {
  const children: PlannedChild[] = []
  const add = (type: ResourceType, object: Child, existing: readonly KubeObject[]) =>
    children.push({ type, object, observed: existing.find(({ metadata }) => metadata.name === object.metadata.name) })
  for (const group of plan.groups) {
    const claim = plannedClaim(plan, group, objects.claims)
    if (claim) add(persistentVolumeClaims, claim, objects.claims)
    add(configMaps, buildConfigMap(plan, group), objects.configMaps)
    add(services, buildHeadlessService(plan, group), objects.services)
  }
  add(services, buildClientService(plan), objects.services)
  for (const group of plan.groups) {
    const sizes = keepTemplateSize(group, objects)
    add(statefulSets, buildStatefulSet(plan, sizes, replicas.get(group.name) ?? group.replicas), objects.statefulSets)
    if (plan.podDisruptionBudget.enabled)
      add(podDisruptionBudgets, buildPodDisruptionBudget(plan, group), objects.podDisruptionBudgets)
  }
  return children
}

/** The claim of a Volume group is made by the StatefulSet controller; the operator looks after it once it is there. */
function plannedClaim(plan: ClusterPlan, group: GroupPlan, claims: readonly Claim[]): Child | undefined {
  const { store } = group
  if (store.type === 'None' || !store.claim) return undefined
  const { claim } = store
  const observed = claims.find(({ metadata }) => metadata.name === claim.name)
  if (!observed && store.type === 'Volume') return undefined
  return buildClaim(plan, group, keepSize(claim, observed?.spec?.resources?.requests?.storage))
}

/** A claim never shrinks: one that is larger than wanted stays as it is, and the status says so. */
const keepSize = (claim: ClaimPlan, existing: string | undefined): ClaimPlan =>
  existing !== undefined && parseQuantity(existing) > parseQuantity(claim.template.resources.requests.storage)
    ? withSize(claim, existing)
    : claim

/**
 * Kubernetes lets nobody change the claim template of a StatefulSet: it keeps its first size, and the claim itself
 * grows.
 */
function keepTemplateSize(group: GroupPlan, { statefulSets }: ClusterObjects): GroupPlan {
  const observed = statefulSets.find(({ metadata }) => metadata.name === group.statefulSet)
  const size = observed?.spec?.volumeClaimTemplates?.[0]?.spec?.resources?.requests?.storage
  if (size === undefined || group.store.type !== 'Volume') return group
  return { ...group, store: { ...group.store, claim: withSize(group.store.claim, size) } }
}

const withSize = (claim: ClaimPlan, storage: string): ClaimPlan => ({
  ...claim,
  template: { ...claim.template, resources: { requests: { storage } } },
})
