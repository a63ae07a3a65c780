// What there is of the claims of a cluster, held against the plan. Pure.
import type { SpecProblem } from '../api/validate.ts'
import { isLarger } from '../api/quantity.ts'
import type { ClaimStatus } from '../api/status-schema.ts'
import type { ConditionReason } from '../api/conditions.ts'
import { findActive } from '../topology/observed-member.ts'
import { claimNames, type ClusterPlan, type GroupPlan } from '../topology/plan.ts'
import { planStorageStep, type StorageProblem } from '../topology/storage-change.ts'
import { existingStorage } from './existing-storage.ts'
import { type Observation, type SeenMember, troubleOf } from './observe.ts'
import type { Claim } from './kinds.ts'
import type { SecretProblem } from './secrets.ts'

export interface StorageState {
  readonly ready: boolean
  readonly reason: ConditionReason<'StorageReady'>
  readonly message: string
  /** By group. */
  readonly claims: ReadonlyMap<string, readonly ClaimStatus[]>
}

/** `refused` says why the API server did not let a claim grow, if so; `secrets` what is wrong with those that the spec names. */
export function judgeStorage(
  plan: ClusterPlan,
  { objects, members }: Observation,
  refused: string | undefined,
  secrets: readonly SecretProblem[] = [],
): StorageState {
  const byGroup = new Map(plan.groups.map((group) => [group.name, claimsOf(group, objects.claims)]))
  const all = [...byGroup.values()].flat()
  const state = (ready: boolean, reason: StorageState['reason'], message: string): StorageState => ({
    ready,
    reason,
    message,
    claims: byGroup,
  })
  const hasDatabase = plan.groups.some(({ store }) => store.data.from === 'Database')
  if (all.length === 0 && !hasDatabase) return state(true, 'NotApplicable', 'Messages are kept in memory only')
  const refuses = members.find(({ refusal }) => refusal !== undefined)
  if (refuses) return state(false, 'ForeignStore', `${refuses.name}: ${refuses.refusal}`)
  const [secret] = secrets
  if (secret) return state(false, secret.reason, secret.message)
  const unreachable = plan.groups.map((group) => databaseTrouble(group, members)).find((text) => text !== undefined)
  if (unreachable !== undefined) return state(false, 'DatabaseUnreachable', unreachable)
  const [lost] = plan.groups.flatMap((group) => copyTrouble(group, members) ?? [])
  if (lost) return state(false, lost.reason, lost.message)
  const missing = all.find(({ phase }) => phase === 'Missing')
  if (missing) return state(false, 'ClaimMissing', `There is no claim ${missing.name}`)
  const unbound = all.find(({ phase }) => phase !== 'Bound')
  if (unbound) return state(false, 'VolumePending', describeUnbound(unbound, objects.claims))
  if (refused !== undefined) return state(false, 'ResizeUnsupported', refused)
  const shrunk = plan.groups
    .map((group) => planStorageStep(group, existingStorage(group, objects)).refusedShrink)
    .find((text) => text !== undefined)
  if (shrunk !== undefined) return state(false, 'ShrinkRefused', shrunk)
  const growing = all.find(({ requested, capacity }) => requested && capacity && isLarger(requested, capacity))
  if (growing)
    return state(
      false,
      'ResizeInProgress',
      `Claim ${growing.name} grows from ${growing.capacity} to ${growing.requested}`,
    )
  if (all.length === 0) return state(true, 'DatabaseReachable', 'No member says that it cannot reach its database')
  return state(true, 'Bound', all.length === 1 ? 'The claim is bound' : 'All claims are bound')
}

/** A group that nobody leads, because none of those that answer gets through. Who is active does: it would not be. */
function databaseTrouble({ name, store }: GroupPlan, members: readonly SeenMember[]): string | undefined {
  if (store.data.from !== 'Database') return undefined
  const own = members.filter(({ group, snapshot }) => group === name && snapshot)
  if (findActive(own)) return undefined
  const [first] = own
  if (!first || own.some(({ snapshot }) => troubleOf(snapshot) === undefined)) return undefined
  return `${first.name}: ${troubleOf(first.snapshot)}`
}

/** Of its active; without one, what all that answer say. A standby alone in trouble is one standby less, and no trouble of the storage. */
function copyTrouble(
  { name, store }: GroupPlan,
  members: readonly SeenMember[],
): { readonly reason: StorageState['reason']; readonly message: string } | undefined {
  if (!store.replication) return undefined
  const own = members.filter(({ group, snapshot }) => group === name && snapshot)
  const active = findActive(own)
  const asked = active ? [active] : own
  const [first] = asked
  if (!first || asked.some(({ snapshot }) => !snapshot?.replication?.trouble)) return undefined
  const { kind, reason } = first.snapshot!.replication!.trouble!
  const known = copyTroubles.find((one) => one === kind)
  return { reason: known ?? 'QuorumLost', message: `${first.name}: ${reason}` }
}

const copyTroubles = ['ZooKeeperUnreachable', 'QuorumLost', 'ApiServerUnreachable'] as const

/** Why it is so, only its provisioner knows; what is asked for, and what is seldom given, can be said. */
function describeUnbound({ name, phase, requested }: ClaimStatus, claims: readonly Claim[]): string {
  const { accessModes = [], storageClassName } = claims.find(({ metadata }) => metadata.name === name)?.spec ?? {}
  if (phase !== 'Pending') return `Claim ${name} is ${phase}`
  const asked = `Claim ${name} is Pending: it asks for ${requested} with ${accessModes.join(', ')} ${describeClass(storageClassName)}`
  const hint = accessModes.includes('ReadWriteMany')
    ? ', and many classes, the default one among them, give no such volumes: see docs/storage.md'
    : ''
  return `${asked}${hint}. Events of the claim say more`
}

function describeClass(name: string | undefined): string {
  if (name === undefined) return 'of the default class'
  return name === '' ? 'without a class' : `of class ${name}`
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

/** As problems of the spec: they forbid acting, whoever let the spec through. */
export const asSpecProblems = (group: GroupPlan, problems: readonly StorageProblem[]): SpecProblem[] =>
  problems.map(({ field, given, accepted }) => ({
    path: `spec: group ${group.name}: ${field}`,
    given: JSON.stringify(given),
    accepted,
  }))
