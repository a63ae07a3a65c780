import { describe, expect, test } from '@jest/globals'
import { decodePrimitiveMap } from '../../../broker/marshal/primitive-map.ts'
import { StoredMessage } from '../../../broker/message/stored-message.ts'
import { AdvisorySubscribers } from '../../../broker/advisory/advisory-subscribers.ts'
import { messageCommandOf, storedFormOf } from '../../../broker/wire/openwire/stored-form.ts'
import type { MessageCommand } from '../../../broker/wire/openwire/commands.ts'
import {
  buildService,
  connectionId,
  connectionInfo,
  type FakeRegion,
  TestSession,
} from '../session/openwire/session-harness.ts'
import { consumerId, consumerInfo, producerInfo, sessionInfo, textMessage } from '../session/openwire/test-commands.ts'

const queueA = { kind: 'queue', name: 'A' } as const
const temporary = { kind: 'temp-queue', name: `${connectionId}:1` } as const

const published = (region: FakeRegion): { to: string | null; message: MessageCommand }[] =>
  region.published.splice(0).map(({ to, message }) => ({ to, message: messageCommandOf(message.bytes) }))

const countOf = ({ marshalledProperties }: MessageCommand): unknown => {
  const properties = decodePrimitiveMap(marshalledProperties)
  return (properties.get('consumerCount') ?? properties.get('producerCount'))?.value
}

/** A client that listens to `topics`. */
function listener(topics: string, value = 9): ReturnType<typeof buildService> & { peer: TestSession; id: string } {
  const parts = buildService()
  const peer = new TestSession(parts.service).connect().receive(sessionInfo())
  peer.receive(listening(topics, value))
  return { ...parts, peer, id: `${connectionId}:1:${value}` }
}

const listening = (topics: string, value = 9): ReturnType<typeof consumerInfo> =>
  consumerInfo({ consumerId: { ...consumerId, value }, destination: { kind: 'ActiveMQTopic', physicalName: topics } })

describe('advisory messages', () => {
  test('are built for those who listen and for nobody else', () => {
    const { service, region } = buildService()
    service.advisories.destinationAdded(temporary, connectionId)
    service.advisories.flush()
    expect(region.published).toEqual([])
  })

  test('tell of a new temporary queue, as a stock client expects it', () => {
    const { service, region } = listener('ActiveMQ.Advisory.TempQueue,ActiveMQ.Advisory.TempTopic')
    service.advisories.destinationAdded(temporary, connectionId)
    service.advisories.flush()
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

  test('replay what is there to a late subscriber, and to it alone', () => {
    const { service, region, peer } = listener('ActiveMQ.Advisory.Topic')
    service.advisories.destinationAdded(temporary, connectionId)
    service.advisories.destinationAdded(queueA, null)
    service.advisories.destinationRemoved(queueA)
    published(region)
    peer.receive(listening('ActiveMQ.Advisory.TempQueue,ActiveMQ.Advisory.Queue', 10))
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
    const { service, region, peer } = listener('ActiveMQ.Advisory.Consumer.>,ActiveMQ.Advisory.Producer.>')
    peer.receive(consumerInfo(), producerInfo())
    const { advisories } = service
    const options = { consumerId: `${connectionId}:1:1` } as Parameters<typeof advisories.consumerAdded>[0]
    advisories.consumerAdded(options, connectionId, queueA, 3)
    advisories.producerAdded({ producerId: `${connectionId}:1:1`, destination: queueA }, queueA, 2)
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
    const { service, region, peer } = listener('ActiveMQ.Advisory.Connection')
    peer.receive(consumerInfo())
    const options = { consumerId: `${connectionId}:1:1` } as Parameters<typeof service.advisories.consumerAdded>[0]
    service.advisories.consumerAdded(options, connectionId, queueA, 3)
    published(region)
    peer.receive(listening('ActiveMQ.Advisory.Consumer.Queue.A', 10))
    const { message } = published(region)[0]!
    expect(message.dataStructure).toMatchObject({
      kind: 'ConsumerInfo',
      consumerId,
      destination: { physicalName: 'A' },
    })
    expect(Number(countOf(message))).toBe(3)
  })

  test('tell of connections without their passwords', () => {
    const { service, region } = listener('ActiveMQ.Advisory.Connection')
    published(region)
    const other = new TestSession(service).negotiate()
    other.receive(
      connectionInfo({ connectionId: { kind: 'ConnectionId', value: 'ID:2' }, clientId: 'two', userName: 'me' }),
    )
    other.session.close()
    expect(published(region)).toMatchObject([
      { message: { dataStructure: { kind: 'ConnectionInfo', clientId: 'two', userName: 'me', password: '' } } },
      { message: { dataStructure: { kind: 'RemoveInfo', objectId: { kind: 'ConnectionId', value: 'ID:2' } } } },
    ])
  })

  test('carry expired and dead messages without their bodies', () => {
    const { service, region } = listener('ActiveMQ.Advisory.Expired.>,ActiveMQ.Advisory.MessageDLQd.Queue.A')
    const message = StoredMessage.scan(storedFormOf(textMessage()))
    service.advisories.messageExpired(message, queueA)
    service.advisories.messageDeadLettered(message, queueA, 'why')
    service.advisories.flush()
    expect(published(region)).toMatchObject([
      { message: { dataStructure: { kind: 'ActiveMQTextMessage', content: null, timestamp: 1_700_000_000_000 } } },
      { message: { dataStructure: { kind: 'ActiveMQTextMessage', content: null } } },
    ])
  })

  test('are not about advisory topics', () => {
    const { service, region } = listener('>')
    published(region)
    service.advisories.destinationAdded({ kind: 'topic', name: 'ActiveMQ.Advisory.Queue' }, null)
    service.advisories.flush()
    expect(region.published).toEqual([])
  })

  test('are published at the end of the task when no command asks for them', async () => {
    const { service, region } = listener('ActiveMQ.Advisory.MasterBroker')
    service.advisories.becameActive()
    expect(region.published).toEqual([])
    await Promise.resolve()
    expect(region.published).toHaveLength(1)
  })
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
