// Checks that what a pod answered is a snapshot, as far as the operator decides upon it. Anything may listen on a pod's
// port, and a broker of another version may answer: what is wrong is named, and unknown fields are let through.
import type { BrokerRole } from '../../broker/management/contract.ts'
import type { MemberSnapshot } from './broker-admin.ts'

type ParsedSnapshot =
  | { readonly ok: true; readonly snapshot: MemberSnapshot }
  | { readonly ok: false; readonly problem: string }

const roles: readonly BrokerRole[] = ['Starting', 'Standby', 'Active', 'Stopping']

type Check = readonly [path: string, accepted: string, isAccepted: (value: unknown) => boolean]

const isText = (value: unknown): boolean => typeof value === 'string'
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0
const isAmount = (value: unknown): boolean => typeof value === 'number' && Number.isFinite(value) && value >= 0
const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null
const isBoolean = (value: unknown): boolean => typeof value === 'boolean'
const orNothing = (accepts: (value: unknown) => boolean) => (value: unknown) => value === undefined || accepts(value)
const orNull = (accepts: (value: unknown) => boolean) => (value: unknown) => value === null || accepts(value)

const checks: readonly Check[] = [
  ['role', `one of ${roles.join(', ')}`, (value) => roles.includes(value as BrokerRole)],
  ['term', 'a whole number or null', orNull(isCount)],
  ['brokerName', 'text', isText],
  ['member', 'text', isText],
  ['version', 'text', isText],
  ['brokerId', 'text', isText],
  ['startedAt', 'a time', isText],
  ['activeSince', 'a time or null', orNull(isText)],
  ['store.type', 'text', isText],
  ['store.messages', 'a whole number', isCount],
  ['store.bytesUsed', 'a number', isAmount],
  ['store.refusal', 'text, null or nothing', (value) => value === undefined || orNull(isText)(value)],
  ['lock.type', 'text', isText],
  ['lock.holder', 'text or null', orNull(isText)],
  ['lock.term', 'a whole number or null', orNull(isCount)],
  ['lock.trouble', 'text, null or nothing', (value) => value === undefined || orNull(isText)(value)],
  ['memory.used', 'a number', isAmount],
  ['memory.limit', 'a number', isAmount],
  ['transportConnectors', 'a list', Array.isArray],
  ['networkBridges', 'a list or nothing', (value) => value === undefined || Array.isArray(value)],
  ['drain', 'an object or nothing', orNothing(isObject)],
  ['replication', 'an object or nothing', orNothing(isObject)],
]

/** A member is restarted, or not, by these. */
const replicationChecks: readonly Check[] = [
  ['inSync', 'true or false', isBoolean],
  ['trouble', 'an object, null or nothing', orNothing(orNull(isObject))],
  ['members', 'a list or nothing', orNothing(Array.isArray)],
]
const troubleChecks: readonly Check[] = [
  ['kind', 'text', isText],
  ['reason', 'text', isText],
]
const copyChecks: readonly Check[] = [
  ['name', 'text', isText],
  ['inSync', 'true or false', isBoolean],
]

/** A group is removed by these: nothing is taken for granted. */
const drainChecks: readonly Check[] = [
  ['to', 'a list of texts', (value) => Array.isArray(value) && value.every(isText)],
  ['since', 'a time', isText],
  ['messagesRemaining', 'a whole number', isCount],
  ['messagesOfSubscriptions', 'a whole number', isCount],
  ['reason', 'text or null', orNull(isText)],
]

/** Of each bridge. */
const bridgeChecks: readonly Check[] = [
  ['connector', 'text', isText],
  ['accepted', 'true or false', isBoolean],
  ['state', 'text', isText],
  ['reason', 'text or null', orNull(isText)],
  ['remoteBrokerName', 'text or null', orNull(isText)],
  ['remoteAddress', 'text or null', orNull(isText)],
]

export function parseBrokerSnapshot(text: string): ParsedSnapshot {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { ok: false, problem: `the answer is not JSON: ${JSON.stringify(text.slice(0, 80))}` }
  }
  const problem = findProblem(value, checks)
  if (problem !== undefined) return { ok: false, problem }
  const snapshot = value as MemberSnapshot
  for (const [index, bridge] of (snapshot.networkBridges ?? []).entries()) {
    const found = findProblem(bridge, bridgeChecks)
    if (found !== undefined) return { ok: false, problem: `networkBridges[${index}].${found}` }
  }
  const wrong = snapshot.drain && findProblem(snapshot.drain, drainChecks)
  if (wrong !== undefined) return { ok: false, problem: `drain.${wrong}` }
  const replication = snapshot.replication && findReplicationProblem(snapshot.replication)
  if (replication !== undefined) return { ok: false, problem: `replication.${replication}` }
  // The term tells two actives apart: one without it cannot be judged.
  if (snapshot.role === 'Active' && snapshot.term === null)
    return { ok: false, problem: 'role is Active, but term is null' }
  return { ok: true, snapshot }
}

function findReplicationProblem(replication: NonNullable<MemberSnapshot['replication']>): string | undefined {
  const problem = findProblem(replication, replicationChecks)
  if (problem !== undefined) return problem
  const ofTrouble = replication.trouble && findProblem(replication.trouble, troubleChecks)
  if (ofTrouble) return `trouble.${ofTrouble}`
  for (const [index, member] of (replication.members ?? []).entries()) {
    const found = findProblem(member, copyChecks)
    if (found !== undefined) return `members[${index}].${found}`
  }
  return undefined
}

function findProblem(value: unknown, all: readonly Check[]): string | undefined {
  for (const [path, accepted, isAccepted] of all) {
    const found = valueAt(value, path)
    if (!isAccepted(found)) return `${path} is ${show(found)}, expected ${accepted}`
  }
  return undefined
}

function valueAt(root: unknown, path: string): unknown {
  let value = root
  for (const part of path.split('.')) value = (value as Record<string, unknown> | null | undefined)?.[part]
  return value
}

const show = (value: unknown): string => (value === undefined ? 'missing' : (JSON.stringify(value) ?? '').slice(0, 80))
