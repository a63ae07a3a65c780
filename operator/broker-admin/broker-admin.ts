// What the operator asks of a running broker, as a port. The rim is http-broker-admin.ts; tests and the model use a fake.
// A broker is told what to do through its configuration and its pod; only a drain is asked for here, because it must restart nothing.
import { FlotillaError } from '../../broker/base/errors.ts'
import type {
  DrainRequest,
  DrainSnapshot,
  NetworkBridgeSnapshot,
  ReplicationSnapshot,
  RoleAnswer,
} from '../../broker/management/contract.ts'

/** One broker pod. Namespace and name are for messages; the request goes to `podIP:adminPort`. */
export interface BrokerAdminTarget {
  readonly namespace: string
  readonly name: string
  readonly podIP: string
  readonly adminPort: number
}

/**
 * What the operator reads of `GET /snapshot`, the small answer that it asks for in each pass. A broker of another version
 * may leave out what is optional here, and say more.
 */
export interface MemberSnapshot extends RoleAnswer {
  readonly version: string
  readonly activeSince: string | null
  readonly store: {
    readonly type: string
    /** Why this member does not use its data directory, in one sentence: it belongs to another broker. */
    readonly refusal?: string | null
  }
  readonly lock: {
    readonly type: string
    readonly holder: string | null
    readonly term: number | null
    /** Why it cannot even be tried; undefined from brokers before 0.2. */
    readonly trouble?: string | null | undefined
  }
  /** Of an active that knows networks. */
  readonly networkBridges?: readonly MemberBridge[]
  /** While it drains. */
  readonly drain?: DrainSnapshot
  /** Of a replicated store. */
  readonly replication?: MemberReplication
}

export interface MemberReplication extends Pick<ReplicationSnapshot, 'inSync'> {
  /** ReplicationTrouble, or another word. */
  readonly trouble?: { readonly kind: string; readonly reason: string } | null
  readonly members?: readonly { readonly name: string; readonly inSync: boolean }[]
}

export interface MemberBridge extends Pick<
  NetworkBridgeSnapshot,
  'connector' | 'accepted' | 'reason' | 'remoteBrokerName' | 'remoteAddress'
> {
  /** Connected, Connecting, or another word: then nothing goes over it. */
  readonly state: string
}

/** What a broker is to tell by itself besides its end. */
export type Told = 'roles' | 'roles and bridges'

export interface BrokerAdmin {
  /** Rejects with BrokerAdminError. Always settles within a few seconds. */
  snapshot(target: BrokerAdminTarget): Promise<MemberSnapshot>
  /**
   * Has an active member drain; what is said last counts. Rejects with BrokerAdminError, whose status is 409 when it is not
   * active, and another one of 400 to 499 when it cannot drain.
   */
  drain(target: BrokerAdminTarget, request: DrainRequest): Promise<void>
  /** Has it take part again. Rejects as `drain`. */
  endDrain(target: BrokerAdminTarget): Promise<void>
  /** Listens to what the broker tells by itself. Returns how to end that, after which the listener hears nothing. */
  watchRole(target: BrokerAdminTarget, listener: RoleListener, told?: Told): () => void
}

export interface RoleListener {
  /**
   * What was asked for is known from now on, or has just changed: a snapshot has it. Never called by a broker that cannot tell
   * what was asked for, such as those up to 0.1.
   */
  told(): void
  /** The process has ended, or cannot be reached, or does not tell. Called once; nothing follows. */
  ended(): void
}

/**
 * BROKER_UNREACHABLE: nothing answered in time. BROKER_REFUSED: an HTTP status other than 200.
 * BROKER_ANSWER_INVALID: an answer that is no snapshot.
 */
type BrokerAdminErrorCode = 'BROKER_UNREACHABLE' | 'BROKER_REFUSED' | 'BROKER_ANSWER_INVALID'

const deeds = {
  read: (broker: string) => `read the state of broker ${broker}`,
  drain: (broker: string) => `have broker ${broker} drain`,
  endDrain: (broker: string) => `have broker ${broker} take part again`,
} as const

interface Details {
  /** What could not be done; left out: `read`. */
  readonly deed?: keyof typeof deeds | undefined
  /** HTTP status of a refusal. */
  readonly status?: number
  readonly cause?: unknown
}

export class BrokerAdminError extends FlotillaError {
  declare readonly code: BrokerAdminErrorCode
  readonly status: number | undefined

  constructor(code: BrokerAdminErrorCode, target: BrokerAdminTarget, problem: string, details: Details = {}) {
    const { deed = 'read', status, cause } = details
    super(code, `Cannot ${deeds[deed](`${target.namespace}/${target.name}`)}: ${problem}`, {
      fields: { ...target, ...(status !== undefined && { status }) },
      cause,
    })
    this.status = status
  }
}
