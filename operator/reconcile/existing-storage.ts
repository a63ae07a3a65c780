// What there is of the storage of a group, in the words that the planner decides by. Pure.
import { annotations } from '../api/names.ts'
import { claimNames, type GroupPlan } from '../topology/plan.ts'
import type { ExistingStorage } from '../topology/storage-change.ts'
import type { ClusterObjects } from './cluster-reader.ts'

export function existingStorage(group: GroupPlan, { statefulSets, claims }: ClusterObjects): ExistingStorage {
  const set = statefulSets.find(({ metadata }) => metadata.name === group.statefulSet)
  const names = new Set(claimNames(group))
  return {
    note: set?.metadata.annotations?.[annotations.store],
    templateSize: set?.spec?.volumeClaimTemplates?.[0]?.spec?.resources?.requests?.storage,
    claims: claims
      .filter(({ metadata }) => names.has(metadata.name))
      .map(({ metadata, spec }) => ({
        name: metadata.name,
        size: spec?.resources?.requests?.storage,
        accessModes: spec?.accessModes,
        storageClassName: spec?.storageClassName,
      })),
  }
}
