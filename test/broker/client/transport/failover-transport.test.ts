import { describe, expect, test } from '@jest/globals'
import { silentLogger } from '../../../../broker/base/logger.ts'
import { ManualClock } from '../../../../broker/base/manual-clock.ts'
import { seededRandom } from '../../../../broker/base/random.ts'
import {
  buildAcknowledgement,
  buildConnectionInfo,
  buildConsumerInfo,
  buildFaultTolerantControl,
  buildProducerInfo,
  buildPull,
  buildRemoveInfo,
  buildSessionInfo,
  buildShutdownInfo,
  buildTransactionInfo,
} from '../../../../broker/openwire/build-commands.ts'
import { FailoverTransport } from '../../../../broker/client/transport/failover-transport.ts'
import { buildMessageCommand } from '../../../../broker/client/message.ts'
import { parseBrokerUrl } from '../../../../broker/client/transport/parse-broker-url.ts'
import type { Command } from '../../../../broker/wire/openwire/commands.ts'
import { FakeNetwork, settle } from './fake-network.ts'

const connectionId = 'ID:test-1:1'
const consumerId = { kind: 'ConsumerId', connectionId, sessionId: 1, value: 1 } as const
const producerId = { kind: 'ProducerId', connectionId, sessionId: 1, value: 1 } as const
const queue = { kind: 'ActiveMQQueue', physicalName: 'Q' } as const
const transactionId = {
  kind: 'LocalTransactionId',
  value: 1,
  connectionId: { kind: 'ConnectionId', value: connectionId },
} as const

const connectionInfo = buildConnectionInfo({
  connectionId,
  clientId: 'c',
  userName: null,
  password: null,
  faultTolerant: true,
})

const numbered = <T extends Command>(command: T, commandId: number, responseRequired = true): T => ({
  ...command,
  commandId,
  responseRequired,
})

const message = (sequence: number, transacted = false): Command =>
  buildMessageCommand(
    { body: `m${sequence}` },
    {
      producerId,
      sequence,
      destination: { kind: 'queue', name: 'Q' },
      transactionId: transacted ? transactionId : null,
      persistent: true,
      priority: 4,
      expiration: 0,
      timestamp: 0,
      compress: false,
    },
  )

const response = (correlationId: number): Command => ({
  kind: 'Response',
  commandId: 0,
  responseRequired: false,
  correlationId,
})

function world(query = '', hosts = ['a', 'b'], lists: Record<string, string> = {}) {
  const clock = new ManualClock()
  const network = new FakeNetwork()
  const url = parseBrokerUrl(`failover:(${hosts.map((host) => `tcp://${host}:1`).join(',')})?randomize=false&${query}`)
  const transport = new FailoverTransport(url, url.failover!, {
    clock,
    random: seededRandom(1),
    logger: silentLogger,
    dial: network.dial,
    loadUriList: async (location) => lists[location] ?? '',
  })
  const events: string[] = []
  const received: Command[] = []
  const connected = transport.connect({
    command: (command) => void received.push(command),
    interrupted: (uri) => void events.push(`interrupted ${uri}`),
    resumed: (uri) => void events.push(`resumed ${uri}`),
    failed: (error) => void events.push(`failed ${error.message}`),
  })
  connected.catch(() => {})
  return { clock, network, transport, events, received, connected }
}

/** Connected to `a`, with a session, a producer and a consumer. */
async function established(query = '', hosts = ['a', 'b']) {
  const all = world(query, hosts)
  all.network.up.add('a')
  await all.connected
  await all.transport.send(numbered(connectionInfo, 1))
  await all.transport.send(numbered(buildSessionInfo(connectionId, 1), 2, false))
  await all.transport.send(numbered(buildProducerInfo(producerId, queue), 3))
  await all.transport.send(numbered(buildConsumerInfo({ consumerId, destination: queue, prefetchSize: 10 }), 4))
  return all
}

describe('finding a broker', () => {
  test('goes round the list with growing pauses until one answers', async () => {
    const { clock, network, connected } = world()
    await settle()
    expect(network.dialled).toEqual(['a', 'b'])
    clock.advance(9)
    await settle()
    expect(network.channels).toHaveLength(2)
    clock.advance(1)
    await settle()
    expect(network.channels).toHaveLength(4)
    network.up.add('b')
    clock.advance(20)
    await connected
    expect(network.dialled).toEqual(['a', 'b', 'a', 'b', 'a', 'b'])
  })

  test('gives up after startupMaxReconnectAttempts rounds', async () => {
    const { clock, network, connected } = world('startupMaxReconnectAttempts=2')
    await settle()
    clock.advance(10)
    await expect(connected).rejects.toThrow('cut')
    expect(network.channels).toHaveLength(4)
    expect(clock.pendingTimers).toBe(0)
  })

  test('gives up after maxReconnectAttempts rounds when a connection is lost', async () => {
    const { network, events } = await established('maxReconnectAttempts=0', ['a'])
    network.up.clear()
    network.last.cut()
    await settle()
    expect(events).toEqual(['interrupted tcp://a:1', 'failed cut'])
  })

  test('reads the list from updateURIsURL before each round', async () => {
    const lists: Record<string, string> = { '/list': 'tcp://x:1' }
    const { clock, network } = world('updateURIsURL=/list', ['a'], lists)
    await settle()
    expect(network.dialled).toEqual(['x', 'a'])
    lists['/list'] = 'tcp://y:1'
    clock.advance(10)
    await settle()
    expect(network.dialled.slice(2)).toEqual(['y', 'a'])
  })

  test('a closed transport stops looking', async () => {
    const { clock, network, transport, connected } = world()
    await settle()
    transport.close()
    await expect(connected).rejects.toThrow('The transport is closed')
    clock.advance(60_000)
    await settle()
    expect(network.channels).toHaveLength(2)
    await expect(transport.send(connectionInfo)).rejects.toThrow('Cannot send ConnectionInfo: the transport is closed')
  })
})

describe('after a lost connection', () => {
  test('the lost broker is tried last, and the state is told in order', async () => {
    const { network, events } = await established()
    network.up.add('b')
    network.last.cut()
    await settle()
    expect(events).toEqual(['interrupted tcp://a:1', 'resumed tcp://b:1'])
    expect(
      network.last.sent.map((command) => `${command.kind} ${'commandId' in command ? command.commandId : ''}`),
    ).toEqual([
      'ConnectionControl 0',
      'ConnectionInfo 1',
      'SessionInfo 0',
      'SessionInfo 2',
      'ProducerInfo 3',
      'ConsumerInfo 4',
      'ConsumerControl 0',
    ])
    expect(network.last.sent[1]).toMatchObject({ failoverReconnect: true, connectionId: { value: connectionId } })
    expect(network.last.sent[5]).toMatchObject({ prefetchSize: 0 })
    expect(network.last.sent[6]).toMatchObject({ prefetch: 10 })
  })

  test('requests without answer are sent again with their numbers, answered ones are not', async () => {
    const { network, transport } = await established()
    await transport.send(numbered(message(1), 5))
    await transport.send(numbered(message(2), 6))
    network.last.receive(response(5))
    network.up.add('b')
    network.last.cut()
    await settle()
    const repeated = network.last.sent.filter(({ kind }) => kind === 'ActiveMQTextMessage')
    expect(repeated).toMatchObject([{ commandId: 6, responseRequired: true, messageId: { producerSequenceId: 2 } }])
  })

  test('an open transaction is told again with its sends; its producer too, if it was closed', async () => {
    const { network, transport } = await established()
    await transport.send(numbered(buildTransactionInfo(connectionId, transactionId, 0), 5, false))
    await transport.send(numbered(message(1, true), 6, false))
    await transport.send(numbered(buildRemoveInfo(producerId), 7, false))
    network.up.add('b')
    network.last.cut()
    await settle()
    expect(network.last.kinds.slice(4)).toEqual([
      'ConsumerInfo',
      'ProducerInfo',
      'TransactionInfo',
      'ActiveMQTextMessage',
      'RemoveInfo',
      'ConsumerControl',
    ])
  })

  test('a commit on its way is in doubt', async () => {
    const { network, transport, received } = await established()
    await transport.send(numbered(buildTransactionInfo(connectionId, transactionId, 0), 5, false))
    await transport.send(numbered(message(1, true), 6, false))
    await transport.send(numbered(buildTransactionInfo(connectionId, transactionId, 2), 7))
    network.up.add('b')
    network.last.cut()
    await settle()
    expect(network.last.kinds).not.toContain('TransactionInfo')
    expect(received).toMatchObject([
      {
        kind: 'ExceptionResponse',
        correlationId: 7,
        exception: {
          className: 'javax.jms.TransactionRolledBackException',
          message: expect.stringContaining('completion in doubt'),
        },
      },
    ])
  })

  test('a committed transaction is forgotten', async () => {
    const { network, transport } = await established()
    await transport.send(numbered(buildTransactionInfo(connectionId, transactionId, 0), 5, false))
    await transport.send(numbered(buildTransactionInfo(connectionId, transactionId, 2), 6))
    network.last.receive(response(6))
    network.up.add('b')
    network.last.cut()
    await settle()
    expect(network.last.kinds).not.toContain('TransactionInfo')
  })

  test.each([
    [true, ['m1']],
    [false, []],
  ])('asynchronous sends come again with trackMessages=%p', async (trackMessages, expected) => {
    const { network, transport } = await established(`trackMessages=${trackMessages}`)
    await transport.send(numbered(message(1), 5, false))
    network.up.add('b')
    network.last.cut()
    await settle()
    const texts = network.last.sent.flatMap((command) =>
      'content' in command ? [command.content!.toString('latin1', 4)] : [],
    )
    expect(texts).toEqual(expected)
  })

  test('a request that is too large for the next broker is refused, and the connection stands', async () => {
    const { network, transport, events, received } = await established()
    await transport.send(numbered(message(1), 5))
    network.up.add('b')
    network.tooLarge.add('ActiveMQTextMessage')
    network.last.cut()
    await settle()
    expect(events).toEqual(['interrupted tcp://a:1', 'resumed tcp://b:1'])
    expect(network.dialled).toEqual(['a', 'b'])
    expect(received).toMatchObject([
      { kind: 'ExceptionResponse', correlationId: 5, exception: { message: expect.stringContaining('too large') } },
    ])
    network.tooLarge.clear()
    network.last.cut()
    await settle()
    expect(network.last.kinds).not.toContain('ActiveMQTextMessage')
  })

  test('a transaction with a send that is too large for the next broker is rolled back there', async () => {
    const { network, transport, events, received } = await established()
    await transport.send(numbered(buildTransactionInfo(connectionId, transactionId, 0), 5, false))
    await transport.send(numbered(message(1, true), 6, false))
    await transport.send(numbered(message(2, true), 7))
    network.up.add('b')
    network.tooLarge.add('ActiveMQTextMessage')
    network.last.cut()
    await settle()
    expect(events).toEqual(['interrupted tcp://a:1', 'resumed tcp://b:1'])
    expect(network.last.sent.slice(-3)).toMatchObject([
      { kind: 'TransactionInfo', type: 0, transactionId },
      { kind: 'TransactionInfo', type: 4, transactionId },
      { kind: 'ConsumerControl' },
    ])
    expect(received).toMatchObject([
      { kind: 'ConnectionError', exception: { message: expect.stringContaining('too large') } },
      { kind: 'ExceptionResponse', correlationId: 7 },
    ])
  })

  test('a pull that waits for ever is told again, unless it was answered', async () => {
    const { network, transport } = await established()
    await transport.send(numbered(buildPull(consumerId, queue, 0), 5, false))
    network.up.add('b')
    network.last.cut()
    await settle()
    expect(network.last.kinds).toContain('MessagePull')
    network.last.receive({
      kind: 'MessageDispatch',
      commandId: 0,
      responseRequired: false,
      consumerId,
      destination: null,
      message: null,
      redeliveryCounter: 0,
    })
    network.last.cut()
    await settle()
    expect(network.last.kinds).not.toContain('MessagePull')
  })
})

describe('while there is no connection', () => {
  async function disconnected(query = '') {
    const all = await established(query)
    all.network.up.clear()
    all.network.last.cut()
    await settle()
    return all
  }

  test('sends wait in order', async () => {
    const { clock, network, transport } = await disconnected()
    const sends = [transport.send(numbered(message(1), 5)), transport.send(numbered(message(2), 6, false))]
    network.up.add('b')
    clock.advance(10)
    await Promise.all(sends)
    expect(network.last.sent.slice(-2)).toMatchObject([{ commandId: 5 }, { commandId: 6 }])
  })

  test('a send that waited and is too large is refused alone', async () => {
    const { clock, network, transport } = await disconnected()
    const large = transport.send(numbered(message(1), 5))
    const small = transport.send(numbered(buildSessionInfo(connectionId, 2), 6, false))
    network.up.add('b')
    network.tooLarge.add('ActiveMQTextMessage')
    clock.advance(10)
    await expect(large).rejects.toThrow('too large')
    await small
    expect(network.last.sent.slice(-1)).toMatchObject([{ commandId: 6 }])
  })

  test('acknowledgements and removals are swallowed and answered', async () => {
    const { clock, network, transport, received } = await disconnected()
    const ack = buildAcknowledgement({
      type: 2,
      consumerId,
      destination: queue,
      transactionId: null,
      first: null,
      last: null,
      count: 1,
    })
    await transport.send(numbered(ack, 5))
    await transport.send(numbered(buildRemoveInfo(consumerId), 6, false))
    await transport.send(numbered(buildShutdownInfo(), 7, false))
    await transport.send(numbered(buildPull(consumerId, queue, 100), 8, false))
    await settle()
    expect(received).toMatchObject([
      { kind: 'Response', correlationId: 5 },
      { kind: 'MessageDispatch', message: null, consumerId },
    ])
    network.up.add('b')
    clock.advance(10)
    await settle()
    expect(network.last.kinds).toEqual([
      'ConnectionControl',
      'ConnectionInfo',
      'SessionInfo',
      'SessionInfo',
      'ProducerInfo',
    ])
  })

  test('sends fail after the failover timeout', async () => {
    const { clock, network, transport } = await disconnected('timeout=100')
    const send = transport.send(numbered(message(1), 5))
    clock.advance(100)
    await expect(send).rejects.toThrow('Failover timeout of 100 ms reached')
    network.up.add('b')
    clock.advance(10_000)
    await settle()
    expect(network.last.kinds).not.toContain('ActiveMQTextMessage')
  })
})

describe('what a broker says about its cluster', () => {
  const control = (fields: Partial<Command>): Command => ({ ...buildFaultTolerantControl(), ...fields }) as Command

  test('announced brokers are tried first', async () => {
    const { network } = await established()
    network.last.receive(control({ connectedBrokers: 'tcp://c:1,amqp://ignored:2,tcp://a:1' }))
    network.up.add('c')
    network.last.cut()
    await settle()
    expect(network.last.endpoint.uri).toBe('tcp://c:1')
  })

  test('rebalancing moves to the first of the list', async () => {
    const { network, events } = await established()
    network.up.add('c')
    network.last.receive(control({ connectedBrokers: 'tcp://c:1,tcp://a:1', rebalanceConnection: true }))
    await settle()
    expect(events).toEqual(['interrupted tcp://a:1', 'resumed tcp://c:1'])
    expect(network.channels[0]!.closed).toBe(true)
  })

  test('rebalancing to where we are changes nothing', async () => {
    const { events, network } = await established()
    network.last.receive(control({ connectedBrokers: 'tcp://a:1,tcp://c:1', rebalanceConnection: true }))
    await settle()
    expect(events).toEqual([])
  })

  test('reconnectTo moves there', async () => {
    const { network, events } = await established()
    network.up.add('d')
    network.last.receive(control({ reconnectTo: 'tcp://d:1' }))
    await settle()
    expect(events).toEqual(['interrupted tcp://a:1', 'resumed tcp://d:1'])
  })

  test('none of it when the options forbid it', async () => {
    const { network, events } = await established('updateURIsSupported=false&reconnectSupported=false')
    network.last.receive(
      control({ connectedBrokers: 'tcp://c:1', rebalanceConnection: true, reconnectTo: 'tcp://d:1' }),
    )
    await settle()
    expect(events).toEqual([])
  })

  test('wrong credentials end it for good', async () => {
    const { network, events } = await established()
    network.last.receive({
      kind: 'ExceptionResponse',
      commandId: 0,
      responseRequired: false,
      correlationId: 1,
      exception: {
        className: 'java.lang.SecurityException',
        message: 'User name [x] or password is invalid.',
        stackTrace: [],
        cause: null,
      },
    })
    await settle()
    expect(events).toEqual(['failed User name [x] or password is invalid.'])
  })
})

describe('spare connections', () => {
  test('backup keeps one open and takes it when the connection is lost', async () => {
    const { network, events, connected } = world('backup=true', ['a', 'b', 'c'])
    network.up.add('a').add('b').add('c')
    await connected
    await settle()
    expect(network.dialled).toEqual(['a', 'b'])
    expect(network.channels[1]!.sent).toEqual([])
    network.channels[0]!.cut()
    await settle()
    expect(events.at(-1)).toBe('resumed tcp://b:1')
    expect(network.channels[1]!.kinds).toEqual(['ConnectionControl'])
    // The next spare.
    expect(network.dialled.slice(2)).toEqual(['a'])
  })

  test('priorityBackup returns to the first broker when it is back', async () => {
    const { clock, network, events } = await established('priorityBackup=true')
    network.up.clear()
    network.up.add('b')
    network.last.cut()
    await settle()
    expect(events.at(-1)).toBe('resumed tcp://b:1')
    network.up.add('a')
    clock.advance(1000)
    await settle()
    expect(events.slice(-2)).toEqual(['interrupted tcp://b:1', 'resumed tcp://a:1'])
  })
})
