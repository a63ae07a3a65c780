// What becomes of the storage of a group, given what there is of it. Pure. Messages are on it: a claim grows and never
// shrinks, a store never becomes another one, and what cannot be done is said instead of tried.
import { isLarger } from '../api/quantity.ts'
import type { ClaimPlan, GroupPlan, StorePlan } from './plan.ts'

/** What there is, as far as it has been made. */
export interface ExistingStorage {
  /** StorePlan.note as it was when the StatefulSet was made; undefined when there is none. */
  readonly note: string | undefined
  /** Size in the claim template of the StatefulSet. */
  readonly templateSize: string | undefined
  /** The claims that the group uses. */
  readonly claims: readonly ExistingClaim[]
}

export interface ExistingClaim {
  readonly name: string
  readonly size: string | undefined
  readonly accessModes: readonly string[] | undefined
  readonly storageClassName: string | undefined
}

interface StorageStep {
  /** To be written, in the size that each is to have; those left out are not the operator's, or not yet. */
  readonly claims: readonly ClaimPlan[]
  /** For the StatefulSet. */
  readonly store: StorePlan
  /** Why a claim stays larger than wanted. */
  readonly refusedShrink: string | undefined
}

export function planStorageStep({ store }: GroupPlan, existing: ExistingStorage): StorageStep {
  const found = (claim: ClaimPlan) => existing.claims.find(({ name }) => name === claim.name)
  return {
    claims: store.claims.flatMap((claim) => claimToWrite(store, claim, found(claim)) ?? []),
    store: keepTemplateSize(store, existing.templateSize),
    refusedShrink: store.claims
      .map((claim) => refusedShrink(claim, found(claim)))
      .find((refusal) => refusal !== undefined),
  }
}

/** The StatefulSet controller makes the claim of a template; the operator looks after it once it is there. */
function claimToWrite(
  { data }: StorePlan,
  claim: ClaimPlan,
  existing: ExistingClaim | undefined,
): ClaimPlan | undefined {
  if (!existing && data.from === 'ClaimTemplate') return undefined
  const size = existing?.size
  return size !== undefined && isLarger(size, sizeOf(claim)) ? withSize(claim, size) : claim
}

function refusedShrink(claim: ClaimPlan, existing: ExistingClaim | undefined): string | undefined {
  if (existing?.size === undefined || !isLarger(existing.size, sizeOf(claim))) return undefined
  return `Claim ${claim.name} has ${existing.size} and cannot shrink to ${sizeOf(claim)}; it stays as it is`
}

/** Kubernetes lets nobody change the claim template of a StatefulSet: it keeps its first size, and the claim itself grows. */
function keepTemplateSize(store: StorePlan, size: string | undefined): StorePlan {
  if (size === undefined || store.data.from !== 'ClaimTemplate') return store
  return { ...store, data: { ...store.data, claim: withSize(store.data.claim, size) } }
}

const sizeOf = ({ template }: ClaimPlan): string => template.resources.requests.storage

const withSize = (claim: ClaimPlan, storage: string): ClaimPlan => ({
  ...claim,
  template: { ...claim.template, resources: { requests: { storage } } },
})

/** Why the storage of a group cannot be what the spec says. */
export interface StorageProblem {
  /** Below the group. */
  readonly field: string
  readonly given: unknown
  readonly accepted: string
}

/** What a group cannot become, given what there is: another store would be an empty one next to the messages. */
export function unsupportedChanges({ store }: GroupPlan, existing: ExistingStorage): StorageProblem[] {
  const problems: StorageProblem[] = []
  const problem = (field: string, given: unknown, accepted: string) => problems.push({ field, given, accepted })
  if (existing.note !== undefined && existing.note !== store.note)
    problem('storage.type', store.note, `expected ${existing.note}, as the group was created: its messages are there`)
  // All are of one template, and a problem is to be told once.
  const names = new Set(store.claims.map(({ name }) => name))
  const claim = existing.claims.find((one) => names.has(one.name))
  const [planned] = store.claims
  if (!planned || !claim) return problems
  const { template } = planned
  const { name } = claim
  if (claim.accessModes && !sameSet(claim.accessModes, template.accessModes))
    problem(
      'storage.accessModes',
      template.accessModes,
      `expected those of claim ${name}, ${claim.accessModes.join(', ')}`,
    )
  // Left out means the default class, which the API server then writes into the claim.
  if (claim.storageClassName && template.storageClassName && claim.storageClassName !== template.storageClassName)
    problem(
      'storage.storageClassName',
      template.storageClassName,
      `expected that of claim ${name}, ${claim.storageClassName}`,
    )
  return problems
}

/** A claim of somebody else that the members of the group cannot all mount. */
export function unusableClaims({ replicas, store }: GroupPlan, existing: ExistingStorage): StorageProblem[] {
  const { data, claims: own } = store
  if (data.from !== 'Claim' || own.length > 0 || replicas === 1) return []
  const modes = existing.claims.find(({ name }) => name === data.claimName)?.accessModes
  if (!modes || modes.length === 0 || modes.includes('ReadWriteMany')) return []
  const accepted = `a claim with access modes ${modes.join(', ')}; expected one with ReadWriteMany, which ${replicas} members can mount at the same time`
  return [{ field: 'storage.sharedVolume.existingClaim.name', given: data.claimName, accepted }]
}

const sameSet = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((item) => b.includes(item))
