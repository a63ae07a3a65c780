// Strangers cannot hurt (docs/reliability.md): the short form of the campaigns, and what they and thinking about them found,
// each as a scenario.
import { describe, expect, jest, test } from '@jest/globals'
import { connectionLimits } from '../../../broker/region/limits.ts'
import { outboundHighWaterBytes } from '../../../broker/session/limits.ts'
import {
  incompleteFrameTimeoutMs,
  maxAnnouncedBytesPerSocket,
  maxCommandBytes,
  maxConnectionsPerSocket,
  maxSessionsPerConnection,
} from '../../../broker/session/openwire/limits.ts'
import { transactionLimits } from '../../../broker/transaction/limits.ts'
import type { Command, DataStructure } from '../../../broker/wire/openwire/commands.ts'
import { maxStructuresPerFrame } from '../../../broker/wire/openwire/limits.ts'
import type { WireFormatOptions } from '../../../broker/wire/openwire/wire-format.ts'
import { recordedFrames } from '../../reliability/recorded-frames.ts'
import { runCampaign, type Encoding } from '../../reliability/strangers.ts'
import { settle } from '../../reliability/janitor.ts'
import { Peer, StrangerWorld } from '../../reliability/stranger-world.ts'
import { connectionId, connectionInfo } from '../session/openwire/session-harness.ts'
import {
  consumerInfo,
  destinationInfo,
  messageAck,
  messagePull,
  producerId,
  producerInfo,
  queue,
  removeInfo,
  sessionInfo,
  textMessage,
  transactionInfo,
} from '../session/openwire/test-commands.ts'

const id = (value: string) => ({ kind: 'ConnectionId', value }) as const
const topic = { kind: 'ActiveMQTopic', physicalName: 'T' } as const

/** A client with a session, whose answers are in `received`. */
function client(world: StrangerWorld, options: Partial<WireFormatOptions> = {}, own = connectionId): Peer {
  const formats = { tightEncodingEnabled: false, cacheEnabled: false, ...options }
  const peer = new Peer(world, { ...formats, maxFrameSize: 2 ** 26 }, true)
  peer.negotiate({ maxInactivityDurationMs: 0, ...formats })
  peer.send(connectionInfo({ connectionId: id(own), clientId: own }), {
    ...sessionInfo(),
    sessionId: { kind: 'SessionId', connectionId: own, value: 1 },
  })
  peer.received.length = 0
  return peer
}

/** What the client was told of a command that was refused. */
function refusals(peer: Peer): string[] {
  return peer.received
    .splice(0)
    .flatMap((command) =>
      command.kind === 'ExceptionResponse' || command.kind === 'ConnectionError'
        ? (command.exception?.message ?? '')
        : [],
    )
}

const consumer = (value: number) => ({ kind: 'ConsumerId', connectionId, sessionId: 1, value }) as const
const dispatched = (peer: Peer): number => peer.received.filter(({ kind }) => kind === 'MessageDispatch').length

describe('random, mutated and truncated frames', () => {
  const seed = Date.now() % 2 ** 31
  test.each<Encoding>(['loose', 'tight'])(
    `end in answers and closed connections: %s (seed ${seed})`,
    async (encoding) => {
      const frames = 8000
      const result = await runCampaign({ encoding, frames, seed, recorded: recordedFrames(encoding) })
      expect(result.frames).toBeGreaterThanOrEqual(frames)
      expect(result.honestMessages).toBeGreaterThan(0)
    },
  )
})

describe('limits of one connection', () => {
  /** Sends until something is refused or the connection is closed; tells how many were accepted and which limit it was. */
  function flood(
    world: StrangerWorld,
    peer: Peer,
    most: number,
    build: (index: number) => DataStructure,
  ): [number, string[]] {
    for (let index = 1; index <= most; index++) {
      peer.send(build(index))
      if (world.limits.totals.size > 0) return [index - 1, [...world.limits.totals.keys()]]
    }
    return [most, []]
  }

  const cases: [string, number, string, (index: number) => Command][] = [
    [
      'consumers',
      connectionLimits.maximumConsumersPerConnection,
      'maximumConsumersPerConnection',
      (index) => consumerInfo({ consumerId: consumer(index) }),
    ],
    [
      'producers',
      connectionLimits.maximumProducersPerConnection,
      'maximumProducersPerConnection',
      (index) => producerInfo({ producerId: { ...producerId, value: index } }),
    ],
    ['sessions', maxSessionsPerConnection - 1, 'maxSessionsPerConnection', (index) => sessionInfo(index + 1)],
    [
      'temporary destinations',
      connectionLimits.maximumTemporaryDestinationsPerConnection,
      'maximumTemporaryDestinationsPerConnection',
      (index) =>
        destinationInfo(0, { destination: { kind: 'ActiveMQTempQueue', physicalName: `${connectionId}:${index}` } }),
    ],
    [
      'open transactions',
      transactionLimits.maximumOpenTransactionsPerConnection,
      'maximumOpenTransactionsPerConnection',
      (index) =>
        transactionInfo(0, {
          transactionId: { kind: 'LocalTransactionId', value: index, connectionId: id(connectionId) },
        }),
    ],
    [
      'connections on one socket',
      maxConnectionsPerSocket - 1,
      'maxConnectionsPerSocket',
      (index) => connectionInfo({ connectionId: id(`ID:${index}`), clientId: `${index}` }),
    ],
  ]

  test.each(cases)('%s', async (_what, limit, name, build) => {
    const world = await StrangerWorld.start()
    const peer = client(world)
    expect(flood(world, peer, limit + 1, build)).toEqual([limit, [name]])
    expect(refusals(peer)).toHaveLength(1)
    expect(world.warnings.get('A client reached a limit')).toBe(1)
    expect(peer.closed).toBe(false)
  })

  test('what is announced counts by its bytes: a few large consumers are as bad as many small ones', async () => {
    const world = await StrangerWorld.start()
    const peer = client(world)
    const brokerPath = Array.from({ length: 3 }, () => ({ kind: 'BrokerId', value: 'x'.repeat(60_000) }) as const)
    const [accepted, limits] = flood(world, peer, 200, (index) =>
      consumerInfo({ consumerId: consumer(index), brokerPath }),
    )
    expect(limits).toEqual(['maxAnnouncedBytesPerSocket'])
    expect(accepted).toBe(Math.floor(maxAnnouncedBytesPerSocket / 180_000) - (accepted < 93 ? 1 : 0))
    // Room comes back with what is taken back.
    peer.send(removeInfo(consumer(1)))
    refusals(peer)
    peer.send(consumerInfo({ consumerId: consumer(1000), brokerPath }))
    expect(refusals(peer)).toEqual([])
  })
})

describe('what belongs to another', () => {
  test('a temporary destination under the name of another connection is not created', async () => {
    const world = await StrangerWorld.start()
    const peer = client(world)
    const destination = { kind: 'ActiveMQTempQueue', physicalName: 'ID:victim:1:1' } as const
    peer.send(destinationInfo(0, { destination }))
    expect(refusals(peer)).toEqual([expect.stringContaining(`does not begin with '${connectionId}:'`)])
    expect(world.region.destinations()).toEqual([])
    peer.send(destinationInfo(0))
    expect(refusals(peer)).toEqual([])
    expect(world.region.destinations()).toHaveLength(1)
  })

  test('a live connection is not taken over by another client', async () => {
    const world = await StrangerWorld.start()
    const victim = client(world)
    const thief = client(world, {}, 'ID:thief:1')
    thief.send(connectionInfo({ clientId: 'thief-2' }))
    expect(refusals(thief)).toEqual([expect.stringContaining('belongs to another client')])
    expect(victim.closed).toBe(false)
  })

  test('acknowledgements, transactions and removals of another are refused', async () => {
    const world = await StrangerWorld.start()
    const victim = client(world)
    victim.send(consumerInfo(), transactionInfo(0))
    const thief = client(world, {}, 'ID:thief:1')
    thief.send(messageAck(), transactionInfo(2), removeInfo(consumer(1)), removeInfo(id(connectionId)), messagePull(0))
    const told = refusals(thief)
    expect(told).toHaveLength(5)
    for (const text of told) expect(text).toContain('had not been registered on this socket')
    victim.send(transactionInfo(2), removeInfo(consumer(1)))
    expect(refusals(victim)).toEqual([])
  })
})

describe('a message that would end the connection of whoever gets it is refused to its sender', () => {
  const marker = 'a string with marks'

  const damaged: [string, Command, (frame: Buffer) => void][] = [
    [
      'a string that is not UTF-8',
      textMessage({ correlationId: marker }),
      (frame) => void (frame[frame.indexOf(marker)] = 0xff),
    ],
    [
      'a target consumer that is no consumer',
      textMessage({ targetConsumerId: { ...consumer(1), connectionId: marker } }),
      // From ConsumerId to ProducerId, which is as long.
      (frame) => void (frame[frame.indexOf(marker) - 4] = 123),
    ],
  ]

  test('a structure that only newer clients know', async () => {
    const world = await StrangerWorld.start()
    const peer = client(world)
    const dataStructure = {
      kind: 'BrokerSubscriptionInfo',
      commandId: 0,
      responseRequired: false,
      brokerId: null,
      brokerName: null,
      subscriptionInfos: null,
    } as const
    peer.send(producerInfo(), textMessage({ dataStructure }))
    expect(refusals(peer)).toEqual([expect.stringContaining('dataStructure')])
  })

  test.each(damaged)('%s', async (_what, message, damage) => {
    const world = await StrangerWorld.start()
    const reader = client(world, {}, 'ID:reader:1')
    reader.send(consumerInfo({ consumerId: { ...consumer(1), connectionId: 'ID:reader:1' } }))
    const peer = client(world)
    peer.send(producerInfo())
    const frame = Buffer.from(peer.codec.encode(message))
    damage(frame)
    peer.session.receive(frame)
    await settle()
    expect(refusals(peer)).toHaveLength(1)
    expect(dispatched(reader)).toBe(0)
    expect(world.errors).toEqual([])
    peer.send(message)
    await settle()
    expect(dispatched(reader)).toBe(1)
  })
})

describe('what cannot be encoded', () => {
  /** Loose strings may be longer than tight ones. */
  const unsendable = textMessage({ type: 'x'.repeat(40_000) })

  test('a message that its consumer cannot be sent goes to the dead letters, its producer notices nothing', async () => {
    const world = await StrangerWorld.start()
    const reader = client(world, { tightEncodingEnabled: true }, 'ID:reader:1')
    reader.send(consumerInfo({ consumerId: { ...consumer(1), connectionId: 'ID:reader:1' } }))
    const producer = client(world)
    producer.send(producerInfo(), unsendable)
    await settle()
    producer.send(
      textMessage({
        messageId: { kind: 'MessageId', textView: null, producerId, producerSequenceId: 2, brokerSequenceId: 0 },
      }),
    )
    await settle()
    expect(refusals(producer)).toEqual([])
    expect(producer.closed).toBe(false)
    expect(reader.closed).toBe(false)
    expect(dispatched(reader)).toBe(1)
    const sizes = Object.fromEntries(world.region.statistics().map(({ name, size }) => [name, size]))
    expect(sizes).toEqual({ Q: 1, 'ActiveMQ.DLQ': 1 })
    expect(world.errors).toEqual([])
  })

  test('with the cache on the connection is closed: both sides would remember different things', async () => {
    const world = await StrangerWorld.start()
    const reader = client(world, { tightEncodingEnabled: true, cacheEnabled: true }, 'ID:reader:1')
    reader.send(consumerInfo({ consumerId: { ...consumer(1), connectionId: 'ID:reader:1' } }))
    const producer = client(world)
    producer.send(producerInfo(), unsendable)
    await settle()
    expect(reader.closed).toBe(true)
    expect(producer.closed).toBe(false)
    expect(refusals(producer)).toEqual([])
    expect(world.registry.size).toBe(1)
  })

  test('an answer that cannot be encoded closes the connection', async () => {
    const world = await StrangerWorld.start()
    const peer = client(world, { tightEncodingEnabled: true, cacheEnabled: true })
    peer.send({
      kind: 'RemoveSubscriptionInfo',
      commandId: 9,
      responseRequired: true,
      connectionId: id(connectionId),
      clientId: 'x'.repeat(20_000),
      subscriptionName: 'y'.repeat(20_000),
    })
    await settle()
    expect(peer.closed).toBe(true)
    expect(world.errors).toEqual([])
  })
})

describe('a client that never reads', () => {
  const body = Buffer.alloc(2 ** 18)
  const flood = (world: StrangerWorld, count: number, destination: DataStructure): Peer => {
    const producer = client(world, {}, 'ID:producer:1')
    const own = { ...producerId, connectionId: 'ID:producer:1' }
    producer.send(producerInfo({ producerId: own, destination: null }))
    for (let sequence = 1; sequence <= count; sequence++)
      producer.send(
        textMessage({
          producerId: own,
          destination: destination as typeof queue,
          persistent: false,
          content: body,
          messageId: {
            kind: 'MessageId',
            textView: null,
            producerId: own,
            producerSequenceId: sequence,
            brokerSequenceId: 0,
          },
        }),
      )
    return producer
  }

  test('loses topic messages instead of taking the memory of others, and is dropped in the end', async () => {
    const world = await StrangerWorld.start(2 ** 24)
    const stuck = client(world)
    stuck.send(consumerInfo({ destination: topic, prefetchSize: 2 ** 31 - 1 }))
    stuck.takesBytes = false
    const reader = client(world, {}, 'ID:reader:1')
    reader.send(consumerInfo({ consumerId: { ...consumer(1), connectionId: 'ID:reader:1' }, destination: topic }))
    reader.received.length = 0
    const producer = flood(world, 150, topic)
    await settle()
    expect(dispatched(reader)).toBe(150)
    expect(refusals(producer)).toEqual([])
    expect(stuck.untakenBytes).toBeLessThan(outboundHighWaterBytes + 2 * body.length)
    const { used, limit, blockedConnections } = world.region.memory()
    expect(used).toBeLessThanOrEqual(limit / 2)
    expect(blockedConnections).toBe(0)
    expect(world.limits.totals.get('congestedTopicMemoryShare')).toBeGreaterThan(100)
    world.clock.advance(200_000)
    expect(stuck.closed).toBe(true)
    expect(world.limits.totals.get('outboundStallTimeoutMs')).toBe(1)
    expect(world.region.memory().used).toBe(0)
  })

  test('leaves the messages of a queue to those who read, however much it asked for', async () => {
    const world = await StrangerWorld.start()
    const stuck = client(world)
    stuck.takesBytes = false
    stuck.send(consumerInfo({ prefetchSize: 2 ** 31 - 1 }))
    const reader = client(world, {}, 'ID:reader:1')
    reader.send(consumerInfo({ consumerId: { ...consumer(1), connectionId: 'ID:reader:1' } }))
    reader.received.length = 0
    flood(world, 20, queue)
    await settle()
    expect(dispatched(reader)).toBeGreaterThanOrEqual(14)
  })

  test('gets what waited once it reads again', async () => {
    const world = await StrangerWorld.start()
    const peer = client(world)
    peer.send(consumerInfo())
    peer.received.length = 0
    peer.takesBytes = false
    flood(world, 10, queue)
    await settle()
    expect(dispatched(peer)).toBeLessThan(10)
    peer.takesBytes = true
    for (let round = 0; round < 10; round++) {
      peer.untakenBytes = 0
      peer.session.drained()
    }
    expect(dispatched(peer)).toBe(10)
    expect(peer.reading).toBe(true)
  })
})

describe('frames that are meant to be expensive', () => {
  test('a length of 2 GB closes the connection at once', async () => {
    const world = await StrangerWorld.start()
    const peer = client(world)
    peer.session.receive(Buffer.from([0x7f, 0xff, 0xff, 0xff, 23]))
    expect(peer.closed).toBe(true)
    expect(world.limits.totals.get('maxFrameSize')).toBe(1)
  })

  test('a frame that comes byte by byte is given up; one that comes slowly but surely is not', async () => {
    const world = await StrangerWorld.start()
    const slow = client(world, {}, 'ID:slow:1')
    slow.session.receive(Buffer.from([1, 0, 0, 0]))
    const peer = client(world)
    peer.session.receive(Buffer.from([1, 0, 0, 0]))
    for (let second = 0; second * 1000 <= 2 * incompleteFrameTimeoutMs; second++) {
      peer.session.receive(Buffer.from([0]))
      slow.session.receive(Buffer.alloc(20_000))
      world.clock.advance(1000)
    }
    expect(peer.closed).toBe(true)
    expect(slow.closed).toBe(false)
    expect(world.limits.totals.get('incompleteFrameTimeoutMs')).toBe(1)
  })

  test('a command of many kilobytes that is no message closes the connection', async () => {
    const world = await StrangerWorld.start()
    const peer = client(world)
    const brokerPath = Array.from({ length: 5 }, () => ({ kind: 'BrokerId', value: 'x'.repeat(60_000) }) as const)
    peer.send(consumerInfo({ brokerPath }))
    expect(peer.closed).toBe(true)
    expect(world.limits.totals.get('maxCommandBytes')).toBe(1)
    expect(5 * 60_000).toBeGreaterThan(maxCommandBytes)
  })

  test('arrays of arrays of nothing close the connection before they are made', async () => {
    const world = await StrangerWorld.start()
    const peer = client(world)
    const nothing = {
      kind: 'DataArrayResponse',
      commandId: 0,
      responseRequired: false,
      correlationId: 0,
      data: Array.from({ length: 32_767 }, () => null),
    } as const
    peer.send({ ...nothing, data: [nothing, nothing, nothing] })
    expect(peer.closed).toBe(true)
    expect(world.limits.totals.get('maxStructuresPerFrame')).toBe(1)
    expect(3 * 32_767).toBeGreaterThan(maxStructuresPerFrame)
  })

  test('a compressed body that expands a thousandfold is passed on as it is', async () => {
    const world = await StrangerWorld.start()
    const peer = client(world)
    const { deflateSync } = await import('node:zlib')
    const content = deflateSync(Buffer.alloc(100 * 2 ** 20))
    peer.send(consumerInfo(), producerInfo(), textMessage({ compressed: true, content, persistent: false }))
    await settle()
    const dispatch = peer.received.find(({ kind }) => kind === 'MessageDispatch')
    expect(dispatch).toMatchObject({ message: { compressed: true } })
    expect(world.region.memory().used).toBe(1024 + content.length)
  })

  test('commands that take long are carried out in turns with those of others', async () => {
    const world = await StrangerWorld.start()
    const peer = client(world)
    let nowMs = 0
    // Each look at the clock finds 15 ms gone.
    jest.spyOn(world.clock, 'monotonicMs').mockImplementation(() => (nowMs += 15))
    peer.send(
      ...Array.from({ length: 40 }, (_, index) => producerInfo({ producerId: { ...producerId, value: index } })),
    )
    expect(peer.received.length).toBeLessThan(40)
    expect(peer.reading).toBe(false)
    world.clock.advance(1)
    expect(peer.received).toHaveLength(40)
    expect(peer.reading).toBe(true)
    expect(world.limits.totals.get('maxTurnMs')).toBeGreaterThan(0)
  })
})
