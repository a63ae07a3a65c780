// What all OpenWire sessions of an active broker share.
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import type { Region } from '../../routing/region.ts'
import type { Advisories } from './advisories.ts'
import type { ConnectionRegistry } from './connection-registry.ts'
import type { LimitCounts } from './limit-counts.ts'

export interface BrokerIdentity {
  readonly brokerName: string
  /** New at each start, like ActiveMQ's: `ID:<host>-<port>-<time>-0:1`. */
  readonly brokerId: string
  /** A URL that clients can dial. */
  readonly brokerUrl: string
}

export interface OpenWireService {
  readonly identity: BrokerIdentity
  readonly region: Region
  readonly registry: ConnectionRegistry
  readonly advisories: Advisories
  readonly limits: LimitCounts
  readonly clock: Clock
  readonly logger: Logger
}
