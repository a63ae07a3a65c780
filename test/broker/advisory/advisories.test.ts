import { describe, expect, test } from '@jest/globals'
import { Advisories } from '../../../broker/advisory/advisories.ts'
import { AdvisorySubscribers } from '../../../broker/advisory/advisory-subscribers.ts'
import { silentLogger } from '../../../broker/base/logger.ts'
import { ManualClock } from '../../../broker/base/manual-clock.ts'
import { decodePrimitiveMap } from '../../../broker/marshal/primitive-map.ts'
import { compositeMembers } from '../../../broker/message/destination.ts'
import { StoredMessage } from '../../../broker/message/stored-message.ts'
import { createRegion } from '../../../broker/region/region-broker.ts'
import type { ConsumerOptions, ProducerOptions } from '../../../broker/region/region.ts'
import { consumerOptionsOf } from '../../../broker/session/openwire/consumer-options.ts'
import { MemoryStore } from '../../../broker/store/memory/memory-store.ts'
import type { ConsumerInfo, MessageCommand } from '../../../broker/wire/openwire/commands.ts'
import { messageCommandOf, storedFormOf } from '../../../broker/wire/openwire/stored-form.ts'
import { soleOwner } from '../../support/sole-owner.ts'
import { FakeRegion } from '../../support/fake-region.ts'
import { connectionId, connectionInfo } from '../session/openwire/session-harness.ts'
import { consumerId, consumerInfo, producerInfo, textMessage } from '../session/openwire/test-commands.ts'

const identity = { brokerName: 'localhost', brokerId: 'ID:test-0:1', brokerUrl: 'tcp://test:61616' }
const queueA = { kind: 'queue', name: 'A' } as const
const onQueueA = consumerInfo({ destination: { kind: 'ActiveMQQueue', physicalName: 'A' } })
const temporary = { kind: 'temp-queue', name: `${connectionId}:1` } as const

const published = (region: FakeRegion): { to: string | null; message: MessageCommand }[] =>
  region.published.splice(0).map(({ to, message }) => ({ to, message: messageCommandOf(message.bytes) }))

const countOf = ({ marshalledProperties }: MessageCommand): unknown => {
  const properties = decodePrimitiveMap(marshalledProperties)
  return (properties.get('consumerCount') ?? properties.get('producerCount'))?.value
}

function attached(): { advisories: Advisories; region: FakeRegion } {
  const region = new FakeRegion()
  const advisories = new Advisories(identity, new ManualClock())
  advisories.attach(region)
  return { advisories, region }
}

/** With a consumer of an OpenWire client that listens to `topics`. */
function listener(topics: string): { advisories: Advisories; region: FakeRegion } {
  const parts = attached()
  addConsumer(parts.advisories, listening(topics))
  return parts
}

const listening = (topics: string, value = 9): ConsumerInfo =>
  consumerInfo({ consumerId: { ...consumerId, value }, destination: { kind: 'ActiveMQTopic', physicalName: topics } })

/** As the region tells of it. */
function addConsumer(advisories: Advisories, info: ConsumerInfo, count = 1): void {
  const { connectionId: connection, sessionId, value } = info.consumerId!
  const options = consumerOptionsOf(`${connection}:${sessionId}:${value}`, info)
  for (const member of compositeMembers(options.destination))
    advisories.consumerAdded(options, connectionId, member, count)
}

const producerOptions: ProducerOptions = {
  producerId: `${connectionId}:1:1`,
  destination: queueA,
  announcement: producerInfo(),
}

/** Of a client that speaks another protocol. */
const foreign: ConsumerOptions = {
  consumerId: 'stomp-7/sub-1',
  destination: queueA,
  prefetchSize: 10,
  priority: 0,
  exclusive: false,
  noLocal: false,
  maximumPendingMessageLimit: 0,
  selector: null,
  browser: false,
  subscriptionName: null,
}

describe('advisory messages', () => {
  test('are built for those who listen and for nobody else', () => {
    const { advisories, region } = attached()
    advisories.destinationAdded(temporary, connectionId)
    advisories.flush()
    expect(region.published).toEqual([])
  })

  test('tell of a new temporary queue, as a stock client expects it', () => {
    const { advisories, region } = listener('ActiveMQ.Advisory.TempQueue,ActiveMQ.Advisory.TempTopic')
    advisories.destinationAdded(temporary, connectionId)
    advisories.flush()
    const [{ to, message }] = published(region) as [{ to: null; message: MessageCommand }]
    expect(to).toBeNull()
    expect(message).toMatchObject({
      kind: 'ActiveMQMessage',
      destination: { kind: 'ActiveMQTopic', physicalName: 'ActiveMQ.Advisory.TempQueue' },
      type: 'Advisory',
      persistent: false,
      priority: 0,
      targetConsumerId: null,
      dataStructure: {
        kind: 'DestinationInfo',
        operationType: 0,
        connectionId: { value: connectionId },
        destination: { kind: 'ActiveMQTempQueue', physicalName: temporary.name },
      },
    })
    expect(Object.fromEntries(decodePrimitiveMap(message.marshalledProperties))).toEqual({
      originBrokerName: { type: 'string', value: 'localhost' },
      originBrokerId: { type: 'string', value: 'ID:test-0:1' },
      originBrokerURL: { type: 'string', value: 'tcp://test:61616' },
    })
  })

  test('have ids that those of a later start with the same broker id do not have', () => {
    const producers = [1, 2].map((startedMs) => {
      const region = new FakeRegion()
      const clock = new ManualClock()
      clock.advance(startedMs)
      const advisories = new Advisories(identity, clock)
      advisories.attach(region)
      addConsumer(advisories, listening('ActiveMQ.Advisory.TempQueue'))
      advisories.destinationAdded(temporary, connectionId)
      advisories.flush()
      return published(region)[0]!.message.producerId!.connectionId
    })
    expect(new Set(producers).size).toBe(2)
  })

  test('replay what is there to a late subscriber, and to it alone', () => {
    const { advisories, region } = listener('ActiveMQ.Advisory.Topic')
    advisories.destinationAdded(temporary, connectionId)
    advisories.destinationAdded(queueA, null)
    advisories.destinationRemoved(queueA)
    published(region)
    addConsumer(advisories, listening('ActiveMQ.Advisory.TempQueue,ActiveMQ.Advisory.Queue', 10))
    expect(published(region)).toMatchObject([
      {
        to: `${connectionId}:1:10`,
        message: {
          targetConsumerId: { connectionId, sessionId: 1, value: 10 },
          dataStructure: { kind: 'DestinationInfo', destination: { physicalName: temporary.name } },
        },
      },
    ])
  })

  test('count consumers and producers, coming and going', () => {
    const { advisories, region } = listener('ActiveMQ.Advisory.Consumer.>,ActiveMQ.Advisory.Producer.>')
    addConsumer(advisories, onQueueA, 3)
    advisories.producerAdded(producerOptions, queueA, 2)
    advisories.consumerRemoved(`${connectionId}:1:1`, queueA, 2)
    advisories.producerRemoved(`${connectionId}:1:1`, queueA, 1)
    advisories.flush()
    const rows = published(region).map(({ message }) => [
      message.destination?.physicalName,
      message.dataStructure?.kind,
      Number(countOf(message)),
    ])
    expect(rows).toEqual([
      ['ActiveMQ.Advisory.Consumer.Queue.A', 'ConsumerInfo', 3],
      ['ActiveMQ.Advisory.Producer.Queue.A', 'ProducerInfo', 2],
      ['ActiveMQ.Advisory.Consumer.Queue.A', 'RemoveInfo', 2],
      ['ActiveMQ.Advisory.Producer.Queue.A', 'RemoveInfo', 1],
    ])
  })

  test('replay the present consumers with their number', () => {
    const { advisories, region } = listener('ActiveMQ.Advisory.Connection')
    addConsumer(advisories, onQueueA, 3)
    published(region)
    addConsumer(advisories, listening('ActiveMQ.Advisory.Consumer.Queue.A', 10))
    const { message } = published(region)[0]!
    expect(message.dataStructure).toMatchObject({
      kind: 'ConsumerInfo',
      consumerId,
      destination: { physicalName: 'A' },
    })
    expect(Number(countOf(message))).toBe(3)
  })

  test('tell of connections without their passwords', () => {
    const { advisories, region } = listener('ActiveMQ.Advisory.Connection')
    published(region)
    const id = { kind: 'ConnectionId', value: 'ID:2' } as const
    const announcement = connectionInfo({ connectionId: id, clientId: 'two', userName: 'me', password: '' })
    const options = { connectionId: 'ID:2', clientId: 'two', failoverReconnect: false, announcement }
    advisories.connectionAdded(options)
    advisories.connectionRemoved(options)
    advisories.flush()
    expect(published(region)).toMatchObject([
      { message: { dataStructure: { kind: 'ConnectionInfo', clientId: 'two', userName: 'me', password: '' } } },
      { message: { dataStructure: { kind: 'RemoveInfo', objectId: { kind: 'ConnectionId', value: 'ID:2' } } } },
    ])
  })

  test('carry expired and dead messages without their bodies', () => {
    const { advisories, region } = listener('ActiveMQ.Advisory.Expired.>,ActiveMQ.Advisory.MessageDLQd.Queue.A')
    const message = StoredMessage.scan(storedFormOf(textMessage()))
    advisories.messageExpired(message, queueA)
    advisories.messageDeadLettered(message, queueA, 'why')
    advisories.flush()
    expect(published(region)).toMatchObject([
      { message: { dataStructure: { kind: 'ActiveMQTextMessage', content: null, timestamp: 1_700_000_000_000 } } },
      { message: { dataStructure: { kind: 'ActiveMQTextMessage', content: null } } },
    ])
  })

  test('are not about advisory topics', () => {
    const { advisories, region } = listener('>')
    published(region)
    advisories.destinationAdded({ kind: 'topic', name: 'ActiveMQ.Advisory.Queue' }, null)
    advisories.flush()
    expect(region.published).toEqual([])
  })

  test('are published at the end of the task when no command asks for them', async () => {
    const { advisories, region } = listener('ActiveMQ.Advisory.MasterBroker')
    advisories.becameActive()
    expect(region.published).toEqual([])
    await Promise.resolve()
    expect(region.published).toHaveLength(1)
  })
})

describe('of clients that speak another protocol', () => {
  test('advisories are made from what the region knows', () => {
    const { advisories, region } = listener('ActiveMQ.Advisory.>')
    published(region)
    const connection = { connectionId: 'stomp-7', clientId: 'seven', failoverReconnect: false }
    advisories.connectionAdded(connection)
    advisories.consumerAdded(foreign, 'stomp-7', queueA, 1)
    advisories.producerAdded({ producerId: 'stomp-7', destination: queueA }, queueA, 1)
    advisories.producerRemoved('stomp-7', queueA, 0)
    advisories.consumerRemoved(foreign.consumerId, queueA, 0)
    advisories.connectionRemoved(connection)
    advisories.flush()
    const id = { connectionId: foreign.consumerId, sessionId: 0, value: 0 }
    expect(published(region).map(({ message }) => message.dataStructure)).toMatchObject([
      { kind: 'ConnectionInfo', connectionId: { value: 'stomp-7' }, clientId: 'seven', password: '' },
      { kind: 'ConsumerInfo', consumerId: id, clientId: 'seven', prefetchSize: 10, destination: { physicalName: 'A' } },
      { kind: 'ProducerInfo', producerId: { connectionId: 'stomp-7' }, destination: { physicalName: 'A' } },
      { kind: 'RemoveInfo', objectId: { kind: 'ProducerId', connectionId: 'stomp-7' } },
      // What it saw last nobody knows.
      { kind: 'RemoveInfo', objectId: { kind: 'ConsumerId', ...id }, lastDeliveredSequenceId: -2 },
      { kind: 'RemoveInfo', objectId: { kind: 'ConnectionId', value: 'stomp-7' } },
    ])
  })

  test('a subscriber among them is told, too', () => {
    const { advisories, region } = attached()
    advisories.destinationAdded(temporary, connectionId)
    const destination = { kind: 'topic', name: 'ActiveMQ.Advisory.TempQueue' } as const
    advisories.consumerAdded({ ...foreign, destination }, 'stomp-7', destination, 1)
    expect(published(region)).toMatchObject([
      { to: foreign.consumerId, message: { targetConsumerId: { connectionId: foreign.consumerId } } },
    ])
    advisories.consumerRemoved(foreign.consumerId, destination, 0)
    advisories.destinationRemoved(temporary)
    advisories.flush()
    expect(published(region)).toEqual([])
  })
})

test('the region tells all of it: a late subscriber hears what is there, and then what changes', async () => {
  const clock = new ManualClock()
  const store = new MemoryStore()
  await store.open(soleOwner(1))
  const advisories = new Advisories(identity, clock)
  const region = createRegion({
    store,
    clock,
    logger: silentLogger,
    memoryLimit: 2 ** 20,
    concurrentStoreAndDispatchQueues: true,
    deadLetter: { queue: 'ActiveMQ.DLQ', processExpired: true, processNonPersistent: false },
    listeners: [advisories],
  })
  advisories.attach(region)
  const heard: string[] = []
  const port = { deliverNothing() {}, pause() {}, resume() {} }
  const others = region.connect(
    { connectionId: 'a', clientId: 'a', failoverReconnect: false },
    { ...port, deliver() {} },
  )
  others.addConsumer({ ...foreign, consumerId: 'a:1:1' })
  others.addProducer({ producerId: 'a:1:1', destination: queueA })
  const mine = region.connect(
    { connectionId: 'b', clientId: 'b', failoverReconnect: false },
    { ...port, deliver: ({ destination }) => void heard.push(destination.name.replace('ActiveMQ.Advisory.', '')) },
  )
  const everything = { kind: 'topic', name: 'ActiveMQ.Advisory.>' } as const
  mine.addConsumer({ ...foreign, consumerId: 'b:1:1', destination: everything, prefetchSize: 1000 })
  expect(heard.splice(0)).toEqual(['Connection', 'Connection', 'Queue', 'Producer.Queue.A', 'Consumer.Queue.A'])
  others.close()
  advisories.flush()
  expect(heard).toEqual(['Consumer.Queue.A', 'Producer.Queue.A', 'Connection'])
  region.stop()
  await store.close()
})

describe('subscribers', () => {
  test.each([
    ['ActiveMQ.Advisory.TempQueue', true],
    ['ActiveMQ.Advisory.>', true],
    ['ActiveMQ.*.TempQueue', true],
    ['>', true],
    ['ActiveMQ.Advisory.TempTopic', false],
    ['ActiveMQ.Advisory', false],
    ['Orders.>', false],
  ])('%s gets ActiveMQ.Advisory.TempQueue: %s', (name, expected) => {
    const subscribers = new AdvisorySubscribers()
    subscribers.add('c', { kind: 'topic', name })
    expect(subscribers.has('ActiveMQ.Advisory.TempQueue')).toBe(expected)
    subscribers.remove('c')
    expect(subscribers.has('ActiveMQ.Advisory.TempQueue')).toBe(false)
  })

  test('a queue of that name is none', () => {
    const subscribers = new AdvisorySubscribers()
    subscribers.add('c', { kind: 'queue', name: 'ActiveMQ.Advisory.>' })
    expect(subscribers.has('ActiveMQ.Advisory.TempQueue')).toBe(false)
  })
})
