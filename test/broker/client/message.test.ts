import { expect, test } from '@jest/globals'
import type { OutgoingMessage } from '../../../broker/client/message.ts'
import { buildMessageCommand, ReceivedMessage } from '../../../broker/client/message.ts'

const received = (message: OutgoingMessage, compress = false): ReceivedMessage =>
  new ReceivedMessage(
    buildMessageCommand(message, {
      producerId: { kind: 'ProducerId', connectionId: 'ID:c-1:1', sessionId: 1, value: 2 },
      sequence: 3,
      destination: { kind: 'queue', name: 'Q' },
      transactionId: null,
      persistent: true,
      priority: 4,
      expiration: 0,
      timestamp: 5,
      compress,
    }),
    0,
    () => Promise.resolve(),
  )

test.each([false, true])('bodies come back as they were given, compressed: %p', (compress) => {
  expect(received({ body: 'größe' }, compress).text).toBe('größe')
  expect(received({ body: Buffer.from([1, 2]) }, compress).bytes).toEqual(Buffer.from([1, 2]))
  expect(received({ body: new Map([['a', 1]]) }, compress).map).toEqual(new Map([['a', { type: 'int', value: 1 }]]))
  expect(received({}, compress).bytes).toBeNull()
})

test('a body of another kind is not taken for one', () => {
  expect(received({ body: 'text' }).map).toBeNull()
  expect(received({ body: Buffer.from('bytes') }).text).toBeNull()
})

test('plain values become the Java type that holds them', () => {
  const properties = {
    int: 5,
    long: 2 ** 40,
    double: 1.5,
    big: 2n ** 62n,
    text: 'x',
    flag: true,
    none: null,
    short: { type: 'short', value: 3 },
  } as const
  const message = received({ properties })
  expect([...message.typedProperties].map(([name, { type }]) => [name, type])).toEqual([
    ['int', 'int'],
    ['long', 'long'],
    ['double', 'double'],
    ['big', 'long'],
    ['text', 'string'],
    ['flag', 'boolean'],
    ['none', 'null'],
    ['short', 'short'],
  ])
  expect(message.properties).toEqual({ ...properties, short: 3 })
})

test('headers', () => {
  const message = received({ correlationId: 'c', replyTo: 'topic://R', type: 'T', groupId: 'g', groupSequence: 7 })
  expect(message.messageId).toBe('ID:c-1:1:1:2:3')
  expect(message.destination).toEqual({ kind: 'queue', name: 'Q' })
  expect(message.replyTo).toEqual({ kind: 'topic', name: 'R' })
  expect([message.correlationId, message.type, message.groupId, message.groupSequence]).toEqual(['c', 'T', 'g', 7])
  expect([message.timestamp, message.persistent, message.redelivered, message.deliveryCount]).toEqual([
    5,
    true,
    false,
    1,
  ])
})
