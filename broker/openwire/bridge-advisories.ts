// Advisories that brokers tell each other's bridges: who consumes what, and which temporary destinations there are. They say
// something to the bridge and are no messages for anybody else (ActiveMQ: NetworkBridgeFilter.isAdvisoryInterpretedByNetworkBridge).
import { advisoryPrefix, type Destination } from '../message/destination.ts'

const prefixes = [
  `${advisoryPrefix}Consumer.`,
  `${advisoryPrefix}VirtualDestination.Consumer.`,
  `${advisoryPrefix}TempQueue`,
  `${advisoryPrefix}TempTopic`,
]

export const isForBridges = (destination: Destination): boolean =>
  destination.name.startsWith(advisoryPrefix) &&
  destination.kind === 'topic' &&
  prefixes.some((prefix) => destination.name.startsWith(prefix))
