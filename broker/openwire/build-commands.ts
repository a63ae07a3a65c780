// Commands with the values that stock Java peers send. The command id is given when they are sent. For clients, bridges and
// the broker's own commands; what only a broker says to its clients is in broker/session/openwire/answers.ts.
import type {
  BrokerInfo,
  ConnectionControl,
  ConnectionError,
  ConnectionInfo,
  ConsumerControl,
  ConsumerId,
  ConsumerInfo,
  DestinationInfo,
  DestinationStructure,
  DataStructure,
  ExceptionResponse,
  KeepAliveInfo,
  Long,
  MessageAck,
  MessageDispatch,
  MessageId,
  MessagePull,
  ProducerId,
  ProducerInfo,
  RemoveInfo,
  RemoveSubscriptionInfo,
  Response,
  SessionInfo,
  ShutdownInfo,
  Throwable,
  TransactionId,
  TransactionInfo,
} from '../wire/openwire/commands.ts'
import { buildThrowable } from '../wire/openwire/throwable.ts'
import type { AcknowledgementCode } from './acknowledgement-types.ts'
import { destinationOperations, type DestinationOperation } from './destination-operations.ts'

const header = { commandId: 0, responseRequired: false }

const connectionIdOf = (value: string) => ({ kind: 'ConnectionId', value }) as const

interface Broker {
  readonly brokerId: string
  readonly brokerName: string
  readonly brokerUrl: string
}

/** What a broker says of itself, or is said to be: nothing of bridges unless it is given. */
export const buildBrokerInfo = (
  { brokerId, brokerName, brokerUrl }: Broker,
  more: Partial<
    Pick<BrokerInfo, 'peerBrokerInfos' | 'duplexConnection' | 'networkConnection' | 'networkProperties'>
  > = {},
): BrokerInfo => ({
  kind: 'BrokerInfo',
  ...header,
  brokerId: { kind: 'BrokerId', value: brokerId },
  brokerURL: brokerUrl,
  peerBrokerInfos: null,
  brokerName,
  slaveBroker: false,
  masterBroker: false,
  // True would switch optimizeAcknowledge off in clients.
  faultTolerantConfiguration: false,
  duplexConnection: false,
  networkConnection: false,
  connectionId: 0,
  brokerUploadUrl: null,
  networkProperties: null,
  ...more,
})

export const buildConnectionInfo = (
  fields: Pick<ConnectionInfo, 'clientId' | 'userName' | 'password' | 'faultTolerant'> & { connectionId: string },
): ConnectionInfo => ({
  kind: 'ConnectionInfo',
  ...header,
  ...fields,
  connectionId: connectionIdOf(fields.connectionId),
  brokerPath: null,
  brokerMasterConnector: false,
  manageable: true,
  clientMaster: true,
  failoverReconnect: false,
  clientIp: null,
})

export const buildSessionInfo = (connectionId: string, value: number): SessionInfo => ({
  kind: 'SessionInfo',
  ...header,
  sessionId: { kind: 'SessionId', connectionId, value },
})

export const buildConsumerInfo = (
  fields: Pick<ConsumerInfo, 'consumerId' | 'destination' | 'prefetchSize'> & Partial<ConsumerInfo>,
): ConsumerInfo => ({
  ...header,
  browser: false,
  maximumPendingMessageLimit: 0,
  dispatchAsync: true,
  selector: null,
  clientId: null,
  subscriptionName: null,
  noLocal: false,
  exclusive: false,
  retroactive: false,
  priority: 0,
  brokerPath: null,
  additionalPredicate: null,
  networkSubscription: false,
  optimizedAcknowledge: false,
  noRangeAcks: false,
  networkConsumerPath: null,
  ...fields,
  kind: 'ConsumerInfo',
})

export const buildProducerInfo = (producerId: ProducerId, destination: DestinationStructure | null): ProducerInfo => ({
  kind: 'ProducerInfo',
  ...header,
  producerId,
  destination,
  brokerPath: null,
  dispatchAsync: false,
  windowSize: 0,
})

export const buildTransactionInfo = (
  connectionId: string,
  transactionId: TransactionId,
  type: number,
): TransactionInfo => ({
  kind: 'TransactionInfo',
  ...header,
  connectionId: connectionIdOf(connectionId),
  transactionId,
  type,
})

/** `connectionId`: the connection that made the destination; null when a broker did. */
export const buildDestinationInfo = (
  operation: DestinationOperation,
  destination: DestinationStructure,
  connectionId: string | null,
): DestinationInfo => ({
  kind: 'DestinationInfo',
  ...header,
  connectionId: connectionId === null ? null : connectionIdOf(connectionId),
  destination,
  operationType: destinationOperations[operation],
  timeout: 0,
  brokerPath: null,
})

/** Without `lastDeliveredSequenceId` nobody knows it: -2. */
export const buildRemoveInfo = (objectId: DataStructure | null, lastDeliveredSequenceId: Long = -2): RemoveInfo => ({
  kind: 'RemoveInfo',
  ...header,
  objectId,
  lastDeliveredSequenceId,
})

export const buildRemoveConnection = (connectionId: string, lastDeliveredSequenceId: Long): RemoveInfo =>
  buildRemoveInfo(connectionIdOf(connectionId), lastDeliveredSequenceId)

/** `connectionId`: null when no client asks for it. */
export const buildRemoveSubscription = (
  connectionId: string | null,
  clientId: string,
  subscriptionName: string,
): RemoveSubscriptionInfo => ({
  kind: 'RemoveSubscriptionInfo',
  ...header,
  connectionId: connectionId === null ? null : connectionIdOf(connectionId),
  subscriptionName,
  clientId,
})

export const buildShutdownInfo = (): ShutdownInfo => ({ kind: 'ShutdownInfo', ...header })

export const buildKeepAlive = (commandId: number): KeepAliveInfo => ({
  kind: 'KeepAliveInfo',
  commandId,
  responseRequired: false,
})

export const buildResponse = (correlationId: number): Response => ({ kind: 'Response', ...header, correlationId })

export const buildExceptionResponse = (correlationId: number, exception: Throwable): ExceptionResponse => ({
  kind: 'ExceptionResponse',
  ...header,
  correlationId,
  exception,
})

/** For commands that asked for no answer: goes to the client's exception listener. */
export const buildConnectionError = (exception: Throwable): ConnectionError => ({
  kind: 'ConnectionError',
  ...header,
  exception,
  connectionId: null,
})

export const buildConnectionControl = (fields: Partial<ConnectionControl>): ConnectionControl => ({
  ...header,
  close: false,
  exit: false,
  faultTolerant: false,
  resume: false,
  suspend: false,
  connectedBrokers: '',
  reconnectTo: '',
  rebalanceConnection: false,
  token: null,
  ...fields,
  kind: 'ConnectionControl',
})

/** What a failover client says first on every connection but its first. */
export const buildFaultTolerantControl = (): ConnectionControl => buildConnectionControl({ faultTolerant: true })

export const buildPrefetch = (consumer: ConsumerInfo, prefetch: number): ConsumerControl => ({
  kind: 'ConsumerControl',
  ...header,
  destination: consumer.destination,
  close: false,
  consumerId: consumer.consumerId,
  prefetch,
  flush: false,
  start: false,
  stop: false,
})

/** `timeout` 0 waits for ever, -1 not at all. */
export const buildPull = (consumerId: ConsumerId, destination: DestinationStructure, timeout: number): MessagePull => ({
  kind: 'MessagePull',
  ...header,
  consumerId,
  destination,
  timeout,
  correlationId: null,
  messageId: null,
})

/** The answer to a pull that found nothing. */
export const buildEmptyDispatch = (consumerId: ConsumerId | null): MessageDispatch => ({
  kind: 'MessageDispatch',
  ...header,
  consumerId,
  destination: null,
  message: null,
  redeliveryCounter: 0,
})

interface AcknowledgementFields {
  readonly type: AcknowledgementCode
  readonly consumerId: ConsumerId
  readonly destination: DestinationStructure | null
  readonly transactionId: TransactionId | null
  readonly first: MessageId | null
  readonly last: MessageId | null
  readonly count: number
  readonly poisonCause?: string
}

export const buildAcknowledgement = (fields: AcknowledgementFields): MessageAck => ({
  kind: 'MessageAck',
  ...header,
  destination: fields.destination,
  transactionId: fields.transactionId,
  consumerId: fields.consumerId,
  ackType: fields.type,
  firstMessageId: fields.first,
  lastMessageId: fields.last,
  messageCount: fields.count,
  poisonCause: fields.poisonCause === undefined ? null : buildThrowable('java.lang.Throwable', fields.poisonCause),
})
