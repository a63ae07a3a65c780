// What the nodes of an election say, as JSON. Others may write below the same path: what does not read as one of ours is none.
import type { LogPosition } from '../../../replication/position.ts'
import { electionLimits } from './election-limits.ts'

/** What it was elected to and does not do, or no longer. */
export interface Declined {
  readonly term: number
  readonly hadServed: boolean
  readonly reason: string
}

/** <zkPath>/0…, ephemeral and sequential: a member that is there. */
export interface MemberNode {
  /** brokerName: all members of a group have the same. */
  readonly id: string
  readonly member: string
  /** Of the process. */
  readonly instance: string
  /** host:port of its replication. */
  readonly address: string
  readonly replicas: number
  readonly weight: number
  /** null: it follows the elected one, or is it, so that nobody needs to know. */
  readonly position: LogPosition | null
  readonly promised: number
  readonly isVoter: boolean
  readonly active: string | null
  /** It has followed an active, or was one, since it started. */
  readonly hasSeenActive: boolean
  /** The term in which it serves. */
  readonly serving: number | null
  readonly declined: Declined | null
  /** Another process that wants to take part under this member's name. */
  readonly contested: string | null
}

/** <zkPath>/members/<name>, persistent: who belongs to the group. */
export interface Registration {
  readonly id: string
  /** Of the process that registered last. */
  readonly instance: string
}

/** <zkPath>/election, persistent, changed by compare-and-set: who was elected last. */
export interface Election {
  readonly term: number
  readonly member: string
  /** Its node: an election ends with the session of whom it elects. */
  readonly node: string
  readonly founding: boolean
  /** Elections before this one, in a row, that came to nothing. */
  readonly attempt: number
}

export const encodeNode = (node: MemberNode | Registration | Election): Buffer => Buffer.from(JSON.stringify(node))

type Fields = Readonly<Record<string, unknown>>

const isText = (value: unknown): value is string =>
  typeof value === 'string' && value.length > 0 && value.length <= electionLimits.textLength
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0
const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const textOrNull = (value: unknown): string | null => (isText(value) ? value : null)

function parse(data: Buffer): Fields | undefined {
  if (data.length === 0 || data.length > electionLimits.nodeBytes) return undefined
  try {
    const value: unknown = JSON.parse(data.toString('utf8'))
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

export function parseMemberNode(data: Buffer): MemberNode | undefined {
  const fields = parse(data)
  if (!fields) return undefined
  const { id, member, instance, address, replicas, weight, promised, serving } = fields
  if (!isText(id) || !isText(member) || !isText(instance) || !isText(address)) return undefined
  if (!isCount(replicas) || !isCount(weight) || !isCount(promised)) return undefined
  return {
    id,
    member,
    instance,
    address,
    replicas,
    weight,
    promised,
    position: parsePosition(fields['position']),
    isVoter: fields['isVoter'] === true,
    active: textOrNull(fields['active']),
    hasSeenActive: fields['hasSeenActive'] === true,
    serving: isCount(serving) ? serving : null,
    declined: parseDeclined(fields['declined']),
    contested: textOrNull(fields['contested']),
  }
}

function parsePosition(value: unknown): LogPosition | null {
  if (!isObject(value)) return null
  const { term, segment, offset } = value
  return isCount(term) && isCount(segment) && isCount(offset) ? { term, segment, offset } : null
}

function parseDeclined(value: unknown): MemberNode['declined'] {
  if (!isObject(value)) return null
  const { term, hadServed, reason } = value
  if (!isCount(term)) return null
  return { term, hadServed: hadServed === true, reason: textOrNull(reason) ?? 'it does not tell why' }
}

export function parseRegistration(data: Buffer): Registration | undefined {
  const { id, instance } = parse(data) ?? {}
  return isText(id) && isText(instance) ? { id, instance } : undefined
}

export function parseElection(data: Buffer): Election | undefined {
  const { term, member, node, founding, attempt } = parse(data) ?? {}
  if (!isCount(term) || !isText(member) || !isText(node)) return undefined
  return { term, member, node, founding: founding === true, attempt: isCount(attempt) ? attempt : 0 }
}
