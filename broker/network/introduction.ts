// What a bridge says first to the other broker, in the order and with the values of ActiveMQ's
// DemandForwardingBridgeSupport.startRemoteBridge: who this broker is, and the one connection, session, producer and consumer of
// advisories that it has there. Only a one-way bridge waits for an answer, and only to its ConnectionInfo.
import type { Destination } from '../message/destination.ts'
import type { ProducerIdFields } from '../message/producer-id.ts'
import {
  buildBrokerInfo,
  buildConnectionInfo,
  buildConsumerInfo,
  buildProducerInfo,
  buildSessionInfo,
} from '../openwire/build-commands.ts'
import { structureOf } from '../openwire/destination-structure.ts'
import type { BrokerIdentity } from '../region/broker-identity.ts'
import type { BrokerSubscriptionInfo, ConsumerId } from '../wire/openwire/commands.ts'
import type { BridgeSettings } from './connector-settings.ts'
import type { BridgeCommand } from './far-end.ts'

export interface IntroductionOptions {
  readonly settings: BridgeSettings
  readonly local: BrokerIdentity
  /** Of the bridge at the other broker. */
  readonly connectionId: string
  /** The settings as ActiveMQ's bridges send them; null on the side that accepted a duplex bridge, which does not introduce itself again. */
  readonly networkProperties: string | null
  /** null: no demand is asked for. */
  readonly advisories: Destination | null
  /** What it compares with those that it left here; null: nothing. */
  readonly subscriptions: BrokerSubscriptionInfo | null
}

export function introductionOf(options: IntroductionOptions): BridgeCommand[] {
  const { settings, local, connectionId, networkProperties, advisories, subscriptions } = options
  const commands: BridgeCommand[] = []
  if (networkProperties !== null)
    commands.push(
      buildBrokerInfo(local, { duplexConnection: settings.duplex, networkConnection: true, networkProperties }),
    )
  if (subscriptions) commands.push(subscriptions)
  commands.push(
    {
      ...buildConnectionInfo({
        connectionId,
        clientId: [settings.name, local.brokerName, 'outbound'].join(settings.clientIdToken),
        userName: settings.remoteUserName ?? settings.userName,
        password: settings.remotePassword ?? settings.password,
        faultTolerant: false,
      }),
      manageable: false,
    },
    buildSessionInfo(connectionId, 1),
    buildProducerInfo({ kind: 'ProducerId', ...farProducer(connectionId) }, null),
  )
  if (advisories)
    commands.push(
      buildConsumerInfo({
        consumerId: farConsumerId(connectionId),
        destination: structureOf(advisories),
        prefetchSize: advisoryPrefetch(settings),
        dispatchAsync: settings.dispatchAsync,
      }),
    )
  return commands
}

export const farProducer = (connectionId: string): ProducerIdFields => ({ connectionId, sessionId: 1, value: 1 })

export const farConsumerId = (connectionId: string): ConsumerId => ({
  kind: 'ConsumerId',
  connectionId,
  sessionId: 1,
  value: 1,
})

export const advisoryPrefetch = ({ advisoryPrefetchSize, prefetchSize }: BridgeSettings): number =>
  advisoryPrefetchSize > 0 ? advisoryPrefetchSize : prefetchSize
