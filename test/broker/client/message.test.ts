import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import type { OutgoingMessage } from '../../../broker/client/message.ts'
import { buildMessageCommand, ReceivedMessage } from '../../../broker/client/message.ts'
import { ordinaryRules, type MessageRules } from '../../../broker/client/message-rules.ts'
import type { MessageCommand } from '../../../broker/wire/openwire/commands.ts'

const received = (message: OutgoingMessage, compress = false, rules: MessageRules = ordinaryRules): ReceivedMessage =>
  new ReceivedMessage(
    buildMessageCommand(
      message,
      {
        producerId: { kind: 'ProducerId', connectionId: 'ID:c-1:1', sessionId: 1, value: 2 },
        sequence: 3,
        destination: { kind: 'queue', name: 'Q' },
        transactionId: null,
        persistent: true,
        priority: 4,
        expiration: 0,
        timestamp: 5,
        compress,
      },
      rules,
    ),
    0,
    () => Promise.resolve(),
  )

/** As the Java client leaves fields that nothing was written to. */
const withFields = (message: ReceivedMessage, fields: Partial<MessageCommand>): ReceivedMessage =>
  new ReceivedMessage({ ...message.command, ...fields } as MessageCommand, 0, () => Promise.resolve())

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

describe.each([false, true])('kinds of messages, compressed: %p', (compress) => {
  const serialized = Buffer.from('aced00057400066f626a656374', 'hex')

  test('stream: values keep their types and their order', () => {
    const body = [
      true,
      { type: 'byte', value: -128 },
      { type: 'short', value: 300 },
      { type: 'char', value: 'é' },
      5,
      2n ** 62n,
      { type: 'float', value: 0.5 },
      1.25,
      'größe',
      'x'.repeat(9000),
      new Uint8Array([1, 2]),
      null,
    ] as const
    const message = received({ body }, compress)
    expect(message.kind).toBe('stream')
    expect(message.stream).toEqual([
      { type: 'boolean', value: true },
      { type: 'byte', value: -128 },
      { type: 'short', value: 300 },
      { type: 'char', value: 0xe9 },
      { type: 'int', value: 5 },
      { type: 'long', value: 2n ** 62n },
      { type: 'float', value: 0.5 },
      { type: 'double', value: 1.25 },
      { type: 'string', value: 'größe' },
      { type: 'string', value: 'x'.repeat(9000) },
      { type: 'bytes', value: Buffer.from([1, 2]) },
      { type: 'null', value: null },
    ])
    expect([message.text, message.map, message.object, message.blob]).toEqual([null, null, null, null])
  })

  test('object: the bytes that were given', () => {
    const message = received({ kind: 'object', body: serialized }, compress)
    expect([message.kind, message.object, message.bytes]).toEqual(['object', serialized, serialized])
    expect(message.command.kind).toBe('ActiveMQObjectMessage')
  })

  test('blob: a reference', () => {
    const url = 'http://files/1'
    expect(received({ kind: 'blob', body: { url } }, compress).blob).toEqual({
      url,
      mimeType: null,
      deletedByBroker: false,
    })
    const blob = { url, mimeType: 'text/plain', deletedByBroker: true }
    const message = received({ kind: 'blob', body: blob }, compress)
    expect([message.kind, message.blob, message.bytes]).toEqual(['blob', blob, null])
  })

  test('without a body, of every kind', () => {
    for (const kind of ['message', 'text', 'bytes', 'map', 'stream', 'object'] as const) {
      const message = received({ kind, body: null }, compress)
      expect([message.kind, message.text, message.object, message.blob]).toEqual([kind, null, null, null])
      expect(message.command).toMatchObject({ content: null, compressed: false })
      // A stream, a map and bytes without content are empty ones.
      expect(message.bytes).toEqual(kind === 'bytes' ? Buffer.alloc(0) : null)
      expect(message.map).toEqual(kind === 'map' ? new Map() : null)
      expect(message.stream).toEqual(kind === 'stream' ? [] : null)
    }
    expect(received({}, compress).kind).toBe('message')
  })

  test('empty bodies', () => {
    expect(received({ body: '' }, compress).text).toBe('')
    expect(received({ body: Buffer.alloc(0) }, compress).bytes).toEqual(Buffer.alloc(0))
    expect(received({ body: {} }, compress).map).toEqual(new Map())
    expect(received({ body: [] }, compress).stream).toEqual([])
  })

  test('every text comes back, also half a surrogate pair', () => {
    const unit = fc.oneof(fc.constant(0), fc.constant(0xd800), fc.constant(0xdc00), fc.nat(0xffff))
    fc.assert(
      fc.property(fc.array(unit), (units) => {
        const text = String.fromCharCode(...units)
        expect(received({ body: text, properties: { text } }, compress).text).toBe(text)
        expect(received({ body: [text] }, compress).stream).toEqual([{ type: 'string', value: text }])
      }),
    )
  })
})

test('a compressed body without bytes is an empty one', () => {
  const empty = { content: Buffer.alloc(0), compressed: true }
  expect(withFields(received({ kind: 'bytes' }), empty).bytes).toEqual(Buffer.alloc(0))
  expect(withFields(received({ kind: 'stream' }), empty).stream).toEqual([])
})

test.each([
  [{ kind: 'sheet' }, 'kind is "sheet"; accepted is one of message, text, bytes, map, stream, object, blob'],
  [{ kind: 'message', body: 'x' }, 'body is "x"; accepted is null, of a message of kind message'],
  [{ kind: 'text', body: 5 }, 'body is 5; accepted is a text or null, of a message of kind text'],
  [{ kind: 'bytes', body: 'x' }, 'body is "x"; accepted is bytes or null, of a message of kind bytes'],
  [{ kind: 'object', body: { a: 1 } }, 'body is an object; accepted is bytes or null, of a message of kind object'],
  [{ kind: 'map', body: [1] }, 'body is of class Array; accepted is a map, a plain object or null'],
  [{ kind: 'stream', body: {} }, 'body is an object; accepted is an array or null, of a message of kind stream'],
  [{ kind: 'blob', body: null }, 'body is null; accepted is an object with url'],
  [{ kind: 'blob', body: { url: '' } }, 'url is ""; accepted is a text that is not empty'],
  [{ kind: 'blob', body: { url: 'x', mime: 1 } }, 'field mime is 1; accepted is url, mimeType, deletedByBroker'],
  [{ body: [undefined] }, 'stream value 0 is undefined'],
  [{ body: [1, { type: 'list', value: [] }] }, 'type of stream value 1 is "list"; accepted is a type that holds one'],
  [{ body: [{ type: 'map', value: {} }] }, 'type of stream value 0 is "map"'],
  [{ body: [{ type: 'char', value: 'ab' }] }, 'stream value 0 is "ab"; accepted is one UTF-16 code unit'],
  [{ body: [{ type: 'char', value: 65_536 }] }, 'stream value 0 is 65536; accepted is a whole number from 0 to 65535'],
  [{ body: [{ type: 'float', value: 1e300 }] }, 'stream value 0 is 1e+300; accepted is a number that 32 bits hold'],
])('a body that does not fit is refused: %j', (message, reason) => {
  expect(() => received(message as never)).toThrow(reason)
})

test('maps and lists as values, unless that is switched off', () => {
  const list = { type: 'list', value: [1, { type: 'map', value: { 'a b': 'x' } }] } as const
  const typed = {
    type: 'list',
    value: [
      { type: 'int', value: 1 },
      { type: 'map', value: new Map([['a b', { type: 'string', value: 'x' }]]) },
    ],
  }
  const message = received({ body: { list }, properties: { list } })
  expect(message.map).toEqual(new Map([['list', typed]]))
  expect(message.typedProperties).toEqual(new Map([['list', typed]]))
  const flat = { ...ordinaryRules, nestedMapAndListEnabled: false }
  for (const values of [{ body: { list } }, { properties: { list } }])
    expect(() => received(values, false, flat)).toThrow(
      'list is "list"; accepted is a type that holds one value, not map and list',
    )
})

test('a received message can be sent again with all its types', () => {
  const first = received({
    body: { short: { type: 'short', value: 3 }, list: { type: 'list', value: ['x'] } },
    properties: { float: { type: 'float', value: 0.5 }, none: null },
  })
  const second = received({ body: first.map, properties: first.typedProperties })
  expect(second.command.content).toEqual(first.command.content)
  expect(second.command.marshalledProperties).toEqual(first.command.marshalledProperties)
})

describe('properties that OpenWire has fields for', () => {
  test('JMSXGroupID and JMSXGroupSeq are the fields', () => {
    const { command } = received({ properties: { JMSXGroupID: 'g', JMSXGroupSeq: -1 } })
    expect(command).toMatchObject({ groupID: 'g', groupSequence: -1, marshalledProperties: null })
    expect(received({ groupId: 'g', properties: { JMSXGroupID: 'g', JMSXGroupSeq: null } }).groupId).toBe('g')
  })

  test.each([
    [{ groupId: 'g', properties: { JMSXGroupID: 'h' } }, 'property JMSXGroupID is "h"; accepted is what the field'],
    [{ properties: { JMSXGroupID: 7 } }, 'property JMSXGroupID is 7; accepted is a text or null'],
    [{ properties: { JMSXGroupSeq: '7' } }, 'property JMSXGroupSeq is "7"; accepted is an int'],
  ])('refused: %j', (message, reason) => {
    expect(() => received(message)).toThrow(reason)
  })

  test('they are read like others', () => {
    const message = withFields(received({ groupId: 'g', groupSequence: 7, properties: { n: 5 } }), {
      userID: 'u',
      jmsxGroupFirstForConsumer: true,
      originalTransactionId: {
        kind: 'LocalTransactionId',
        value: 3,
        connectionId: { kind: 'ConnectionId', value: 'ID:c' },
      },
    })
    expect(message.property('JMSXGroupID', 'string')).toBe('g')
    expect(message.property('JMSXGroupSeq', 'long')).toBe(7n)
    expect(message.property('JMSXDeliveryCount', 'int')).toBe(1)
    expect(message.property('JMSXUserID', 'string')).toBe('u')
    expect(message.property('JMSXProducerTXID', 'string')).toBe('TX:ID:c:3')
    expect(message.property('JMSXGroupFirstForConsumer', 'boolean')).toBe(true)
    expect(message.property('n', 'long')).toBe(5n)
    expect(message.property('missing', 'int')).toBeNull()
    expect(received({ body: { n: '12' } }).entry('n', 'int')).toBe(12)
    expect(received({ body: 'x' }).entry('n', 'int')).toBeNull()
    expect(received({}).property('JMSXGroupID', 'string')).toBeNull()
  })
})
