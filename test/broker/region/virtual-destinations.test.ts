import { describe, expect, test } from '@jest/globals'
import {
  defaultVirtualTopic,
  type CompositeDestination,
  type VirtualDestination,
} from '../../../broker/routing/virtual-destination.ts'
import { destinationKey, parseDestination } from '../../../broker/message/destination.ts'
import { MemoryStore } from '../../../broker/store/memory/memory-store.ts'
import {
  RegionHarness,
  type HarnessOptions,
  type Outcome,
  type TestClient,
  type TestConsumer,
  type TestSend,
} from './region-harness.ts'

const start = async (rules: readonly VirtualDestination[] = [defaultVirtualTopic], options: HarnessOptions = {}) => {
  const harness = await RegionHarness.start({ virtualDestinations: rules, ...options })
  return { harness, client: harness.connect(), producer: harness.connect() }
}

const send = (client: TestClient, destination: string, options: TestSend = {}): Outcome =>
  client.send(destination, { persistent: true, ...options })

const composite = (
  kind: CompositeDestination['kind'],
  name: string,
  forwardTo: readonly string[],
  forwardOnly = true,
): CompositeDestination => ({
  kind,
  name,
  forwardOnly,
  sendWhenNotMatched: false,
  forwardTo: forwardTo.map((text) => ({ destination: parseDestination(text), selector: null })),
})

/** Where each message came from, by the message itself: `at < from`. */
const addresses = ({ deliveries }: TestConsumer): string[] =>
  deliveries.map(({ message }) => {
    const { destination, originalDestination } = message
    return `${destinationKey(destination)} < ${originalDestination ? destinationKey(originalDestination) : '-'}`
  })

describe('a virtual topic', () => {
  test.each([true, false])(
    'puts a message into the queues of its consumers and gives it to subscribers (persistent: %s)',
    async (persistent) => {
      const { harness, client, producer } = await start()
      const [a, b] = ['a', 'b'].map((name) => client.consume(`queue://Consumer.${name}.VirtualTopic.ORDERS`))
      const other = client.consume('queue://Consumer.a.VirtualTopic.OTHER')
      const topic = client.consume('topic://VirtualTopic.ORDERS')
      const sent = send(producer, 'topic://VirtualTopic.ORDERS', { persistent })
      await harness.settle()
      expect(sent.state).toBe('done')
      expect(addresses(a!)).toEqual(['queue://Consumer.a.VirtualTopic.ORDERS < topic://VirtualTopic.ORDERS'])
      expect(addresses(b!)).toEqual(['queue://Consumer.b.VirtualTopic.ORDERS < topic://VirtualTopic.ORDERS'])
      expect(addresses(topic)).toEqual(['topic://VirtualTopic.ORDERS < -'])
      expect(other.deliveries).toEqual([])
    },
  )

  test('keeps messages for consumers that are away, and for those of the same name together', async () => {
    const { harness, client, producer } = await start()
    client.consume('queue://Consumer.a.VirtualTopic.T').close()
    send(producer, 'topic://VirtualTopic.T')
    await harness.settle()
    const both = [1, 2].map(() => client.consume('queue://Consumer.a.VirtualTopic.T'))
    send(producer, 'topic://VirtualTopic.T')
    await harness.settle()
    expect(both.flatMap(({ received }) => received)).toHaveLength(2)
    expect(harness.of('queue://Consumer.a.VirtualTopic.T').inFlight).toBe(2)
  })

  test('finds queues that come and loses those that go', async () => {
    const { harness, client, producer } = await start()
    send(producer, 'topic://VirtualTopic.T')
    const queue = parseDestination('queue://Consumer.late.VirtualTopic.T')
    client.connection.addDestination(queue)
    send(producer, 'topic://VirtualTopic.T')
    await harness.settle()
    expect(harness.of('queue://Consumer.late.VirtualTopic.T').size).toBe(1)
    client.connection.removeDestination(queue)
    send(producer, 'topic://VirtualTopic.T')
    await harness.settle()
    expect(harness.of('queue://Consumer.late.VirtualTopic.T')).toBeUndefined()
  })

  test('answers when all its queues have the message durably, and not before', async () => {
    const store = new MemoryStore()
    const waiting: (() => void)[] = []
    store.whenDurable = (callback) => void waiting.push(callback)
    const { client, producer } = await start(undefined, { store })
    const consumers = ['a', 'b'].map((name) => client.consume(`queue://Consumer.${name}.VirtualTopic.T`))
    const sent = send(producer, 'topic://VirtualTopic.T')
    expect([sent.state, ...consumers.map(({ received }) => received)]).toEqual(['pending', [], []])
    expect(waiting).toHaveLength(1)
    for (const callback of waiting) callback()
    expect([sent.state, ...consumers.map(({ received }) => received)]).toEqual(['done', [1], [1]])
  })

  test('in a transaction: at its commit, for the queues there were at the send', async () => {
    const { harness, client, producer } = await start()
    const early = client.consume('queue://Consumer.a.VirtualTopic.T')
    producer.connection.begin('t1')
    send(producer, 'topic://VirtualTopic.T', { transactionId: 't1' })
    producer.connection.rollback('t1', () => {})
    producer.connection.begin('t2')
    send(producer, 'topic://VirtualTopic.T', { transactionId: 't2' })
    const late = client.consume('queue://Consumer.b.VirtualTopic.T')
    await harness.settle()
    expect(early.received).toEqual([])
    producer.connection.commit('t2', () => {})
    await harness.settle()
    expect([early.received, late.received]).toEqual([[2], []])
  })

  test('a queue of that name is none, nor are advisory topics', async () => {
    const { harness, client, producer } = await start([{ ...defaultVirtualTopic, name: '>' }])
    const consumer = client.consume('queue://Consumer.a.VirtualTopic.T')
    const advisories = client.consume('queue://Consumer.a.ActiveMQ.Advisory.Connection')
    send(producer, 'queue://VirtualTopic.T')
    send(producer, 'topic://ActiveMQ.Advisory.Connection')
    await harness.settle()
    expect([consumer.received, advisories.received]).toEqual([[], []])
  })

  test('its consumers may use a wildcard: a queue of that name gets what is sent to any of the topics', async () => {
    const { harness, client, producer } = await start()
    const all = client.consume('queue://Consumer.a.VirtualTopic.>')
    const any = client.consume('queue://Consumer.*.VirtualTopic.T')
    const everything = client.consume('queue://>', { prefetchSize: 0 })
    send(producer, 'topic://VirtualTopic.T')
    await harness.settle()
    expect(addresses(all)).toEqual(['queue://Consumer.a.VirtualTopic.> < topic://VirtualTopic.T'])
    expect(addresses(any)).toEqual(['queue://Consumer.*.VirtualTopic.T < topic://VirtualTopic.T'])
    // It shares those queues; for itself it has none.
    expect(everything.received).toEqual([])
    expect(harness.of('queue://>')).toBeUndefined()
  })

  test('two of its consumers with wildcards do not take from each other', async () => {
    const { harness, client, producer } = await start()
    const names = [
      'Consumer.a.VirtualTopic.>',
      'Consumer.a.VirtualTopic.A.*',
      'Consumer.*.VirtualTopic.A.B',
      'Consumer.a.>',
    ]
    const consumers = names.map((name) => client.consume(`queue://${name}`))
    for (let i = 0; i < 3; i++) send(producer, 'topic://VirtualTopic.A.B')
    await harness.settle()
    expect(consumers.map(({ received }) => received)).toEqual([1, 2, 3, 4].map(() => [1, 2, 3]))
  })

  test('a member of a composite, or one that a wildcard names', async () => {
    const { harness, client, producer } = await start()
    const consumer = client.consume('queue://Consumer.a.VirtualTopic.T')
    const plain = client.consume('queue://PLAIN')
    send(producer, 'topic://VirtualTopic.T,queue://PLAIN')
    send(producer, 'topic://VirtualTopic.*')
    await harness.settle()
    expect(addresses(consumer)).toEqual([
      'queue://Consumer.a.VirtualTopic.T < topic://VirtualTopic.T',
      'queue://Consumer.a.VirtualTopic.T < topic://VirtualTopic.*',
    ])
    expect(plain.received).toEqual([1])
  })

  test('with prefix and postfix of its own; two that match the same topic give it to subscribers once', async () => {
    const { harness, client, producer } = await start([
      { ...defaultVirtualTopic, name: 'VT.>', prefix: 'Q.*.', postfix: '.IN' },
      { ...defaultVirtualTopic, name: 'VT.A', prefix: 'P-' },
    ])
    const consumers = ['queue://Q.a.VT.A.IN', 'queue://P-VT.A', 'topic://VT.A', 'queue://Q.a.VT.A'].map((name) =>
      client.consume(name),
    )
    send(producer, 'topic://VT.A')
    await harness.settle()
    expect(consumers.map(({ received }) => received)).toEqual([[1], [1], [1], []])
  })

  test('local: not what came over a bridge', async () => {
    const { harness, client, producer } = await start([{ ...defaultVirtualTopic, local: true }])
    const consumer = client.consume('queue://Consumer.a.VirtualTopic.T')
    const topic = client.consume('topic://VirtualTopic.T')
    const bridged = producer.message('topic://VirtualTopic.T', { persistent: true })
    Object.defineProperty(bridged, 'hasBrokerPath', { value: true })
    producer.connection.send(bridged, null, () => {})
    send(producer, 'topic://VirtualTopic.T')
    await harness.settle()
    expect([consumer.received, topic.received]).toEqual([[2], [1, 2]])
  })

  test('a failover client that sends again what is stored gets its answer, and nobody the message twice', async () => {
    const { harness, client } = await start()
    const consumer = client.consume('queue://Consumer.a.VirtualTopic.T')
    const producer = harness.connect({ failoverReconnect: true })
    for (let i = 0; i < 2; i++) send(producer, 'topic://VirtualTopic.T', { producerSequenceId: 7 })
    await harness.settle()
    expect(consumer.received).toEqual([7])
  })

  test('its queues are found again after a restart', async () => {
    const store = new MemoryStore()
    const recovered = {
      queues: [{ name: 'Consumer.a.VirtualTopic.T', messageCount: 0, messageBytes: 0 }],
      subscriptions: [],
      arrivals: [],
      lastSequence: 0,
    }
    const { harness, producer } = await start(undefined, { store, recovered })
    send(producer, 'topic://VirtualTopic.T')
    await harness.settle()
    expect(harness.of('queue://Consumer.a.VirtualTopic.T').size).toBe(1)
  })
})

describe('without room in one of the queues', () => {
  const full = 'Consumer.full.VirtualTopic.T'
  const startFull = async (dropOnResourceLimit: boolean, options: HarnessOptions = {}) => {
    const store = new MemoryStore()
    let hasRoom = false
    store.hasRoom = (holder) => hasRoom || holder.name !== full
    const room: { came(): void } = { came() {} }
    store.whenRoom = (callback) =>
      void (room.came = () => {
        hasRoom = true
        callback()
      })
    const started = await start([{ ...defaultVirtualTopic, dropOnResourceLimit }], { store, ...options })
    started.client.connection.addDestination(parseDestination(`queue://${full}`))
    const consumer = started.client.consume('queue://Consumer.a.VirtualTopic.T')
    return { ...started, consumer, room }
  }

  test('the sender waits, and its neighbours do not', async () => {
    const { harness, client, producer, consumer, room } = await startFull(false)
    const sent = send(producer, 'topic://VirtualTopic.T')
    const neighbour = client.consume('queue://Consumer.a.VirtualTopic.OTHER')
    const other = send(harness.connect(), 'topic://VirtualTopic.OTHER')
    await harness.settle()
    expect([sent.state, other.state, consumer.received, neighbour.received]).toEqual(['pending', 'done', [], [1]])
    room.came()
    await harness.settle()
    expect([sent.state, consumer.received, harness.of(`queue://${full}`).size]).toEqual(['done', [1], 1])
  })

  test('sendFailIfNoSpace refuses it for all, or leaves that queue out: dropOnResourceLimit', async () => {
    for (const drop of [false, true]) {
      const { harness, producer, consumer } = await startFull(drop, { whenNoSpace: { refuseAfterMs: 0 } })
      const sent = send(producer, 'topic://VirtualTopic.T')
      await harness.settle()
      expect([sent.state, consumer.received]).toEqual(drop ? ['done', [1]] : ['failed', []])
      producer.connection.begin('t')
      const transacted = send(producer, 'topic://VirtualTopic.T', { transactionId: 't' })
      const committed = producer.outcome((done) => producer.connection.commit('t', done))
      await harness.settle()
      expect([transacted.state, committed.state, consumer.received]).toEqual(
        drop ? ['done', 'done', [1, 2]] : ['failed', 'failed', []],
      )
      expect(harness.of(`queue://${full}`).size).toBe(0)
    }
  })

  test('a connection that closes sends nothing to the other queues either', async () => {
    const { harness, producer, consumer } = await startFull(true)
    send(producer, 'topic://VirtualTopic.T')
    producer.connection.close()
    await harness.settle()
    expect(consumer.received).toEqual([])
  })

  test('a queue that is deleted meanwhile is left out, and a plain one is made again', async () => {
    const { harness, client, producer, consumer, room } = await startFull(false)
    const sent = send(producer, 'topic://VirtualTopic.T')
    client.connection.removeDestination(parseDestination(`queue://${full}`))
    room.came()
    await harness.settle()
    expect([sent.state, consumer.received, harness.of(`queue://${full}`)]).toEqual(['done', [1], undefined])
  })
})

test('a message for a queue that is deleted while its sender waits for room comes into the new one', async () => {
  const store = new MemoryStore()
  let hasRoom = false
  let came = (): void => {}
  store.hasRoom = () => hasRoom
  store.whenRoom = (callback) => void (came = callback)
  const { harness, client, producer } = await start([], { store })
  client.connection.addDestination(parseDestination('queue://A'))
  const sent = send(producer, 'queue://A')
  producer.connection.begin('t')
  send(producer, 'queue://A', { transactionId: 't' })
  const committed = producer.outcome((done) => producer.connection.commit('t', done))
  client.connection.removeDestination(parseDestination('queue://A'))
  hasRoom = true
  came()
  await harness.settle()
  expect([sent.state, committed.state, harness.of('queue://A').size]).toEqual(['done', 'done', 2])
})

describe('a composite', () => {
  test('queue forwards to queues and topics, and keeps nothing itself', async () => {
    const { harness, client, producer } = await start([composite('compositeQueue', 'C', ['queue://A', 'topic://B'])])
    const consumers = ['queue://C', 'queue://A', 'topic://B', 'topic://C'].map((name) => client.consume(name))
    send(producer, 'queue://C')
    send(producer, 'topic://C')
    await harness.settle()
    expect(consumers.map(addresses)).toEqual([
      [],
      ['queue://A < queue://C'],
      ['topic://B < queue://C'],
      ['topic://C < -'],
    ])
  })

  test('topic with forwardOnly false gives it to its subscribers, too; by wildcard', async () => {
    const { harness, client, producer } = await start([composite('compositeTopic', 'C.*', ['queue://A'], false)])
    const consumers = ['topic://C.1', 'queue://A'].map((name) => client.consume(name))
    send(producer, 'topic://C.1')
    await harness.settle()
    expect(consumers.map(addresses)).toEqual([['topic://C.1 < -'], ['queue://A < topic://C.1']])
  })

  test('what it names is made by the first message, and again after it was deleted', async () => {
    const { harness, client, producer } = await start([composite('compositeQueue', 'C', ['queue://A'])])
    for (let i = 0; i < 2; i++) {
      send(producer, 'queue://C')
      await harness.settle()
      expect(harness.of('queue://A').size).toBe(1)
      client.connection.removeDestination(parseDestination('queue://A'))
    }
  })

  test('leads on to other virtual destinations; each destination gets a message once', async () => {
    const { harness, client, producer } = await start([
      defaultVirtualTopic,
      composite('compositeQueue', 'ONE', ['queue://TWO', 'topic://VirtualTopic.T', 'queue://A']),
      composite('compositeQueue', 'TWO', ['queue://A'], false),
      composite('compositeQueue', 'Consumer.f.VirtualTopic.T', ['queue://F']),
    ])
    const names = [
      'queue://TWO',
      'queue://A',
      'topic://VirtualTopic.T',
      'queue://Consumer.a.VirtualTopic.T',
      'queue://F',
    ]
    const consumers = [...names, 'queue://Consumer.f.VirtualTopic.T'].map((name) => client.consume(name))
    send(producer, 'queue://ONE')
    await harness.settle()
    expect(consumers.map(addresses)).toEqual([
      ['queue://TWO < queue://ONE'],
      ['queue://A < queue://TWO'],
      ['topic://VirtualTopic.T < queue://ONE'],
      ['queue://Consumer.a.VirtualTopic.T < topic://VirtualTopic.T'],
      ['queue://F < queue://Consumer.f.VirtualTopic.T'],
      [],
    ])
  })

  test('forwards to a target only what its selector wants', async () => {
    const rule: CompositeDestination = {
      kind: 'compositeQueue',
      name: 'C',
      forwardOnly: true,
      sendWhenNotMatched: false,
      forwardTo: [
        { destination: parseDestination('queue://A'), selector: 'JMSPriority > 4' },
        { destination: parseDestination('queue://B'), selector: 'JMSPriority = 9' },
      ],
    }
    const { harness, client, producer } = await start([rule])
    const consumers = ['queue://A', 'queue://B'].map((name) => client.consume(name))
    producer.connection.begin('t')
    const outcomes = [4, 5, 9].map((priority) => send(producer, 'queue://C', { priority }))
    send(producer, 'queue://C', { priority: 1, transactionId: 't' })
    const committed = producer.outcome((done) => producer.connection.commit('t', done))
    await harness.settle()
    expect(consumers.map(({ received }) => received)).toEqual([[2, 3], [3]])
    expect([...outcomes, committed].map(({ state }) => state)).toEqual(['done', 'done', 'done', 'done'])
  })

  test('expired messages become a dead letter for each queue', async () => {
    const { harness, client, producer } = await start([composite('compositeQueue', 'C', ['queue://A', 'queue://B'])])
    const letters = client.consume('queue://ActiveMQ.DLQ')
    send(producer, 'queue://C', { expiration: 1 })
    await harness.settle()
    expect(addresses(letters)).toEqual(['queue://ActiveMQ.DLQ < queue://A', 'queue://ActiveMQ.DLQ < queue://B'])
  })
})
