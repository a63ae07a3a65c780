import { expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { FormatError } from '../../../broker/base/format-error.ts'
import { encodePrimitiveMap, type PrimitiveMap, type PrimitiveValue } from '../../../broker/marshal/primitive-map.ts'
import { buildMessage, type NewMessage } from '../../../broker/message/build-message.ts'
import type { Destination } from '../../../broker/message/destination.ts'
import { structureOf } from '../../../broker/openwire/destination-structure.ts'
import type { ConsumerId, MessageCommand, ProducerId } from '../../../broker/wire/openwire/commands.ts'
import { nestedFormOf, storedFormOf } from '../../../broker/wire/openwire/stored-form.ts'

const producer = { connectionId: 'ID:host-1-1:1', sessionId: 2, value: 3 }
const queue: Destination = { kind: 'queue', name: 'ORDERS' }

const commandKinds = {
  none: 'ActiveMQMessage',
  bytes: 'ActiveMQBytesMessage',
  map: 'ActiveMQMapMessage',
  object: 'ActiveMQObjectMessage',
  stream: 'ActiveMQStreamMessage',
  text: 'ActiveMQTextMessage',
} as const

const consumer: ConsumerId = { kind: 'ConsumerId', connectionId: 'ID:host-1-1:1', sessionId: 5, value: 6 }

/** The same fields as a command of the codec. */
function commandOf(fields: Required<NewMessage>): MessageCommand {
  const producerId: ProducerId = { kind: 'ProducerId', ...fields.producer }
  const properties = fields.properties as PrimitiveMap | null
  return {
    kind: commandKinds[fields.bodyKind],
    commandId: 0,
    responseRequired: false,
    producerId,
    destination: structureOf(fields.destination),
    transactionId: null,
    originalDestination: null,
    messageId: {
      kind: 'MessageId',
      textView: fields.messageIdText,
      producerId,
      producerSequenceId: fields.producerSequenceId,
      brokerSequenceId: 0,
    },
    originalTransactionId: null,
    groupID: fields.groupId,
    groupSequence: fields.groupSequence,
    correlationId: fields.correlationId,
    persistent: fields.persistent,
    expiration: fields.expiration,
    priority: fields.priority,
    replyTo: fields.replyTo && structureOf(fields.replyTo),
    timestamp: fields.timestamp,
    type: fields.type,
    content: fields.content,
    marshalledProperties: properties && properties.size > 0 ? encodePrimitiveMap(properties) : null,
    dataStructure: fields.dataStructure && structureOf(queue),
    targetConsumerId: fields.targetConsumerId && consumer,
    compressed: fields.compressed,
    redeliveryCounter: fields.redeliveryCounter,
    brokerPath: null,
    arrival: 0,
    userID: fields.userId,
    recievedByDFBridge: false,
    droppable: false,
    cluster: null,
    brokerInTime: fields.brokerInTime,
    brokerOutTime: 0,
    jmsxGroupFirstForConsumer: false,
  }
}

const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 20 }), fc.string({ maxLength: 2000 }))
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null })
const destination: fc.Arbitrary<Destination> = fc.record({
  kind: fc.constantFrom('queue', 'topic', 'temp-queue', 'temp-topic'),
  // What is behind a question mark is not read back.
  name: text.map((name) => name.replaceAll('?', '')),
})
const time = fc.integer({ min: 0, max: 2 ** 45 })
const property: fc.Arbitrary<PrimitiveValue> = fc.oneof(
  text.map((value) => ({ type: 'string', value }) as const),
  fc.integer().map((value) => ({ type: 'int', value }) as const),
)
const newMessage: fc.Arbitrary<Required<NewMessage>> = fc.record({
  destination,
  producer: fc.record({ connectionId: text, sessionId: fc.maxSafeInteger(), value: fc.maxSafeInteger() }),
  producerSequenceId: fc.maxSafeInteger(),
  messageIdText: optional(text),
  persistent: fc.boolean(),
  expiration: time,
  priority: fc.integer({ min: 0, max: 9 }),
  timestamp: time,
  correlationId: optional(text),
  replyTo: optional(destination),
  type: optional(text),
  groupId: optional(text),
  groupSequence: fc.integer(),
  userId: optional(text),
  redeliveryCounter: fc.nat(),
  bodyKind: fc.constantFrom('none', 'bytes', 'map', 'object', 'stream', 'text'),
  content: optional(fc.uint8Array({ maxLength: 3000 }).map((bytes) => Buffer.from(bytes))),
  compressed: fc.boolean(),
  properties: optional(fc.array(fc.tuple(text, property), { maxLength: 4 }).map((entries) => new Map(entries))),
  brokerInTime: time,
  dataStructure: fc.constantFrom(null, nestedFormOf(structureOf(queue))),
  targetConsumerId: fc.constantFrom(null, nestedFormOf(consumer)),
})

test('the bytes are those of the OpenWire codec', () => {
  fc.assert(
    fc.property(newMessage, (fields) => {
      expect(buildMessage(fields).bytes.toString('hex')).toBe(storedFormOf(commandOf(fields)).toString('hex'))
    }),
    { numRuns: 300 },
  )
})

const readBack = [
  'destination',
  'producerSequenceId',
  'persistent',
  'expiration',
  'priority',
  'timestamp',
  'correlationId',
  'replyTo',
  'type',
  'groupId',
  'groupSequence',
  'userId',
  'redeliveryCounter',
  'bodyKind',
  'content',
  'compressed',
] as const

test('what was put in comes out', () => {
  fc.assert(
    fc.property(newMessage, (fields) => {
      const { producer: sender, properties, messageIdText } = fields
      const message = buildMessage(fields)
      for (const name of readBack) expect([name, message[name]]).toEqual([name, fields[name]])
      expect(message.connectionId).toBe(sender.connectionId)
      expect(message.producerId).toBe(`${sender.connectionId}:${sender.sessionId}:${sender.value}`)
      expect(message.decodeProperties()).toEqual(properties ?? new Map())
      if (messageIdText !== null) expect(message.jmsMessageId).toContain(messageIdText)
    }),
  )
})

test('nothing but destination and id has to be said', () => {
  expect(buildMessage({ destination: queue, producer, producerSequenceId: 9 })).toMatchObject({
    messageId: 'ID:host-1-1:1:2:3:9',
    jmsMessageId: 'ID:host-1-1:1:2:3:9',
    persistent: false,
    expiration: 0,
    priority: 4,
    bodyKind: 'none',
    content: null,
    marshalledProperties: null,
    size: 1024,
  })
})

test('properties that are marshalled already are taken as they are', () => {
  const properties = encodePrimitiveMap(new Map([['colour', { type: 'string', value: 'red' }]]))
  const message = buildMessage({ destination: queue, producer, producerSequenceId: 1, properties })
  expect(message.marshalledProperties).toEqual(properties)
})

test('each message has memory of its own', () => {
  const build = (producerSequenceId: number) => buildMessage({ destination: queue, producer, producerSequenceId })
  const first = build(1)
  const bytes = first.bytes.toString('hex')
  build(2)
  expect(first.bytes.toString('hex')).toBe(bytes)
})

test('a text that no stored form can hold is refused, and the next message is not hurt', () => {
  const build = (type: string) => buildMessage({ destination: queue, producer, producerSequenceId: 1, type })
  expect(() => build('é'.repeat(32_768))).toThrow('a text has 65536 bytes, the most is 65535')
  expect(() => build('é'.repeat(32_768))).toThrow(FormatError)
  expect(build('x'.repeat(65_535)).type).toHaveLength(65_535)
})
