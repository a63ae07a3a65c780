// What another broker's bridge makes of what it is told of consumers here. It drops much of that (ActiveMQ:
// DemandForwardingBridgeSupport.serviceRemoteConsumerAdvisory): what has passed too many brokers, or its own; and with conduit
// subscriptions all but the first and the last consumer of a destination change nothing. So the broker that tells need not say it.
import { consumerAdvisories, temporaryAdvisories, virtualConsumerAdvisories } from './bridge-advisories.ts'
import { compositeMembers, type Destination } from './destination.ts'

export interface DemandTerms {
  /** The broker that is told. */
  readonly brokerId: string
  /** Bridges that the interest of a consumer may cross; -1 = any number. */
  readonly consumerTTL: number
  /** All consumers of clients that a destination has here count as one. */
  readonly conduit: boolean
}

/** Whether interest that has passed these brokers may come to one more (ActiveMQ: consumerTTL). */
export function mayPass(brokerPath: readonly string[], consumerTTL: number, brokerId: string): boolean {
  const isNear = consumerTTL < 0 || brokerPath.length < consumerTTL
  return isNear && !brokerPath.includes(brokerId)
}

/** Whether whoever listens to this hears nothing but advisories that bridges tell each other demand with. */
export const isDemandOnly = (destination: Destination): boolean =>
  compositeMembers(destination).every(
    ({ kind, name }) =>
      kind === 'topic' &&
      (name.startsWith(consumerAdvisories) ||
        name.startsWith(virtualConsumerAdvisories) ||
        temporaryAdvisories.includes(name)),
  )
