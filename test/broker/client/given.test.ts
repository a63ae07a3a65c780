// What users give: accepted with a meaning, or refused by name before anything is sent.
import { describe, expect, test } from '@jest/globals'
import { createConnectionFactory, type ConnectionFactoryOptions } from '../../../broker/client/index.ts'
import { checkFields } from '../../../broker/client/given.ts'
import type { ConsumerSettings, Session } from '../../../broker/client/session.ts'
import type { MessageCommand } from '../../../broker/wire/openwire/commands.ts'
import { ReceivedMessage } from '../../../broker/client/message.ts'
import { world } from './client-harness.ts'

/** Anything, where TypeScript would object: not everybody has TypeScript. */
const any = (value: unknown): never => value as never

const classInstance = new (class Order {
  readonly body = 'x'
})()

describe('sending', () => {
  async function sending() {
    const { session, transport } = await world('transacted')
    const producer = await session.createProducer('Q')
    const sent = transport.sent.length
    const message = async (...given: Parameters<typeof producer.send>): Promise<ReceivedMessage> => {
      await producer.send(...given)
      return new ReceivedMessage(transport.sent.at(-1) as MessageCommand, 0, () => Promise.resolve())
    }
    return { session, producer, message, sentSince: () => transport.sent.slice(sent) }
  }

  test('bytes of any kind of array of bytes', async () => {
    const { message } = await sending()
    const bytes = new Uint8Array([0, 1, 2, 3]).subarray(1)
    for (const given of [bytes, { body: bytes }, Buffer.from(bytes)])
      expect((await message(given)).bytes).toEqual(Buffer.from([1, 2, 3]))
    expect((await message({ properties: { bytes } })).properties).toEqual({ bytes: Buffer.from([1, 2, 3]) })
  })

  test('a map, or a plain object, is a map message; what is undefined is left out', async () => {
    const { message } = await sending()
    const values = { a: 1, none: undefined, b: 'two' }
    const map = new Map(Object.entries(values))
    for (const given of [map, { body: map }, { body: values }])
      expect([...(await message(given)).map!]).toEqual([
        ['a', { type: 'int', value: 1 }],
        ['b', { type: 'string', value: 'two' }],
      ])
    for (const properties of [map, values])
      expect((await message({ properties })).properties).toEqual({ a: 1, b: 'two' })
  })

  test('fields and options that are null or undefined are left out', async () => {
    const { message } = await sending()
    for (const none of [null, undefined]) {
      const fields = {
        properties: none,
        correlationId: none,
        replyTo: none,
        type: none,
        groupId: none,
        groupSequence: none,
      }
      const options = { destination: none, deliveryMode: none, priority: none, timeToLive: none }
      const sent = await message({ body: 'x', ...fields }, options)
      expect([sent.properties, sent.correlationId, sent.replyTo, sent.type]).toEqual([{}, null, null, null])
      expect([sent.groupId, sent.groupSequence, sent.priority, sent.expiration]).toEqual([null, 0, 4, 0])
      expect(sent.persistent).toBe(true)
    }
  })

  test('values say their type, also inside each other', async () => {
    const { message } = await sending()
    const list = { type: 'list', value: [1, { type: 'map', value: { deep: true } }] }
    const sent = await message(any({ body: { list, char: { type: 'char', value: 65 } } }))
    expect([...sent.map!]).toEqual([
      [
        'list',
        {
          type: 'list',
          value: [
            { type: 'int', value: 1 },
            { type: 'map', value: new Map([['deep', { type: 'boolean', value: true }]]) },
          ],
        },
      ],
      ['char', { type: 'char', value: 65 }],
    ])
  })

  test.each([
    [undefined, 'Cannot send: undefined was given; accepted is a text, bytes, a map, or an object with body'],
    [null, 'null was given'],
    [7, '7 was given'],
    [['x'], 'of class Array was given'],
    [classInstance, 'of class Order was given'],
    [{ text: 'x' }, 'field text is "x"; accepted is body, properties, correlationId,'],
    [
      { body: 7 },
      'body is 7; accepted is a text, bytes, a map, a plain object (both as map message), an array (as stream',
    ],
    [{ body: [['x']] }, 'stream value 0 is of class Array'],
    [{ body: new Float64Array(1) }, 'body is of class Float64Array'],
    [{ body: new Date(0) }, 'body is of class Date'],
    [{ body: { a: [1] } }, 'map entry a is of class Array; accepted is a text, number, boolean, bytes, null or {type'],
    [{ body: new Map([[1, 'x']]) }, 'name of a map entry is 1; accepted is a text that is not empty'],
    [{ properties: 'x' }, 'property is "x"; accepted is a map or an object'],
    [{ properties: { a: { b: 1 } } }, 'property a is an object'],
    [{ properties: { a: () => 1 } }, 'property a is a function'],
    [{ properties: { '': 1 } }, 'name of a property is ""; accepted is a text that is not empty'],
    [{ properties: { a: 2n ** 63n } }, 'property a is 9223372036854775808n; accepted is a whole number of 64 bits'],
    [
      { properties: { a: { type: 'short', value: 40_000 } } },
      'property a is 40000; accepted is a whole number from -32768',
    ],
    [
      { properties: { a: { type: 'int', value: 1.5 } } },
      'property a is 1.5; accepted is a whole number from -2147483648',
    ],
    [{ properties: { a: { type: 'string', value: 1 } } }, 'property a is 1; accepted is a text'],
    [{ properties: { a: { type: 'integer', value: 1 } } }, 'type of property a is "integer"; accepted is one of null,'],
    [{ correlationId: 7 }, 'correlationId is 7; accepted is a text'],
    [{ type: 7 }, 'type is 7; accepted is a text'],
    [{ groupId: 7 }, 'groupId is 7; accepted is a text'],
    [{ groupSequence: 1.5 }, 'groupSequence is 1.5; accepted is a whole number from -2147483648 to 2147483647'],
    [{ properties: { ['n'.repeat(65_536)]: 1 } }, 'Cannot encode name of 65536 bytes'],
  ])('refused: message %p', async (message, reason) => {
    const { producer, sentSince } = await sending()
    const refusal = producer.send(any(message))
    await expect(refusal).rejects.toThrow(reason)
    await expect(refusal).rejects.toMatchObject({ className: expect.stringMatching(/^javax\.jms\./) })
    // Not even the transaction has begun.
    expect(sentSince()).toEqual([])
  })

  test.each([
    [7, 'Cannot send: 7 was given; accepted is an object with destination, deliveryMode, priority, timeToLive'],
    ['queue://A', '"queue://A" was given'],
    [{ ttl: 5 }, 'field ttl is 5; accepted is destination, deliveryMode, priority, timeToLive'],
    [{ deliveryMode: 'durable' }, 'deliveryMode is "durable"; accepted is one of persistent, non-persistent'],
    [{ priority: '5' }, 'priority is "5"; accepted is a whole number from 0 to 9'],
    [{ priority: NaN }, 'priority is NaN'],
    [{ timeToLive: -1 }, 'timeToLive is -1; accepted is a whole number from 0 to'],
    [{ timeToLive: '60s' }, 'timeToLive is "60s"'],
    [{ timeToLive: 0.5 }, 'timeToLive is 0.5'],
    [{ timeToLive: Infinity }, 'timeToLive is Infinity'],
  ])('refused: options %p', async (options, reason) => {
    const { producer, sentSince } = await sending()
    await expect(producer.send('x', any(options))).rejects.toThrow(reason)
    expect(sentSince()).toEqual([])
  })

  test('the producer’s own defaults are held to the same', async () => {
    const { producer } = await sending()
    producer.priority = 10
    await expect(producer.send('x')).rejects.toThrow('priority is 10; accepted is a whole number from 0 to 9')
  })
})

describe('destinations', () => {
  test.each([
    [
      undefined,
      'destination is undefined; accepted is a text (queue://NAME, topic://NAME, temp-queue://NAME, temp-topic',
    ],
    [7, 'destination is 7'],
    [['A'], 'destination is of class Array'],
    ['', 'name of the destination is ""; accepted is a text that is not empty'],
    ['queue:// ', 'name of the destination is ""'],
    ['?a=1', 'name of the destination is ""'],
    [
      'que://A',
      'destination is "que://A"; accepted is queue://NAME, topic://NAME, temp-queue://NAME, temp-topic://NAME',
    ],
    ['jms://A', 'destination is "jms://A"'],
    ['queue://A,tpic://B', 'destination is "tpic://B"'],
    [{ name: 'A' }, 'kind of the destination is undefined; accepted is one of queue, topic, temp-queue, temp-topic'],
    [{ kind: 'stack', name: 'A' }, 'kind of the destination is "stack"'],
    [{ kind: 'queue' }, 'name of the destination is undefined'],
    [{ kind: 'queue', name: 7 }, 'name of the destination is 7'],
  ])('refused: %p', async (given, reason) => {
    const { session, transport } = await world('auto')
    const anonymous = await session.createProducer(null)
    const sent = transport.sent.length
    const attempts: [string, Promise<unknown>][] = [
      ['create a consumer', session.createConsumer(any(given))],
      ['browse', session.browse(any(given)).next()],
    ]
    if (given !== undefined)
      attempts.push(
        ['create a producer', session.createProducer(any(given))],
        ['send', anonymous.send('x', { destination: any(given) })],
        ...(given === ''
          ? []
          : [
              ['reply to', anonymous.send({ replyTo: any(given) }, { destination: 'Q' })] as [string, Promise<unknown>],
            ]),
      )
    for (const [what, attempt] of attempts)
      await expect(attempt).rejects.toMatchObject({
        name: 'InvalidDestinationException',
        message: expect.stringContaining(`Cannot ${what}: ${reason}`),
      })
    expect(transport.sent).toHaveLength(sent)
  })

  test('no destination, undefined or null, is a producer for all', async () => {
    const { session } = await world('auto')
    for (const producer of [await session.createProducer(), await session.createProducer(null)])
      expect(producer.destination).toBeNull()
  })

  test('what looks like a scheme is part of the name when the kind is said', async () => {
    const { session } = await world('auto')
    const producer = await session.createProducer({ kind: 'queue', name: 'que://A' })
    expect(producer.destination).toEqual({ kind: 'queue', name: 'que://A' })
  })
})

describe('sessions and consumers', () => {
  test.each([
    [{ prefetch: 1 }, 'field prefetch is 1; accepted is selector, noLocal,'],
    [{ selector: 7 }, 'selector is 7; accepted is a text'],
    [{ noLocal: 'yes' }, 'noLocal is "yes"; accepted is true or false'],
    [{ exclusive: 1 }, 'exclusive is 1'],
    [{ retroactive: 'no' }, 'retroactive is "no"'],
    [{ priority: 128 }, 'priority is 128; accepted is a whole number from -128 to 127'],
    [{ prefetchSize: -1 }, 'prefetchSize is -1; accepted is a whole number from 0 to 2147483647'],
    [{ subscriptionName: '' }, 'subscriptionName is ""; accepted is a text that is not empty'],
    ['selector', '"selector" was given; accepted is an object with selector, noLocal,'],
  ])('refused: consumer %p', async (settings, reason) => {
    const { session } = await world('auto')
    await expect(session.createConsumer('topic://T', any(settings))).rejects.toThrow(
      `Cannot create a consumer: ${reason}`,
    )
  })

  test('settings that are null or undefined are left out; an empty selector is none', async () => {
    const { session } = await world('auto')
    for (const none of [null, undefined]) {
      const settings: ConsumerSettings = {
        selector: none,
        noLocal: none,
        exclusive: none,
        priority: none,
        retroactive: none,
        prefetchSize: none,
        subscriptionName: none,
      }
      const { info } = await session.createConsumer('Q', settings)
      expect(info).toMatchObject({
        selector: null,
        noLocal: false,
        priority: 0,
        prefetchSize: 1000,
        subscriptionName: null,
      })
    }
    expect((await session.createConsumer('Q', { selector: '' })).info.selector).toBeNull()
  })

  test('a durable subscription is of a topic, a browser of a queue', async () => {
    const { session } = await world('auto')
    await expect(session.createConsumer('Q', { subscriptionName: 's' })).rejects.toThrow(
      'Cannot create a consumer: subscriptionName is given for a queue; accepted are topics',
    )
    await expect(session.browse('topic://T').next()).rejects.toThrow('Cannot browse topic://T: accepted are queues')
    await expect(session.browse('Q', any(7)).next()).rejects.toThrow('Cannot browse: selector is 7; accepted is a text')
  })

  test.each(['AUTO_ACKNOWLEDGE', 1, null, ['auto']])('refused: acknowledge mode %p', async (mode) => {
    const { connection } = await world('auto')
    await expect(connection.createSession(any(mode))).rejects.toThrow(
      /^Cannot create a session: acknowledge mode is .*; accepted is one of auto, client, dups-ok, individual, transacted$/,
    )
  })

  test.each([undefined, null, '', 7])('refused: unsubscribe(%p)', async (name) => {
    const { session } = await world('auto')
    await expect(session.unsubscribe(any(name))).rejects.toThrow('Cannot unsubscribe: subscriptionName is')
  })

  test('timeouts are numbers that a timer can wait for', async () => {
    const { clock, consumer, dispatch } = await world('auto')
    for (const timeout of ['5', NaN, 2 ** 31, {}])
      await expect(consumer.receive(any(timeout))).rejects.toThrow(
        /^Cannot receive: timeoutMs is .*; accepted is a number of milliseconds up to 2147483647, or Infinity$/,
      )
    expect(await consumer.receive(0)).toBeNull()
    expect(await consumer.receive(-1)).toBeNull()
    const endless = [consumer.receive(Infinity), consumer.receive(null), consumer.receive()]
    const short = consumer.receive(0.5)
    clock.advance(2 ** 31)
    expect(await short).toBeNull()
    for (let sequence = 1; sequence <= 3; sequence++) dispatch(sequence)
    expect((await Promise.all(endless)).map((message) => message!.text)).toEqual(['m1', 'm2', 'm3'])
  })

  test('listeners are functions', async () => {
    const { consumer } = await world('auto')
    expect(() => consumer.setListener(any('log'))).toThrow(
      'Cannot set a listener: listener is "log"; accepted is a function or null',
    )
    consumer.setListener(any(undefined))
    await consumer.close()
    consumer.setListener(null)
    expect(() => consumer.setListener(() => {})).toThrow('Cannot set a listener: the consumer is closed')
  })

  test('a closed session refuses everything in the same words', async () => {
    const { session } = await world('client')
    await session.close()
    const uses: ((closed: Session) => Promise<unknown>)[] = [
      (closed) => closed.createProducer('Q'),
      (closed) => closed.createConsumer('Q'),
      (closed) => closed.browse('Q').next(),
      (closed) => closed.createTemporaryQueue(),
      (closed) => closed.unsubscribe('s'),
      (closed) => closed.commit(),
      async (closed) => closed.recover(),
    ]
    for (const use of uses)
      await expect(use(session)).rejects.toMatchObject({
        name: 'IllegalStateException',
        message: expect.stringMatching(/^Cannot .*: the session is closed$/),
      })
  })
})

describe('connection factories', () => {
  test.each([
    [{ username: 'a' }, 'Cannot create a connection factory: field username is "a"; accepted is userName, password,'],
    [{ userName: 7 }, 'userName is 7; accepted is a text'],
    [{ password: Buffer.from('x') }, 'password is of class Buffer'],
    [{ clientId: '' }, 'clientId is ""; accepted is a text that is not empty'],
    ['guest', '"guest" was given; accepted is an object with userName'],
  ])('refused: %p', (options, reason) => {
    expect(() => createConnectionFactory('tcp://a:1', any(options))).toThrow(reason)
  })

  test('options that are null or undefined are left out', () => {
    for (const none of [null, undefined]) {
      const options: ConnectionFactoryOptions = { userName: none, password: none, clientId: none, logger: none }
      expect(createConnectionFactory('tcp://a:1', options)).toBeDefined()
    }
  })
})

test('fields that every object has are no fields', () => {
  const given = JSON.parse('{"constructor": 1}') as object
  expect(() => checkFields('try', given, {})).toThrow('Cannot try: field constructor is 1')
})
