import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { loadVectorFile, valueOf, vectorsPresent } from '../wire/openwire/spec-vectors.ts'
import type { VectorFields } from '../wire/openwire/spec-vectors.ts'
import { fields } from '../../../broker/message/message-fields.ts'
import { structureShapes, writeLong } from '../../../broker/message/loose-scanner.ts'
import { MessageFormatError, StoredMessage } from '../../../broker/message/stored-message.ts'
import type { ActiveMQTextMessage, MessageCommand } from '../../../broker/wire/openwire/commands.ts'
import { encodePrimitiveMap, encodeTextBody } from '../../../broker/wire/openwire/properties.ts'
import { structures, wireFields } from '../../../broker/wire/openwire/schema.ts'
import { messageCommandOf, storedFormOf } from '../../../broker/wire/openwire/stored-form.ts'

const producerId = { kind: 'ProducerId', connectionId: 'ID:host-1-1:1', value: 3, sessionId: 2 } as const

const textMessage: ActiveMQTextMessage = {
  kind: 'ActiveMQTextMessage',
  commandId: 9,
  responseRequired: true,
  producerId,
  destination: { kind: 'ActiveMQQueue', physicalName: 'ORDERS' },
  transactionId: {
    kind: 'LocalTransactionId',
    value: 5,
    connectionId: { kind: 'ConnectionId', value: 'ID:host-1-1:1' },
  },
  originalDestination: null,
  messageId: { kind: 'MessageId', textView: null, producerId, producerSequenceId: 17, brokerSequenceId: 0 },
  originalTransactionId: null,
  groupID: 'group é',
  groupSequence: 4,
  correlationId: 'correlation',
  persistent: true,
  expiration: 1_700_000_000_500,
  priority: 12,
  replyTo: { kind: 'ActiveMQTempQueue', physicalName: 'ID:host-1-1:1:1' },
  timestamp: 1_700_000_000_000,
  type: 'order',
  content: encodeTextBody('hello'),
  marshalledProperties: encodePrimitiveMap(new Map([['colour', { type: 'string', value: 'red' }]])),
  dataStructure: null,
  targetConsumerId: null,
  compressed: false,
  redeliveryCounter: 2,
  brokerPath: null,
  arrival: 0,
  userID: 'somebody',
  recievedByDFBridge: false,
  droppable: false,
  cluster: null,
  brokerInTime: 0,
  brokerOutTime: 0,
  jmsxGroupFirstForConsumer: false,
}

test('the fields of a stored form are those of the table of structures, in its order', () => {
  expect(Object.keys(fields)).toEqual([...wireFields('Message').map(({ name }) => name), 'end'])
})

const scan = (command: MessageCommand): StoredMessage => StoredMessage.scan(storedFormOf(command))

test('one scan gives what the broker always needs', () => {
  const message = scan(textMessage)
  expect(message).toMatchObject({
    destination: { kind: 'queue', name: 'ORDERS' },
    messageId: 'ID:host-1-1:1:2:3:17',
    connectionId: 'ID:host-1-1:1',
    producerId: 'ID:host-1-1:1:2:3',
    producerSequenceId: 17,
    persistent: true,
    expiration: 1_700_000_000_500,
    size: 1024 + textMessage.content!.length + textMessage.marshalledProperties!.length,
  })
})

test('it says whether a message is grouped or scheduled', () => {
  const properties = (name: string) => encodePrimitiveMap(new Map([[name, { type: 'int', value: 1 }]]))
  expect(scan(textMessage)).toMatchObject({ grouped: true, scheduled: false })
  expect(scan({ ...textMessage, groupID: null, marshalledProperties: properties('AMQ_SCHEDULED_CRON') })).toMatchObject(
    {
      grouped: false,
      scheduled: true,
    },
  )
  expect(scan({ ...textMessage, marshalledProperties: properties('AMQ_SCHEDULE') }).scheduled).toBe(false)
  expect(scan({ ...textMessage, marshalledProperties: null }).scheduled).toBe(false)
})

test('priorities beyond 0..9 are clamped', () => {
  expect(scan(textMessage).priority).toBe(9)
  expect(scan({ ...textMessage, priority: -1 }).priority).toBe(0)
})

test('everything else is read on demand', () => {
  const message = scan(textMessage)
  expect(message.bodyKind).toBe('text')
  expect(message.transactionId).toBe('TX:ID:host-1-1:1:5')
  expect(message.originalDestination).toBeNull()
  expect(message.originalTransactionId).toBeNull()
  expect(message.groupId).toBe('group é')
  expect(message.groupSequence).toBe(4)
  expect(message.correlationId).toBe('correlation')
  expect(message.replyTo).toEqual({ kind: 'temp-queue', name: 'ID:host-1-1:1:1' })
  expect(message.timestamp).toBe(1_700_000_000_000)
  expect(message.type).toBe('order')
  expect(message.compressed).toBe(false)
  expect(message.redeliveryCounter).toBe(2)
  expect(message.userId).toBe('somebody')
  expect(message.hasBrokerPath).toBe(false)
  expect(message.groupFirstForConsumer).toBe(false)
  expect(message.content).toEqual(textMessage.content)
  expect(message.decodeProperties()).toEqual(new Map([['colour', { type: 'string', value: 'red' }]]))
})

test('the path of a message that came over bridges is read on demand', () => {
  const brokerPath = ['ID:a', 'ID:b é'].map((value) => ({ kind: 'BrokerId', value }) as const)
  const message = scan({ ...textMessage, brokerPath })
  expect([message.hasBrokerPath, message.brokerPath]).toEqual([true, ['ID:a', 'ID:b é']])
  expect(scan(textMessage).brokerPath).toEqual([])
  expect(scan({ ...textMessage, brokerPath: [] }).brokerPath).toEqual([])
  const cluster = [{ kind: 'BrokerId', value: 'c' }] as const
  expect(scan({ ...textMessage, cluster })).toMatchObject({ hasBrokerPath: false, brokerPath: [] })
})

test('structures have to be looked at, but for paths of brokers', () => {
  const brokerPath = ['ID:a', null].map((value) => ({ kind: 'BrokerId', value }) as const)
  const cluster = brokerPath
  const connectionId = { kind: 'ConnectionId', value: 'ID:a' } as const
  const others = [{ cluster }, { dataStructure: connectionId }, { brokerPath, cluster }]
  expect([scan(textMessage), scan({ ...textMessage, brokerPath })].map(asked)).toEqual([false, false])
  expect(others.map((fields) => asked(scan({ ...textMessage, ...fields })))).toEqual([true, true, true])
  for (const element of [connectionId, null])
    expect(asked(scan({ ...textMessage, brokerPath: [...brokerPath, element] } as never))).toBe(true)
})

const asked = ({ carriesStructures }: StoredMessage): boolean => carriesStructures

test('a text view is shown to people but does not identify the message', () => {
  const message = scan({ ...textMessage, messageId: { ...textMessage.messageId!, textView: 'foreign-7' } })
  expect(message.messageId).toBe('ID:host-1-1:1:2:3:17')
  expect(message.jmsMessageId).toBe('ID:foreign-7')
})

test("a copy gets the broker's sequence where the message says that it stands", () => {
  const message = scan(textMessage)
  const copy = Buffer.from(message.bytes)
  writeLong(copy, message.brokerSequenceAt, 2 ** 40 + 7)
  expect(messageCommandOf(copy)).toEqual({
    ...textMessage,
    messageId: { ...textMessage.messageId, brokerSequenceId: 2 ** 40 + 7 },
  })
})

test('a copy for the first consumer of its group says so, and the message itself does not', () => {
  const message = scan(textMessage)
  const copy = message.withChanges({ groupFirstForConsumer: true })
  expect(messageCommandOf(copy.bytes)).toEqual({ ...textMessage, jmsxGroupFirstForConsumer: true })
  expect([message.groupFirstForConsumer, copy.groupFirstForConsumer]).toEqual([false, true])
})

test('a copy for a dead letter queue differs in what was asked for and in nothing else', () => {
  const message = scan(textMessage)
  const copy = message.withChanges({
    destination: { kind: 'queue', name: 'ActiveMQ.DLQ' },
    originalDestination: message.destination,
    transactionId: null,
    originalTransactionId: 'transaction',
    persistent: false,
    expiration: 0,
    redeliveryCounter: 0,
    properties: new Map([['dlqDeliveryFailureCause', { type: 'string', value: 'poison' }]]),
  })
  expect(messageCommandOf(copy.bytes)).toEqual({
    ...textMessage,
    destination: { kind: 'ActiveMQQueue', physicalName: 'ActiveMQ.DLQ' },
    originalDestination: textMessage.destination,
    transactionId: null,
    originalTransactionId: textMessage.transactionId,
    persistent: false,
    expiration: 0,
    redeliveryCounter: 0,
    marshalledProperties: copy.marshalledProperties,
  })
  expect([...copy.decodeProperties().keys()]).toEqual(['colour', 'dlqDeliveryFailureCause'])
  expect(message.bytes).toEqual(storedFormOf(textMessage))
})

test('messages without destination or id are refused', () => {
  expect(() => scan({ ...textMessage, destination: null })).toThrow('Cannot read message: it has no destination')
  expect(() => scan({ ...textMessage, messageId: null })).toThrow('Cannot read message: it has no message id')
})

test('whatever is cut off or changed ends in a message or a MessageFormatError', () => {
  const stored = storedFormOf(textMessage)
  for (let length = 0; length < stored.length; length++)
    expect(() => StoredMessage.scan(stored.subarray(0, length))).toThrow(MessageFormatError)
  expect(() => StoredMessage.scan(Buffer.concat([stored, Buffer.from([0])]))).toThrow('1 bytes follow it')
  fc.assert(
    fc.property(fc.nat({ max: stored.length - 1 }), fc.nat({ max: 255 }), (at, value) => {
      const changed = Buffer.from(stored)
      changed[at] = value
      try {
        const message = StoredMessage.scan(changed)
        void [message.replyTo, message.transactionId, message.originalDestination, message.content, message.groupId]
      } catch (error) {
        if (!(error instanceof MessageFormatError)) throw error
      }
    }),
    { numRuns: 3000 },
  )
})

test('one that ends behind the flag of a field is too short, and not of a type undefined', () => {
  const stored = storedFormOf(textMessage)
  for (let length = 2; length < stored.length; length++) {
    const short = Buffer.concat([stored.subarray(0, length - 1), Buffer.from([1])])
    expect(() => StoredMessage.scan(short)).toThrow(/^Cannot read message: (?!.*undefined)/)
  }
})

test('the shapes of structures agree with the table of the codec', () => {
  const letters = { bool: 'b', byte: 'b', int: 'i', long: 'l', string: 's', bytes: 'y', const8: '8' }
  const more = { throwable: 't', nested: 'n', cached: 'n', array: 'a' }
  const expected: Record<number, string> = {}
  for (const [name, { code }] of Object.entries(structures)) {
    if (code === undefined) continue
    const fields = wireFields(name).filter(({ since, until }) => since <= 12 && until >= 12)
    expected[code] = fields.map(({ kind }) => ({ ...letters, ...more })[kind]).join('')
  }
  expect(structureShapes).toEqual(expected)
})

const describeWithVectors = vectorsPresent ? describe : describe.skip

describeWithVectors('recorded messages', () => {
  test('are all scanned, from version 10 on as they come from the wire', () => {
    let scanned = 0
    for (const name of ['v10-loose.json', 'v11-loose.json', 'v12-loose.json']) {
      const { vectors } = loadVectorFile(name) as { vectors: { hex: string; fields: VectorFields }[] }
      for (const { hex, fields } of vectors) {
        if (!fields._type.startsWith('ActiveMQ') || !fields._type.endsWith('Message')) continue
        const command = valueOf(fields) as MessageCommand
        // No such message is ever stored.
        if (command.destination === null) continue
        const message = StoredMessage.scan(Buffer.from(hex, 'hex').subarray(4))
        expect(message.destination.name).toBe(command.destination.physicalName)
        expect(message.correlationId).toBe(command.correlationId)
        expect(message.userId).toBe(command.userID)
        expect(message.compressed).toBe(command.compressed)
        expect(message.content).toEqual(command.content)
        expect(message.marshalledProperties).toEqual(command.marshalledProperties)
        expect(storedFormOf(command)).toEqual(message.bytes)
        scanned++
      }
    }
    expect(scanned).toBeGreaterThanOrEqual(76)
  })
})

test('options behind the names of destinations are passed over', () => {
  const destination = { kind: 'ActiveMQQueue', physicalName: 'A?x=1' } as const
  const message = StoredMessage.scan(storedFormOf({ ...textMessage, destination, replyTo: destination }))
  expect([message.destination, message.replyTo]).toEqual([
    { kind: 'queue', name: 'A' },
    { kind: 'queue', name: 'A' },
  ])
})
