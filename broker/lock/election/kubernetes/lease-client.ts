// A Lease (coordination.k8s.io/v1) and what is asked of the API server: the port between the elector and HTTP. One client is for one Lease.
import { FlotillaError } from '../../../base/errors.ts'

/** What nobody here knows of is kept when it is written back. */
export interface Lease {
  readonly metadata: {
    readonly name: string
    readonly namespace: string
    readonly resourceVersion?: string
    readonly annotations?: Readonly<Record<string, string>>
    readonly [field: string]: unknown
  }
  readonly spec?: {
    readonly holderIdentity?: string
    readonly leaseDurationSeconds?: number
    /** metav1.MicroTime: exactly six fractional digits. */
    readonly acquireTime?: string
    readonly renewTime?: string
    readonly leaseTransitions?: number
    readonly [field: string]: unknown
  }
  readonly [field: string]: unknown
}

export type LeaseErrorKind =
  /** Somebody has written it meanwhile, or made it. */
  | 'Conflict'
  /** RBAC, or a token that does not count. */
  | 'Forbidden'
  /** Nobody knows whether it was done. */
  | 'Unreachable'
  | 'Refused'

export class LeaseError extends FlotillaError {
  readonly kind: LeaseErrorKind

  constructor(kind: LeaseErrorKind, message: string, options: ConstructorParameters<typeof FlotillaError>[2] = {}) {
    super(`LEASE_${kind.toUpperCase()}`, message, options)
    this.kind = kind
  }
}

/** All reject with LeaseError. */
export interface LeaseClient {
  readonly namespace: string
  readonly name: string
  /** undefined: it is not there. */
  read(): Promise<Lease | undefined>
  create(lease: Lease): Promise<Lease>
  /** Only over the version that it names. */
  update(lease: Lease): Promise<Lease>
  close(): void
}
