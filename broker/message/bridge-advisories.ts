// Advisories that bridges tell each other demand with (ActiveMQ: NetworkBridgeFilter.isAdvisoryInterpretedByNetworkBridge).
import { advisoryPrefix, isAdvisory, type Destination } from './destination.ts'

export const consumerAdvisories = `${advisoryPrefix}Consumer.`
export const virtualConsumerAdvisories = `${advisoryPrefix}VirtualDestination.Consumer.`
/** Temporary destinations that come and go. */
export const temporaryAdvisories: readonly string[] = [`${advisoryPrefix}TempQueue`, `${advisoryPrefix}TempTopic`]

/** True for those that are for bridges only: their meaning ends at the broker that they are about. */
export function isForBridges(destination: Destination): boolean {
  if (!isAdvisory(destination)) return false
  const { name } = destination
  return (
    name.startsWith(consumerAdvisories) ||
    name.startsWith(virtualConsumerAdvisories) ||
    temporaryAdvisories.includes(name)
  )
}
