// What all sessions of an active broker share, whatever protocol they speak.
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import type { BrokerIdentity } from '../region/broker-identity.ts'
import type { Region } from '../region/region.ts'
import type { BrokerInfo, ConsumerInfo } from '../wire/openwire/commands.ts'
import type { ClusterBrokers } from './cluster-brokers.ts'
import type { ConnectionRegistry } from './connection-registry.ts'
import type { LimitCounts } from './limit-counts.ts'

export interface SessionService {
  readonly identity: BrokerIdentity
  readonly region: Region
  readonly registry: ConnectionRegistry
  readonly cluster: ClusterBrokers
  readonly advisories: BrokerAdvisories
  readonly limits: LimitCounts
  readonly clock: Clock
  readonly logger: Logger
}

export interface BrokerAdvisories {
  /** After each command and its answer: what it gave rise to is told before the next one is carried out. */
  flush(): void
  /** `broker`: the one at the other end; `bridgeStopped` takes the same object. */
  bridgeStarted(broker: BrokerInfo, createdByDuplex: boolean, remoteAddress: string): void
  bridgeStopped(broker: BrokerInfo): void
  /** All that there are, as they announced themselves. */
  consumers(): readonly ConsumerInfo[]
}
