// What the operator asks of a running broker, as a port. The rim is http-broker-admin.ts; tests and the model use a fake.
// It only reads: a broker is told what to do through its configuration and its pod, never through here.
import { FlotillaError } from '../../broker/base/errors.ts'
import type { NetworkBridgeSnapshot, RoleAnswer } from '../../broker/management/contract.ts'

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
  readonly lock: { readonly type: string; readonly holder: string | null; readonly term: number | null }
  /** Of an active that knows networks. */
  readonly networkBridges?: readonly MemberBridge[]
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

export class BrokerAdminError extends FlotillaError {
  declare readonly code: BrokerAdminErrorCode

  constructor(code: BrokerAdminErrorCode, target: BrokerAdminTarget, problem: string, cause?: unknown) {
    super(code, `Cannot read the state of broker ${target.namespace}/${target.name}: ${problem}`, {
      fields: { ...target },
      cause,
    })
  }
}
