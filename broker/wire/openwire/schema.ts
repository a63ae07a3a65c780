// The data structures of OpenWire as a table (ActiveMQ: the classes in org.apache.activemq.command): the codec is compiled from
// it and from nothing else. Structures without a code are abstract bases. On the wire a structure is the fields of its base,
// recursively, and then its own, in this order.
//
// Grammar of a field: `name kind[@since[-until]]`; kind = bool | byte | int | long | string | bytes | const8 | throwable
// | nested<T> | cached<T> | array<T>. A field exists in the versions since..until.
import { assert } from '../../base/assert.ts'

export interface StructureSchema {
  readonly code?: number
  readonly base?: StructureName
  /** The first version that has the structure; 1 by default. */
  readonly since?: number
  /** In the tight encoding one more bit precedes such a structure when it is nested. */
  readonly marshallAware?: boolean
  readonly fields?: readonly string[]
}

export type FieldKind =
  | 'bool'
  | 'byte'
  | 'int'
  | 'long'
  | 'string'
  | 'bytes'
  | 'const8'
  | 'throwable'
  | 'nested'
  | 'cached'
  | 'array'

export interface FieldSchema {
  readonly name: string
  readonly kind: FieldKind
  /** The declared type of a nested, cached or array field; may be abstract, or `DataStructure` for any. */
  readonly type: string | null
  readonly since: number
  readonly until: number
}

export type StructureName = string

export const structures: Readonly<Record<StructureName, StructureSchema>> = {
  ActiveMQDestination: { fields: ['physicalName string'] },
  ActiveMQTempDestination: { base: 'ActiveMQDestination' },
  BaseCommand: { fields: ['commandId int', 'responseRequired bool'] },
  Message: {
    base: 'BaseCommand',
    marshallAware: true,
    fields: [
      'producerId cached<ProducerId>',
      'destination cached<ActiveMQDestination>',
      'transactionId cached<TransactionId>',
      'originalDestination cached<ActiveMQDestination>',
      'messageId nested<MessageId>',
      'originalTransactionId cached<TransactionId>',
      'groupID string',
      'groupSequence int',
      'correlationId string',
      'persistent bool',
      'expiration long',
      'priority byte',
      'replyTo nested<ActiveMQDestination>',
      'timestamp long',
      'type string',
      'content bytes',
      'marshalledProperties bytes',
      'dataStructure nested<DataStructure>',
      'targetConsumerId cached<ConsumerId>',
      'compressed bool',
      'redeliveryCounter int',
      'brokerPath array<BrokerId>',
      'arrival long',
      'userID string',
      'recievedByDFBridge bool',
      'droppable bool@2',
      'cluster array<BrokerId>@3',
      'brokerInTime long@3',
      'brokerOutTime long@3',
      'jmsxGroupFirstForConsumer bool@10',
    ],
  },
  TransactionId: {},
  WireFormatInfo: {
    code: 1,
    marshallAware: true,
    fields: ['magic const8', 'version int', 'marshalledProperties bytes'],
  },
  BrokerInfo: {
    code: 2,
    base: 'BaseCommand',
    fields: [
      'brokerId cached<BrokerId>',
      'brokerURL string',
      'peerBrokerInfos array<BrokerInfo>',
      'brokerName string',
      'slaveBroker bool',
      'masterBroker bool',
      'faultTolerantConfiguration bool',
      'duplexConnection bool@2',
      'networkConnection bool@2',
      'connectionId long@2',
      'brokerUploadUrl string@3',
      'networkProperties string@3',
    ],
  },
  ConnectionInfo: {
    code: 3,
    base: 'BaseCommand',
    fields: [
      'connectionId cached<ConnectionId>',
      'clientId string',
      'password string',
      'userName string',
      'brokerPath array<BrokerId>',
      'brokerMasterConnector bool',
      'manageable bool',
      'clientMaster bool@2',
      'faultTolerant bool@6',
      'failoverReconnect bool@6',
      'clientIp string@8',
    ],
  },
  SessionInfo: { code: 4, base: 'BaseCommand', fields: ['sessionId cached<SessionId>'] },
  ConsumerInfo: {
    code: 5,
    base: 'BaseCommand',
    fields: [
      'consumerId cached<ConsumerId>',
      'browser bool',
      'destination cached<ActiveMQDestination>',
      'prefetchSize int',
      'maximumPendingMessageLimit int',
      'dispatchAsync bool',
      'selector string',
      'clientId string@10',
      'subscriptionName string',
      'noLocal bool',
      'exclusive bool',
      'retroactive bool',
      'priority byte',
      'brokerPath array<BrokerId>',
      'additionalPredicate nested<BooleanExpression>',
      'networkSubscription bool',
      'optimizedAcknowledge bool',
      'noRangeAcks bool',
      'networkConsumerPath array<ConsumerId>@4',
    ],
  },
  ProducerInfo: {
    code: 6,
    base: 'BaseCommand',
    fields: [
      'producerId cached<ProducerId>',
      'destination cached<ActiveMQDestination>',
      'brokerPath array<BrokerId>',
      'dispatchAsync bool@2',
      'windowSize int@3',
    ],
  },
  TransactionInfo: {
    code: 7,
    base: 'BaseCommand',
    fields: ['connectionId cached<ConnectionId>', 'transactionId cached<TransactionId>', 'type byte'],
  },
  DestinationInfo: {
    code: 8,
    base: 'BaseCommand',
    fields: [
      'connectionId cached<ConnectionId>',
      'destination cached<ActiveMQDestination>',
      'operationType byte',
      'timeout long',
      'brokerPath array<BrokerId>',
    ],
  },
  RemoveSubscriptionInfo: {
    code: 9,
    base: 'BaseCommand',
    fields: ['connectionId cached<ConnectionId>', 'subscriptionName string', 'clientId string'],
  },
  KeepAliveInfo: { code: 10, base: 'BaseCommand' },
  ShutdownInfo: { code: 11, base: 'BaseCommand' },
  RemoveInfo: {
    code: 12,
    base: 'BaseCommand',
    fields: ['objectId cached<DataStructure>', 'lastDeliveredSequenceId long@5'],
  },
  ControlCommand: { code: 14, base: 'BaseCommand', fields: ['command string'] },
  FlushCommand: { code: 15, base: 'BaseCommand' },
  ConnectionError: {
    code: 16,
    base: 'BaseCommand',
    fields: ['exception throwable', 'connectionId nested<ConnectionId>'],
  },
  ConsumerControl: {
    code: 17,
    base: 'BaseCommand',
    fields: [
      'destination nested<ActiveMQDestination>@6',
      'close bool',
      'consumerId nested<ConsumerId>',
      'prefetch int',
      'flush bool@2',
      'start bool@2',
      'stop bool@2',
    ],
  },
  ConnectionControl: {
    code: 18,
    base: 'BaseCommand',
    fields: [
      'close bool',
      'exit bool',
      'faultTolerant bool',
      'resume bool',
      'suspend bool',
      'connectedBrokers string@6',
      'reconnectTo string@6',
      'rebalanceConnection bool@6',
      'token bytes@8',
    ],
  },
  ProducerAck: { code: 19, base: 'BaseCommand', since: 3, fields: ['producerId nested<ProducerId>@3', 'size int@3'] },
  MessagePull: {
    code: 20,
    base: 'BaseCommand',
    since: 2,
    fields: [
      'consumerId cached<ConsumerId>@2',
      'destination cached<ActiveMQDestination>@2',
      'timeout long@2',
      'correlationId string@3',
      'messageId nested<MessageId>@3',
    ],
  },
  MessageDispatch: {
    code: 21,
    base: 'BaseCommand',
    fields: [
      'consumerId cached<ConsumerId>',
      'destination cached<ActiveMQDestination>',
      'message nested<Message>',
      'redeliveryCounter int',
    ],
  },
  MessageAck: {
    code: 22,
    base: 'BaseCommand',
    fields: [
      'destination cached<ActiveMQDestination>',
      'transactionId cached<TransactionId>',
      'consumerId cached<ConsumerId>',
      'ackType byte',
      'firstMessageId nested<MessageId>',
      'lastMessageId nested<MessageId>',
      'messageCount int',
      'poisonCause throwable@7',
    ],
  },
  ActiveMQMessage: { code: 23, base: 'Message', marshallAware: true },
  ActiveMQBytesMessage: { code: 24, base: 'ActiveMQMessage', marshallAware: true },
  ActiveMQMapMessage: { code: 25, base: 'ActiveMQMessage', marshallAware: true },
  ActiveMQObjectMessage: { code: 26, base: 'ActiveMQMessage', marshallAware: true },
  ActiveMQStreamMessage: { code: 27, base: 'ActiveMQMessage', marshallAware: true },
  ActiveMQTextMessage: { code: 28, base: 'ActiveMQMessage', marshallAware: true },
  ActiveMQBlobMessage: {
    code: 29,
    base: 'ActiveMQMessage',
    since: 3,
    marshallAware: true,
    fields: ['remoteBlobUrl string@3', 'mimeType string@3', 'deletedByBroker bool@3'],
  },
  Response: { code: 30, base: 'BaseCommand', fields: ['correlationId int'] },
  ExceptionResponse: { code: 31, base: 'Response', fields: ['exception throwable'] },
  DataResponse: { code: 32, base: 'Response', fields: ['data nested<DataStructure>'] },
  DataArrayResponse: { code: 33, base: 'Response', fields: ['data array<DataStructure>'] },
  IntegerResponse: { code: 34, base: 'Response', fields: ['result int'] },
  DiscoveryEvent: { code: 40, fields: ['serviceName string', 'brokerName string'] },
  JournalTopicAck: {
    code: 50,
    fields: [
      'destination nested<ActiveMQDestination>',
      'messageId nested<MessageId>',
      'messageSequenceId long',
      'subscriptionName string',
      'clientId string',
      'transactionId nested<TransactionId>',
    ],
  },
  JournalQueueAck: { code: 52, fields: ['destination nested<ActiveMQDestination>', 'messageAck nested<MessageAck>'] },
  JournalTrace: { code: 53, fields: ['message string'] },
  JournalTransaction: { code: 54, fields: ['transactionId nested<TransactionId>', 'type byte', 'wasPrepared bool'] },
  SubscriptionInfo: {
    code: 55,
    fields: [
      'clientId string',
      'destination cached<ActiveMQDestination>',
      'selector string',
      'subscriptionName string',
      'subscribedDestination nested<ActiveMQDestination>@3',
      'noLocal bool@11',
    ],
  },
  PartialCommand: { code: 60, fields: ['commandId int', 'data bytes'] },
  LastPartialCommand: { code: 61, base: 'PartialCommand' },
  ReplayCommand: { code: 65, base: 'BaseCommand', fields: ['firstNakNumber int', 'lastNakNumber int'] },
  MessageDispatchNotification: {
    code: 90,
    base: 'BaseCommand',
    fields: [
      'consumerId cached<ConsumerId>',
      'destination cached<ActiveMQDestination>',
      'deliverySequenceId long',
      'messageId nested<MessageId>',
    ],
  },
  NetworkBridgeFilter: {
    code: 91,
    fields: ['networkTTL int@1-9', 'networkBrokerId cached<BrokerId>', 'messageTTL int@10', 'consumerTTL int@10'],
  },
  BrokerSubscriptionInfo: {
    code: 92,
    base: 'BaseCommand',
    since: 12,
    fields: ['brokerId nested<BrokerId>@12', 'brokerName string@12', 'subscriptionInfos array<ConsumerInfo>@12'],
  },
  ActiveMQQueue: { code: 100, base: 'ActiveMQDestination' },
  ActiveMQTopic: { code: 101, base: 'ActiveMQDestination' },
  ActiveMQTempQueue: { code: 102, base: 'ActiveMQTempDestination' },
  ActiveMQTempTopic: { code: 103, base: 'ActiveMQTempDestination' },
  MessageId: {
    code: 110,
    fields: ['textView string@10', 'producerId cached<ProducerId>', 'producerSequenceId long', 'brokerSequenceId long'],
  },
  LocalTransactionId: { code: 111, base: 'TransactionId', fields: ['value long', 'connectionId cached<ConnectionId>'] },
  XATransactionId: {
    code: 112,
    base: 'TransactionId',
    fields: ['formatId int', 'globalTransactionId bytes', 'branchQualifier bytes'],
  },
  ConnectionId: { code: 120, fields: ['value string'] },
  SessionId: { code: 121, fields: ['connectionId string', 'value long'] },
  ConsumerId: { code: 122, fields: ['connectionId string', 'sessionId long', 'value long'] },
  ProducerId: { code: 123, fields: ['connectionId string', 'value long', 'sessionId long'] },
  BrokerId: { code: 124, fields: ['value string'] },
}

/** All fields in wire order, those of the bases included, in every version. */
export function wireFields(name: StructureName): FieldSchema[] {
  const structure = structureOf(name)
  const inherited = structure.base === undefined ? [] : wireFields(structure.base)
  return [...inherited, ...(structure.fields ?? []).map(parseField)]
}

/** True when the structure itself or one of its bases is marshall-aware. */
export function isMarshallAware(name: StructureName): boolean {
  const { base, marshallAware } = structureOf(name)
  return marshallAware === true || (base !== undefined && isMarshallAware(base))
}

/** The codes of the concrete structures that a field declared as `type` can hold. */
export function codesOf(type: string): number[] {
  if (type === 'BooleanExpression') return codesOf('NetworkBridgeFilter')
  return Object.entries(structures)
    .filter(([name]) => type === 'DataStructure' || isA(name, type))
    .flatMap(([, { code }]) => (code === undefined ? [] : [code]))
}

const structureOf = (name: StructureName): StructureSchema => {
  const structure = structures[name]
  assert(structure, `no structure ${name} in the table`)
  return structure
}

const isA = (name: StructureName, type: string): boolean => {
  const { base } = structureOf(name)
  return name === type || (base !== undefined && isA(base, type))
}

function parseField(text: string): FieldSchema {
  const match = /^(\w+) (\w+)(?:<(\w+)>)?(?:@(\d+)(?:-(\d+))?)?$/.exec(text)
  assert(match, `malformed field in the table: ${text}`)
  const [, name, kind, type, since, until] = match
  return {
    name: name!,
    kind: kind as FieldKind,
    type: type ?? null,
    since: Number(since ?? 1),
    until: Number(until ?? Number.MAX_SAFE_INTEGER),
  }
}
