// What there is of the claims of a cluster, held against the plan. Pure.
import type { SpecProblem } from '../api/validate.ts'
import { parseQuantity } from '../api/quantity.ts'
import { annotations } from '../api/names.ts'
import type { ClaimStatus } from '../api/status-schema.ts'
import type { ConditionReason } from '../api/conditions.ts'
import { describeStore } from '../resources/stateful-set.ts'
import { claimNames, type ClusterPlan, type GroupPlan } from '../topology/plan.ts'
import type { ClusterObjects } from './cluster-reader.ts'
import type { Claim } from './kinds.ts'

export interface StorageState {
  readonly ready: boolean
  readonly reason: ConditionReason<'StorageReady'>
  readonly message: string
  /** By group. */
  readonly claims: ReadonlyMap<string, readonly ClaimStatus[]>
}

/** `refused` says why the API server did not let a claim grow, if so. */
export function judgeStorage(plan: ClusterPlan, claims: readonly Claim[], refused: string | undefined): StorageState {
  const byGroup = new Map(plan.groups.map((group) => [group.name, claimsOf(group, claims)]))
  const all = [...byGroup.values()].flat()
  const state = (ready: boolean, reason: StorageState['reason'], message: string): StorageState => ({
    ready,
    reason,
    message,
    claims: byGroup,
  })
  if (all.length === 0) return state(true, 'NotApplicable', 'Messages are kept in memory only')
  const missing = all.find(({ phase }) => phase === 'Missing')
  if (missing) return state(false, 'ClaimMissing', `There is no claim ${missing.name}`)
  const unbound = all.find(({ phase }) => phase !== 'Bound')
  if (unbound) return state(false, 'VolumePending', `Claim ${unbound.name} is ${unbound.phase}`)
  if (refused !== undefined) return state(false, 'ResizeUnsupported', refused)
  const shrunk = plan.groups.map((group) => shrinkOf(group, claims)).find((text) => text !== undefined)
  if (shrunk !== undefined) return state(false, 'ShrinkRefused', shrunk)
  const growing = all.find(
    ({ requested, capacity }) => requested && capacity && parseQuantity(capacity) < parseQuantity(requested),
  )
  if (growing)
    return state(
      false,
      'ResizeInProgress',
      `Claim ${growing.name} grows from ${growing.capacity} to ${growing.requested}`,
    )
  return state(true, 'Bound', all.length === 1 ? 'The claim is bound' : 'All claims are bound')
}

function claimsOf(group: GroupPlan, claims: readonly Claim[]): ClaimStatus[] {
  return claimNames(group).map((name) => {
    const claim = claims.find(({ metadata }) => metadata.name === name)
    if (!claim) return { name, phase: 'Missing' }
    const requested = claim.spec?.resources?.requests?.storage
    const capacity = claim.status?.capacity?.storage
    return {
      name,
      phase: claim.status?.phase ?? 'Pending',
      ...(requested !== undefined && { requested }),
      ...(capacity !== undefined && { capacity }),
    }
  })
}

function shrinkOf({ store }: GroupPlan, claims: readonly Claim[]): string | undefined {
  if (store.type === 'None' || !store.claim) return undefined
  const { name, template } = store.claim
  const wanted = template.resources.requests.storage
  const has = claims.find(({ metadata }) => metadata.name === name)?.spec?.resources?.requests?.storage
  if (has === undefined || parseQuantity(has) <= parseQuantity(wanted)) return undefined
  return `Claim ${name} has ${has} and cannot shrink to ${wanted}; it stays as it is`
}

/** What a group cannot become, given what there is: another store would be an empty one next to the messages. */
export function unsupportedChanges(plan: ClusterPlan, { statefulSets, claims }: ClusterObjects): SpecProblem[] {
  return plan.groups.flatMap(({ name, statefulSet, store }) => {
    const problems: SpecProblem[] = []
    const problem = (field: string, given: unknown, accepted: string) =>
      problems.push({
        path: `spec: group ${name}: storage.${field}`,
        given: JSON.stringify(given) ?? 'nothing',
        accepted,
      })
    const has = statefulSets.find(({ metadata }) => metadata.name === statefulSet)?.metadata.annotations
    const stored = has?.[annotations.store]
    if (stored !== undefined && stored !== describeStore(store))
      problem('type', describeStore(store), `expected ${stored}, as the group was created: its messages are there`)
    if (store.type === 'None' || !store.claim) return problems
    const { template, name: claimName } = store.claim
    const claim = claims.find(({ metadata }) => metadata.name === claimName)?.spec
    if (claim?.accessModes && !sameSet(claim.accessModes, template.accessModes))
      problem(
        'accessModes',
        template.accessModes,
        `expected those of claim ${claimName}, ${claim.accessModes.join(', ')}`,
      )
    // Left out means the default class, which the API server then writes into the claim.
    if (claim?.storageClassName && template.storageClassName && claim.storageClassName !== template.storageClassName)
      problem(
        'storageClassName',
        template.storageClassName,
        `expected that of claim ${claimName}, ${claim.storageClassName}`,
      )
    return problems
  })
}

const sameSet = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((item) => b.includes(item))
