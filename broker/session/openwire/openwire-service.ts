// What all OpenWire sessions of an active broker share.
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import type { BrokerIdentity } from '../../region/broker-identity.ts'
import type { Region } from '../../region/region.ts'
import type { Advisories } from '../../advisory/advisories.ts'
import type { ConnectionRegistry } from '../connection-registry.ts'
import type { LimitCounts } from '../limit-counts.ts'

export interface OpenWireService {
  readonly identity: BrokerIdentity
  readonly region: Region
  readonly registry: ConnectionRegistry
  readonly advisories: Advisories
  readonly limits: LimitCounts
  readonly clock: Clock
  readonly logger: Logger
}
