// What exists only while a member is active: region, advisories, connections and connectors over the opened store. Built
// in one step, with nothing open yet; nothing is built twice.
import { Advisories } from '../advisory/advisories.ts'
import { BurstLogger } from '../base/burst-logger.ts'
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import { parseDuration } from '../config/duration-and-size.ts'
import type { BrokerConfig } from '../config/schema.ts'
import type { TransportConnector } from '../net/transport-connector.ts'
import type { Network } from '../network/network.ts'
import type { BrokerIdentity } from '../region/broker-identity.ts'
import type { WhenNoSpace } from '../region/flow-control.ts'
import { createRegion } from '../region/region-broker.ts'
import type { Region } from '../region/region.ts'
import { ClusterBrokers } from '../session/cluster-brokers.ts'
import { ConnectionRegistry } from '../session/connection-registry.ts'
import { LimitCounts } from '../session/limit-counts.ts'
import { logBurstEntries, logBurstPeriodMs } from '../session/limits.ts'
import type { SessionService } from '../session/session-service.ts'
import type { MessageStore, RecoveredState } from '../store/message-store.ts'
import type { TempStore } from '../store/temp-store.ts'
import {
  deadLetterPoliciesOf,
  dispatchPoliciesOf,
  expiryPoliciesOf,
  deliveryPoliciesOf,
  inactiveDestinationsOf,
  networkFilterPoliciesOf,
  priorityPoliciesOf,
  recoveryPoliciesOf,
  redeliveryOf,
  startupDestinationsOf,
  toldVirtualDestinationsOf,
  virtualDestinationsOf,
} from './region-settings.ts'

export interface ActiveParts {
  readonly region: Region
  readonly registry: ConnectionRegistry
  /** Bridges say here who comes and goes. */
  readonly cluster: ClusterBrokers
  readonly advisories: Advisories
  readonly limits: LimitCounts
  readonly connectors: readonly TransportConnector[]
  readonly network: Network
}

export interface ActivePartsOptions {
  readonly config: BrokerConfig
  readonly brokerId: string
  /** Name of this machine: what clients may dial where a connector is open on all addresses. */
  readonly hostName: string
  readonly clock: Clock
  readonly logger: Logger
  /** Open: this member is the owner. */
  readonly store: MessageStore
  /** Open, too; null when there is none. */
  readonly temp: TempStore | null
  readonly recovered: RecoveredState
  readonly memoryLimit: number
  /** Closed ones, in the order of the configuration. */
  readonly buildConnectors: (service: SessionService) => readonly TransportConnector[]
  /** Not started. */
  readonly buildNetwork: (service: SessionService) => Network
}

export function buildActiveParts(options: ActivePartsOptions): ActiveParts {
  const { config, clock, logger, store, temp, recovered, memoryLimit } = options
  const identity = identityOf(options, () => connectors)
  const advisories = new Advisories(identity, clock, toldVirtualDestinationsOf(config))
  const region = createRegion({
    store,
    temp,
    clock,
    logger,
    brokerId: options.brokerId,
    listeners: [advisories],
    memoryLimit,
    deadLetter: config.deadLetter,
    deadLetterPolicies: deadLetterPoliciesOf(config),
    dispatchPolicies: dispatchPoliciesOf(config),
    deliveryPolicies: deliveryPoliciesOf(config),
    redelivery: redeliveryOf(config),
    expiryPolicies: expiryPoliciesOf(config),
    recoveryPolicies: recoveryPoliciesOf(config),
    priorityPolicies: priorityPoliciesOf(config),
    networkFilterPolicies: networkFilterPoliciesOf(config),
    virtualDestinations: virtualDestinationsOf(config),
    inactiveDestinations: inactiveDestinationsOf(config),
    concurrentStoreAndDispatchQueues: config.store.type !== 'Memory' && config.store.concurrentStoreAndDispatchQueues,
    whenNoSpace: whenNoSpaceOf(config),
  })
  region.recover(recovered)
  region.prepare(startupDestinationsOf(config))
  advisories.attach(region)
  const registry = new ConnectionRegistry(config.brokerName)
  const cluster = new ClusterBrokers(identity)
  const limits = new LimitCounts(clock, logger)
  const sessionLogger = BurstLogger.over(logger, clock, { entries: logBurstEntries, periodMs: logBurstPeriodMs })
  const service = { identity, region, registry, cluster, advisories, limits, clock, logger: sessionLogger }
  const network = options.buildNetwork(service)
  const connectors = options.buildConnectors(service)
  return { region, registry, cluster, advisories, limits, connectors, network }
}

function identityOf(
  { config, brokerId, hostName }: ActivePartsOptions,
  connectors: () => readonly TransportConnector[],
): BrokerIdentity {
  const { host, port } = config.transportConnectors[0]!
  const dialled = host === '0.0.0.0' || host === '::' ? hostName : host
  return {
    brokerName: config.brokerName,
    brokerId,
    // The port may be known only when the connector is open.
    get brokerUrl() {
      return `tcp://${dialled}:${connectors()[0]?.port ?? port}`
    },
  }
}

function whenNoSpaceOf({ sendFailIfNoSpace, sendFailIfNoSpaceAfterTimeout }: BrokerConfig): WhenNoSpace {
  const timeoutMs = parseDuration(sendFailIfNoSpaceAfterTimeout)!
  if (sendFailIfNoSpace) return { refuseAfterMs: 0 }
  return { refuseAfterMs: timeoutMs > 0 ? timeoutMs : Number.POSITIVE_INFINITY }
}
