// OpenWire data structures as values: one interface per type code, fields in wire order (ActiveMQ: org.apache.activemq.command).
// Every structure carries `kind`, its Java class name, as discriminator. Fields that the negotiated version does not
// carry are decoded as their empty value: false, 0, null.

/** A Java long: a number whenever it is a safe integer, a bigint otherwise. */
export type Long = number | bigint

/** A Java exception. `stackTrace` and `cause` travel only when stack traces were negotiated. */
export interface Throwable {
  readonly className: string | null
  readonly message: string | null
  readonly stackTrace: readonly StackTraceElement[]
  readonly cause: Throwable | null
}

export interface StackTraceElement {
  readonly className: string | null
  readonly methodName: string | null
  readonly fileName: string | null
  readonly lineNumber: number
}

/** The fields that all message types share, in wire order. */
export interface MessageFields {
  commandId: number
  responseRequired: boolean
  producerId: ProducerId | null
  destination: DestinationStructure | null
  transactionId: TransactionId | null
  originalDestination: DestinationStructure | null
  messageId: MessageId | null
  originalTransactionId: TransactionId | null
  groupID: string | null
  groupSequence: number
  correlationId: string | null
  persistent: boolean
  expiration: Long
  priority: number
  replyTo: DestinationStructure | null
  timestamp: Long
  type: string | null
  content: Buffer | null
  marshalledProperties: Buffer | null
  dataStructure: DataStructure | null
  targetConsumerId: ConsumerId | null
  compressed: boolean
  redeliveryCounter: number
  brokerPath: readonly (BrokerId | null)[] | null
  arrival: Long
  userID: string | null
  recievedByDFBridge: boolean
  droppable: boolean
  cluster: readonly (BrokerId | null)[] | null
  brokerInTime: Long
  brokerOutTime: Long
  jmsxGroupFirstForConsumer: boolean
}

export interface WireFormatInfo {
  readonly kind: 'WireFormatInfo'
  magic: Buffer
  version: number
  marshalledProperties: Buffer | null
}

export interface BrokerInfo {
  readonly kind: 'BrokerInfo'
  commandId: number
  responseRequired: boolean
  brokerId: BrokerId | null
  brokerURL: string | null
  peerBrokerInfos: readonly (BrokerInfo | null)[] | null
  brokerName: string | null
  slaveBroker: boolean
  masterBroker: boolean
  faultTolerantConfiguration: boolean
  duplexConnection: boolean
  networkConnection: boolean
  connectionId: Long
  brokerUploadUrl: string | null
  networkProperties: string | null
}

export interface ConnectionInfo {
  readonly kind: 'ConnectionInfo'
  commandId: number
  responseRequired: boolean
  connectionId: ConnectionId | null
  clientId: string | null
  password: string | null
  userName: string | null
  brokerPath: readonly (BrokerId | null)[] | null
  brokerMasterConnector: boolean
  manageable: boolean
  clientMaster: boolean
  faultTolerant: boolean
  failoverReconnect: boolean
  clientIp: string | null
}

export interface SessionInfo {
  readonly kind: 'SessionInfo'
  commandId: number
  responseRequired: boolean
  sessionId: SessionId | null
}

export interface ConsumerInfo {
  readonly kind: 'ConsumerInfo'
  commandId: number
  responseRequired: boolean
  consumerId: ConsumerId | null
  browser: boolean
  destination: DestinationStructure | null
  prefetchSize: number
  maximumPendingMessageLimit: number
  dispatchAsync: boolean
  selector: string | null
  clientId: string | null
  subscriptionName: string | null
  noLocal: boolean
  exclusive: boolean
  retroactive: boolean
  priority: number
  brokerPath: readonly (BrokerId | null)[] | null
  additionalPredicate: NetworkBridgeFilter | null
  networkSubscription: boolean
  optimizedAcknowledge: boolean
  noRangeAcks: boolean
  networkConsumerPath: readonly (ConsumerId | null)[] | null
}

export interface ProducerInfo {
  readonly kind: 'ProducerInfo'
  commandId: number
  responseRequired: boolean
  producerId: ProducerId | null
  destination: DestinationStructure | null
  brokerPath: readonly (BrokerId | null)[] | null
  dispatchAsync: boolean
  windowSize: number
}

export interface TransactionInfo {
  readonly kind: 'TransactionInfo'
  commandId: number
  responseRequired: boolean
  connectionId: ConnectionId | null
  transactionId: TransactionId | null
  type: number
}

export interface DestinationInfo {
  readonly kind: 'DestinationInfo'
  commandId: number
  responseRequired: boolean
  connectionId: ConnectionId | null
  destination: DestinationStructure | null
  operationType: number
  timeout: Long
  brokerPath: readonly (BrokerId | null)[] | null
}

export interface RemoveSubscriptionInfo {
  readonly kind: 'RemoveSubscriptionInfo'
  commandId: number
  responseRequired: boolean
  connectionId: ConnectionId | null
  subscriptionName: string | null
  clientId: string | null
}

export interface KeepAliveInfo {
  readonly kind: 'KeepAliveInfo'
  commandId: number
  responseRequired: boolean
}

export interface ShutdownInfo {
  readonly kind: 'ShutdownInfo'
  commandId: number
  responseRequired: boolean
}

export interface RemoveInfo {
  readonly kind: 'RemoveInfo'
  commandId: number
  responseRequired: boolean
  objectId: DataStructure | null
  lastDeliveredSequenceId: Long
}

export interface ControlCommand {
  readonly kind: 'ControlCommand'
  commandId: number
  responseRequired: boolean
  command: string | null
}

export interface FlushCommand {
  readonly kind: 'FlushCommand'
  commandId: number
  responseRequired: boolean
}

export interface ConnectionError {
  readonly kind: 'ConnectionError'
  commandId: number
  responseRequired: boolean
  exception: Throwable | null
  connectionId: ConnectionId | null
}

export interface ConsumerControl {
  readonly kind: 'ConsumerControl'
  commandId: number
  responseRequired: boolean
  destination: DestinationStructure | null
  close: boolean
  consumerId: ConsumerId | null
  prefetch: number
  flush: boolean
  start: boolean
  stop: boolean
}

export interface ConnectionControl {
  readonly kind: 'ConnectionControl'
  commandId: number
  responseRequired: boolean
  close: boolean
  exit: boolean
  faultTolerant: boolean
  resume: boolean
  suspend: boolean
  connectedBrokers: string | null
  reconnectTo: string | null
  rebalanceConnection: boolean
  token: Buffer | null
}

export interface ProducerAck {
  readonly kind: 'ProducerAck'
  commandId: number
  responseRequired: boolean
  producerId: ProducerId | null
  size: number
}

export interface MessagePull {
  readonly kind: 'MessagePull'
  commandId: number
  responseRequired: boolean
  consumerId: ConsumerId | null
  destination: DestinationStructure | null
  timeout: Long
  correlationId: string | null
  messageId: MessageId | null
}

export interface MessageDispatch {
  readonly kind: 'MessageDispatch'
  commandId: number
  responseRequired: boolean
  consumerId: ConsumerId | null
  destination: DestinationStructure | null
  message: MessageCommand | null
  redeliveryCounter: number
}

export interface MessageAck {
  readonly kind: 'MessageAck'
  commandId: number
  responseRequired: boolean
  destination: DestinationStructure | null
  transactionId: TransactionId | null
  consumerId: ConsumerId | null
  ackType: number
  firstMessageId: MessageId | null
  lastMessageId: MessageId | null
  messageCount: number
  poisonCause: Throwable | null
}

export interface ActiveMQMessage extends MessageFields {
  readonly kind: 'ActiveMQMessage'
}

export interface ActiveMQBytesMessage extends MessageFields {
  readonly kind: 'ActiveMQBytesMessage'
}

export interface ActiveMQMapMessage extends MessageFields {
  readonly kind: 'ActiveMQMapMessage'
}

export interface ActiveMQObjectMessage extends MessageFields {
  readonly kind: 'ActiveMQObjectMessage'
}

export interface ActiveMQStreamMessage extends MessageFields {
  readonly kind: 'ActiveMQStreamMessage'
}

export interface ActiveMQTextMessage extends MessageFields {
  readonly kind: 'ActiveMQTextMessage'
}

export interface ActiveMQBlobMessage extends MessageFields {
  readonly kind: 'ActiveMQBlobMessage'
  remoteBlobUrl: string | null
  mimeType: string | null
  deletedByBroker: boolean
}

export interface Response {
  readonly kind: 'Response'
  commandId: number
  responseRequired: boolean
  correlationId: number
}

export interface ExceptionResponse {
  readonly kind: 'ExceptionResponse'
  commandId: number
  responseRequired: boolean
  correlationId: number
  exception: Throwable | null
}

export interface DataResponse {
  readonly kind: 'DataResponse'
  commandId: number
  responseRequired: boolean
  correlationId: number
  data: DataStructure | null
}

export interface DataArrayResponse {
  readonly kind: 'DataArrayResponse'
  commandId: number
  responseRequired: boolean
  correlationId: number
  data: readonly (DataStructure | null)[] | null
}

export interface IntegerResponse {
  readonly kind: 'IntegerResponse'
  commandId: number
  responseRequired: boolean
  correlationId: number
  result: number
}

export interface DiscoveryEvent {
  readonly kind: 'DiscoveryEvent'
  serviceName: string | null
  brokerName: string | null
}

export interface JournalTopicAck {
  readonly kind: 'JournalTopicAck'
  destination: DestinationStructure | null
  messageId: MessageId | null
  messageSequenceId: Long
  subscriptionName: string | null
  clientId: string | null
  transactionId: TransactionId | null
}

export interface JournalQueueAck {
  readonly kind: 'JournalQueueAck'
  destination: DestinationStructure | null
  messageAck: MessageAck | null
}

export interface JournalTrace {
  readonly kind: 'JournalTrace'
  message: string | null
}

export interface JournalTransaction {
  readonly kind: 'JournalTransaction'
  transactionId: TransactionId | null
  type: number
  wasPrepared: boolean
}

export interface SubscriptionInfo {
  readonly kind: 'SubscriptionInfo'
  clientId: string | null
  destination: DestinationStructure | null
  selector: string | null
  subscriptionName: string | null
  subscribedDestination: DestinationStructure | null
  noLocal: boolean
}

export interface PartialCommand {
  readonly kind: 'PartialCommand'
  commandId: number
  data: Buffer | null
}

export interface LastPartialCommand {
  readonly kind: 'LastPartialCommand'
  commandId: number
  data: Buffer | null
}

export interface ReplayCommand {
  readonly kind: 'ReplayCommand'
  commandId: number
  responseRequired: boolean
  firstNakNumber: number
  lastNakNumber: number
}

export interface MessageDispatchNotification {
  readonly kind: 'MessageDispatchNotification'
  commandId: number
  responseRequired: boolean
  consumerId: ConsumerId | null
  destination: DestinationStructure | null
  deliverySequenceId: Long
  messageId: MessageId | null
}

export interface NetworkBridgeFilter {
  readonly kind: 'NetworkBridgeFilter'
  networkTTL: number
  networkBrokerId: BrokerId | null
  messageTTL: number
  consumerTTL: number
}

export interface BrokerSubscriptionInfo {
  readonly kind: 'BrokerSubscriptionInfo'
  commandId: number
  responseRequired: boolean
  brokerId: BrokerId | null
  brokerName: string | null
  subscriptionInfos: readonly (ConsumerInfo | null)[] | null
}

export interface ActiveMQQueue {
  readonly kind: 'ActiveMQQueue'
  physicalName: string | null
}

export interface ActiveMQTopic {
  readonly kind: 'ActiveMQTopic'
  physicalName: string | null
}

export interface ActiveMQTempQueue {
  readonly kind: 'ActiveMQTempQueue'
  physicalName: string | null
}

export interface ActiveMQTempTopic {
  readonly kind: 'ActiveMQTempTopic'
  physicalName: string | null
}

export interface MessageId {
  readonly kind: 'MessageId'
  textView: string | null
  producerId: ProducerId | null
  producerSequenceId: Long
  brokerSequenceId: Long
}

export interface LocalTransactionId {
  readonly kind: 'LocalTransactionId'
  value: Long
  connectionId: ConnectionId | null
}

export interface XATransactionId {
  readonly kind: 'XATransactionId'
  formatId: number
  globalTransactionId: Buffer | null
  branchQualifier: Buffer | null
}

export interface ConnectionId {
  readonly kind: 'ConnectionId'
  value: string | null
}

export interface SessionId {
  readonly kind: 'SessionId'
  connectionId: string | null
  value: Long
}

export interface ConsumerId {
  readonly kind: 'ConsumerId'
  connectionId: string | null
  sessionId: Long
  value: Long
}

export interface ProducerId {
  readonly kind: 'ProducerId'
  connectionId: string | null
  value: Long
  sessionId: Long
}

export interface BrokerId {
  readonly kind: 'BrokerId'
  value: string | null
}

/** A destination on the wire. */
export type DestinationStructure = ActiveMQQueue | ActiveMQTopic | ActiveMQTempQueue | ActiveMQTempTopic

/** A transaction id on the wire. */
export type TransactionId = LocalTransactionId | XATransactionId

/** A message of any body type. */
export type MessageCommand =
  | ActiveMQMessage
  | ActiveMQBytesMessage
  | ActiveMQMapMessage
  | ActiveMQObjectMessage
  | ActiveMQStreamMessage
  | ActiveMQTextMessage
  | ActiveMQBlobMessage

/** What can be a frame of its own on a stream transport. */
export type Command =
  | WireFormatInfo
  | BrokerInfo
  | ConnectionInfo
  | SessionInfo
  | ConsumerInfo
  | ProducerInfo
  | TransactionInfo
  | DestinationInfo
  | RemoveSubscriptionInfo
  | KeepAliveInfo
  | ShutdownInfo
  | RemoveInfo
  | ControlCommand
  | FlushCommand
  | ConnectionError
  | ConsumerControl
  | ConnectionControl
  | ProducerAck
  | MessagePull
  | MessageDispatch
  | MessageAck
  | ActiveMQMessage
  | ActiveMQBytesMessage
  | ActiveMQMapMessage
  | ActiveMQObjectMessage
  | ActiveMQStreamMessage
  | ActiveMQTextMessage
  | ActiveMQBlobMessage
  | Response
  | ExceptionResponse
  | DataResponse
  | DataArrayResponse
  | IntegerResponse
  | ReplayCommand
  | MessageDispatchNotification
  | BrokerSubscriptionInfo

/** Everything that has a type code. */
export type DataStructure =
  | WireFormatInfo
  | BrokerInfo
  | ConnectionInfo
  | SessionInfo
  | ConsumerInfo
  | ProducerInfo
  | TransactionInfo
  | DestinationInfo
  | RemoveSubscriptionInfo
  | KeepAliveInfo
  | ShutdownInfo
  | RemoveInfo
  | ControlCommand
  | FlushCommand
  | ConnectionError
  | ConsumerControl
  | ConnectionControl
  | ProducerAck
  | MessagePull
  | MessageDispatch
  | MessageAck
  | ActiveMQMessage
  | ActiveMQBytesMessage
  | ActiveMQMapMessage
  | ActiveMQObjectMessage
  | ActiveMQStreamMessage
  | ActiveMQTextMessage
  | ActiveMQBlobMessage
  | Response
  | ExceptionResponse
  | DataResponse
  | DataArrayResponse
  | IntegerResponse
  | DiscoveryEvent
  | JournalTopicAck
  | JournalQueueAck
  | JournalTrace
  | JournalTransaction
  | SubscriptionInfo
  | PartialCommand
  | LastPartialCommand
  | ReplayCommand
  | MessageDispatchNotification
  | NetworkBridgeFilter
  | BrokerSubscriptionInfo
  | ActiveMQQueue
  | ActiveMQTopic
  | ActiveMQTempQueue
  | ActiveMQTempTopic
  | MessageId
  | LocalTransactionId
  | XATransactionId
  | ConnectionId
  | SessionId
  | ConsumerId
  | ProducerId
  | BrokerId

/** Type code of each structure: the byte that precedes its fields. */
export const typeCodes = {
  WireFormatInfo: 1,
  BrokerInfo: 2,
  ConnectionInfo: 3,
  SessionInfo: 4,
  ConsumerInfo: 5,
  ProducerInfo: 6,
  TransactionInfo: 7,
  DestinationInfo: 8,
  RemoveSubscriptionInfo: 9,
  KeepAliveInfo: 10,
  ShutdownInfo: 11,
  RemoveInfo: 12,
  ControlCommand: 14,
  FlushCommand: 15,
  ConnectionError: 16,
  ConsumerControl: 17,
  ConnectionControl: 18,
  ProducerAck: 19,
  MessagePull: 20,
  MessageDispatch: 21,
  MessageAck: 22,
  ActiveMQMessage: 23,
  ActiveMQBytesMessage: 24,
  ActiveMQMapMessage: 25,
  ActiveMQObjectMessage: 26,
  ActiveMQStreamMessage: 27,
  ActiveMQTextMessage: 28,
  ActiveMQBlobMessage: 29,
  Response: 30,
  ExceptionResponse: 31,
  DataResponse: 32,
  DataArrayResponse: 33,
  IntegerResponse: 34,
  DiscoveryEvent: 40,
  JournalTopicAck: 50,
  JournalQueueAck: 52,
  JournalTrace: 53,
  JournalTransaction: 54,
  SubscriptionInfo: 55,
  PartialCommand: 60,
  LastPartialCommand: 61,
  ReplayCommand: 65,
  MessageDispatchNotification: 90,
  NetworkBridgeFilter: 91,
  BrokerSubscriptionInfo: 92,
  ActiveMQQueue: 100,
  ActiveMQTopic: 101,
  ActiveMQTempQueue: 102,
  ActiveMQTempTopic: 103,
  MessageId: 110,
  LocalTransactionId: 111,
  XATransactionId: 112,
  ConnectionId: 120,
  SessionId: 121,
  ConsumerId: 122,
  ProducerId: 123,
  BrokerId: 124,
} as const satisfies Record<DataStructure['kind'], number>
