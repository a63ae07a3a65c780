// Commands as a stock client sends them, on the connection of session-harness.ts.
import { buildConsumerInfo } from '../../../../broker/openwire/build-commands.ts'
import type {
  ActiveMQTextMessage,
  ConsumerControl,
  ConsumerInfo,
  DataStructure,
  DestinationInfo,
  MessageAck,
  MessagePull,
  ProducerInfo,
  RemoveInfo,
  SessionInfo,
  TransactionInfo,
} from '../../../../broker/wire/openwire/commands.ts'
import { connectionId } from './session-harness.ts'

export const producerId = { kind: 'ProducerId', connectionId, value: 1, sessionId: 1 } as const
export const consumerId = { kind: 'ConsumerId', connectionId, sessionId: 1, value: 1 } as const
export const queue = { kind: 'ActiveMQQueue', physicalName: 'Q' } as const
const connection = { kind: 'ConnectionId', value: connectionId } as const
export const transactionId = { kind: 'LocalTransactionId', value: 1, connectionId: connection } as const

export const sessionInfo = (value = 1): SessionInfo => ({
  kind: 'SessionInfo',
  commandId: 2,
  responseRequired: false,
  sessionId: { kind: 'SessionId', connectionId, value },
})

export const producerInfo = (fields: Partial<ProducerInfo> = {}): ProducerInfo => ({
  kind: 'ProducerInfo',
  commandId: 3,
  responseRequired: true,
  producerId,
  destination: queue,
  brokerPath: null,
  dispatchAsync: false,
  windowSize: 0,
  ...fields,
})

export const consumerInfo = (fields: Partial<ConsumerInfo> = {}): ConsumerInfo =>
  buildConsumerInfo({
    commandId: 4,
    responseRequired: true,
    consumerId,
    destination: queue,
    prefetchSize: 1000,
    clientId: 'client-1',
    ...fields,
  })

export const textMessage = (fields: Partial<ActiveMQTextMessage> = {}): ActiveMQTextMessage => ({
  kind: 'ActiveMQTextMessage',
  commandId: 5,
  responseRequired: true,
  producerId,
  destination: queue,
  transactionId: null,
  originalDestination: null,
  messageId: { kind: 'MessageId', textView: null, producerId, producerSequenceId: 1, brokerSequenceId: 0 },
  originalTransactionId: null,
  groupID: null,
  groupSequence: 0,
  correlationId: null,
  persistent: true,
  expiration: 0,
  priority: 4,
  replyTo: null,
  timestamp: 1_700_000_000_000,
  type: null,
  content: Buffer.from('00000002 6869'.replaceAll(' ', ''), 'hex'),
  marshalledProperties: null,
  dataStructure: null,
  targetConsumerId: null,
  compressed: false,
  redeliveryCounter: 0,
  brokerPath: null,
  arrival: 0,
  userID: null,
  recievedByDFBridge: false,
  droppable: false,
  cluster: null,
  brokerInTime: 0,
  brokerOutTime: 0,
  jmsxGroupFirstForConsumer: false,
  ...fields,
})

export const messageAck = (fields: Partial<MessageAck> = {}): MessageAck => ({
  kind: 'MessageAck',
  commandId: 6,
  responseRequired: false,
  destination: queue,
  transactionId: null,
  consumerId,
  ackType: 2,
  firstMessageId: null,
  lastMessageId: { kind: 'MessageId', textView: null, producerId, producerSequenceId: 1, brokerSequenceId: 17 },
  messageCount: 1,
  poisonCause: null,
  ...fields,
})

export const transactionInfo = (type: number, fields: Partial<TransactionInfo> = {}): TransactionInfo => ({
  kind: 'TransactionInfo',
  commandId: 7,
  responseRequired: true,
  connectionId: connection,
  transactionId,
  type,
  ...fields,
})

export const destinationInfo = (operationType: number, fields: Partial<DestinationInfo> = {}): DestinationInfo => ({
  kind: 'DestinationInfo',
  commandId: 8,
  responseRequired: true,
  connectionId: connection,
  destination: { kind: 'ActiveMQTempQueue', physicalName: `${connectionId}:1` },
  operationType,
  timeout: 0,
  brokerPath: null,
  ...fields,
})

export const removeInfo = (objectId: DataStructure | null, fields: Partial<RemoveInfo> = {}): RemoveInfo => ({
  kind: 'RemoveInfo',
  commandId: 9,
  responseRequired: true,
  objectId,
  lastDeliveredSequenceId: -2,
  ...fields,
})

export const messagePull = (timeout: number): MessagePull => ({
  kind: 'MessagePull',
  commandId: 10,
  responseRequired: false,
  consumerId,
  destination: queue,
  timeout,
  correlationId: null,
  messageId: null,
})

export const consumerControl = (prefetch: number): ConsumerControl => ({
  kind: 'ConsumerControl',
  commandId: 0,
  responseRequired: false,
  destination: queue,
  close: false,
  consumerId,
  prefetch,
  flush: false,
  start: false,
  stop: false,
})
