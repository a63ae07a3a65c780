// Names of the advisory topics (ActiveMQ: AdvisorySupport). Temporary queues count as queues here, except for
// their own coming and going.
import { advisoryPrefix, isQueue, type Destination, type DestinationKind } from '../message/destination.ts'

const lifecycleNames: Readonly<Record<DestinationKind, string>> = {
  queue: 'Queue',
  topic: 'Topic',
  'temp-queue': 'TempQueue',
  'temp-topic': 'TempTopic',
}

export const connectionTopic = `${advisoryPrefix}Connection`
export const masterBrokerTopic = `${advisoryPrefix}MasterBroker`
export const destinationTopic = ({ kind }: Destination): string => `${advisoryPrefix}${lifecycleNames[kind]}`
export const consumerTopic = (destination: Destination): string => about('Consumer', destination)
export const virtualConsumerTopic = (destination: Destination): string =>
  about('VirtualDestination.Consumer', destination)
export const networkBridgeTopic = `${advisoryPrefix}NetworkBridge`
export const producerTopic = (destination: Destination): string => about('Producer', destination)
export const expiredTopic = (destination: Destination): string => about('Expired', destination)
export const deadLetterTopic = (destination: Destination): string => about('MessageDLQd', destination)

const about = (event: string, destination: Destination): string =>
  `${advisoryPrefix}${event}.${isQueue(destination) ? 'Queue' : 'Topic'}.${destination.name}`
