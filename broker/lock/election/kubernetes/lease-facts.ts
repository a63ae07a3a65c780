// What a Lease says about an election, and how that is written:
//
//   spec.holderIdentity            <member>/<instance of its process>; empty: released
//   spec.leaseTransitions          the newest term that was proposed
//   flotilla.dev/broker            brokerName: whose Lease it is
//   flotilla.dev/founded           "true": a term was served
//   flotilla.dev/declined          {term, member, attempt}: who was proposed last and would not
import type { Lease } from './lease-client.ts'
import { leaseLimits } from './lease-limits.ts'

export interface Declined {
  readonly term: number
  readonly member: string
  /** Proposals in a row that came to nothing; 0: it had served. */
  readonly attempt: number
}

export interface LeaseFacts {
  /** Empty: nobody. */
  readonly holder: string
  readonly durationMs: number
  readonly term: number
  readonly brokerName: string | undefined
  readonly isFounded: boolean
  readonly declined: Declined | undefined
}

const names = {
  broker: 'flotilla.dev/broker',
  founded: 'flotilla.dev/founded',
  declined: 'flotilla.dev/declined',
} as const

const longestDurationS = 3600

export const identityOf = (member: string, instance: string): string => `${member}/${instance}`
export const memberOfIdentity = (identity: string): string => identity.replace(/\/[^/]*$/, '')

/** Others may have written it: whatever does not make sense is as if it were not there. */
export function factsOf(lease: Lease | undefined): LeaseFacts {
  const { holderIdentity, leaseDurationSeconds: durationS, leaseTransitions: transitions } = lease?.spec ?? {}
  const annotations = lease?.metadata.annotations ?? {}
  return {
    holder: typeof holderIdentity === 'string' ? holderIdentity : '',
    durationMs:
      isCount(durationS) && durationS > 0 ? Math.min(durationS, longestDurationS) * 1000 : leaseLimits.durationMs,
    term: isCount(transitions) ? transitions : 0,
    brokerName: annotations[names.broker],
    isFounded: annotations[names.founded] === 'true',
    declined: parseDeclined(annotations[names.declined]),
  }
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

function parseDeclined(text: string | undefined): Declined | undefined {
  if (text === undefined) return undefined
  try {
    const { term, member, attempt } = JSON.parse(text) as Record<string, unknown>
    if (isCount(term) && typeof member === 'string' && isCount(attempt)) return { term, member, attempt }
  } catch {
    // Not ours.
  }
  return undefined
}

export interface LeaseChange {
  readonly holder: string
  readonly durationMs: number
  readonly term: number
  readonly brokerName: string
  readonly isFounded: boolean
  readonly declined: Declined | undefined
  readonly nowMs: number
}

/** `lease` as it is to be written; what it has of others stays. */
export function changedLease(
  lease: Lease | undefined,
  key: { readonly namespace: string; readonly name: string },
  change: LeaseChange,
): Lease {
  const { [names.declined]: _, ...annotations } = lease?.metadata.annotations ?? {}
  const now = microTime(change.nowMs)
  const isSameHolder = lease?.spec?.holderIdentity === change.holder && factsOf(lease).term === change.term
  return {
    ...lease,
    metadata: {
      ...lease?.metadata,
      ...key,
      annotations: {
        ...annotations,
        [names.broker]: change.brokerName,
        ...(change.isFounded && { [names.founded]: 'true' }),
        ...(change.declined && { [names.declined]: JSON.stringify(change.declined) }),
      },
    },
    spec: {
      ...lease?.spec,
      holderIdentity: change.holder,
      leaseDurationSeconds: Math.max(1, Math.ceil(change.durationMs / 1000)),
      acquireTime: isSameHolder ? (lease.spec?.acquireTime ?? now) : now,
      renewTime: now,
      leaseTransitions: change.term,
    },
  }
}

/** metav1.MicroTime: RFC 3339 with exactly six fractional digits. */
const microTime = (epochMs: number): string => new Date(epochMs).toISOString().replace('Z', '000Z')
