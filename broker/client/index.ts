// The client for users (package export `./client`): JMS words over OpenWire, with failover.
//
//   const factory = createConnectionFactory('failover:(tcp://a:61616,tcp://b:61616)')
//   const connection = await factory.createConnection()
//   connection.start()
//   const session = await connection.createSession('auto')
//   const producer = await session.createProducer('queue://ORDERS')
//   await producer.send('hello')
//   const consumer = await session.createConsumer('queue://ORDERS')
//   const message = await consumer.receive(1000)
export { createConnectionFactory } from './connection-factory.ts'
export type { ClientPorts, ConnectionFactory, ConnectionFactoryOptions } from './connection-factory.ts'
export type { Connection, ConnectionEvents } from './connection.ts'
export type { ConsumerSettings, Session, TemporaryDestination } from './session.ts'
export type { AcknowledgeMode } from './acknowledgements.ts'
export type { MessageConsumer } from './message-consumer.ts'
export type { DeliveryMode, MessageProducer, SendOptions } from './message-producer.ts'
export type { MessageListener, OutgoingMessage, ReceivedMessage, Sendable } from './message.ts'
export type { BlobReference, MessageBody, MessageKind } from './message-body.ts'
export type { MessageValue, MessageValues, PrimitiveMap, PrimitiveValue, TypedValue } from './message-value.ts'
export type { ReadableType, ReadableTypes } from './value-conversion.ts'
export { valueAs } from './value-conversion.ts'
export type { DestinationLike } from './destination-text.ts'
export type { Destination } from '../message/destination.ts'
export type { SslContext } from './transport/ssl-context.ts'
export { UrlError } from './transport/parse-options.ts'
export { JmsError } from './jms-error.ts'
