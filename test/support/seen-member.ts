// A member as the operator has observed it, for tests: one that stands by and is ready, unless told otherwise.
import type { SeenMember } from '../../operator/reconcile/observe.ts'

export const seenMember = (
  name: string,
  change: Partial<SeenMember> = {},
  creationTimestamp = '2026-11-21T03:00:00Z',
): SeenMember => ({
  name,
  ordinal: 0,
  group: 'g0',
  revision: 'r',
  terminating: false,
  ready: true,
  running: true,
  role: 'Standby',
  term: undefined,
  inSync: true,
  failure: undefined,
  refusal: undefined,
  snapshot: undefined,
  hasEnded: false,
  pod: { apiVersion: 'v1', kind: 'Pod', metadata: { name, creationTimestamp } },
  ...change,
})
