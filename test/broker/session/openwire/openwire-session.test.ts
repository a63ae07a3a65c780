import { describe, expect, test } from '@jest/globals'
import { RefusalError } from '../../../../broker/base/errors.ts'
import { StoredMessage } from '../../../../broker/message/stored-message.ts'
import { outboundHighWaterBytes, outboundStallTimeoutMs } from '../../../../broker/session/limits.ts'
import { maxBufferedBytesBeforeConnection } from '../../../../broker/session/openwire/limits.ts'
import type { Delivery } from '../../../../broker/region/region.ts'
import { storedFormOf } from '../../../../broker/wire/openwire/stored-form.ts'
import type { Command } from '../../../../broker/wire/openwire/commands.ts'
import { buildService, connectionId, connectionInfo, TestSession } from './session-harness.ts'
import {
  consumerControl,
  consumerId,
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
  transactionId,
  transactionInfo,
} from './test-commands.ts'

const idHex = Buffer.from(connectionId).toString('hex')
const refusal = new RefusalError('INVALID_REQUEST', 'Cannot do it: the test says so')
const kinds = (commands: readonly Command[]): string[] => commands.map(({ kind }) => kind)

/** A connected client with a session, and whatever else. */
function client(...commands: Command[]): { peer: TestSession } & ReturnType<typeof buildService> {
  const parts = buildService()
  const peer = new TestSession(parts.service).connect().receive(sessionInfo(), ...commands)
  peer.takeSent()
  peer.takeHex()
  return { ...parts, peer }
}

function delivery(sequence = 17): Delivery {
  const sent = textMessage()
  const messageId = { ...sent.messageId!, brokerSequenceId: sequence }
  const message = StoredMessage.scan(storedFormOf({ ...sent, messageId }))
  const destination = { kind: 'queue', name: 'Q' } as const
  return { consumerId: `${connectionId}:1:1`, destination, message, sequence, redeliveryCounter: 0 }
}

describe('negotiation', () => {
  test('sends its WireFormatInfo at once and BrokerInfo after the peer has sent one', () => {
    const { service } = buildService()
    const peer = new TestSession(service)
    expect(Buffer.concat(peer.sentBytes).subarray(4, 13).toString('latin1')).toBe('\u0001ActiveMQ')
    peer.negotiate()
    expect(peer.takeSent()).toMatchObject([
      {
        kind: 'BrokerInfo',
        commandId: 0,
        responseRequired: false,
        brokerName: 'localhost',
        brokerURL: 'tcp://test:61616',
      },
    ])
    expect(peer.session.phase).toBe('open')
  })

  test('drops a peer that sends no WireFormatInfo for 30 s', () => {
    const { service, clock } = buildService()
    const peer = new TestSession(service)
    clock.advance(29_999)
    expect(peer.closed).toBeUndefined()
    clock.advance(1)
    expect(peer.closed).toBe('destroyed')
    expect(peer.dropReasons).toEqual(['no WireFormatInfo arrived in 30000 ms'])
  })

  test('drops a peer that does not speak OpenWire', () => {
    const { service } = buildService()
    const peer = new TestSession(service)
    peer.session.receive(Buffer.from('GET / HTTP/1.1\r\n\r\n'))
    expect(peer.closed).toBe('destroyed')
    expect(peer.dropReasons).toHaveLength(1)
  })

  test('drops a peer whose first frame is a command', () => {
    const { service } = buildService()
    const peer = new TestSession(service).receiveHex('0000000c 03 00000001 00 000000000000')
    expect(peer.closed).toBe('destroyed')
  })

  test('ignores a second WireFormatInfo and null commands', () => {
    const { peer } = client()
    peer.receiveHex('00000001 00')
    expect(peer.closed).toBeUndefined()
  })

  test('keeps a half-open backup connection that only sends KeepAliveInfo', () => {
    const { service, clock } = buildService()
    const peer = new TestSession(service).negotiate()
    for (let minute = 0; minute < 10; minute++) {
      clock.advance(20_000)
      peer.receiveHex('00000006 0a 00000000 00')
    }
    expect(peer.closed).toBeUndefined()
  })
})

describe('inactivity', () => {
  test('sends a KeepAliveInfo whenever nothing was sent for a third of the duration', () => {
    const { clock, peer } = client()
    clock.advance(10_000)
    peer.takeHex()
    clock.advance(10_000)
    expect(peer.takeHex()).toBe('000000060a0000000000')
  })

  test('drops a connection that is silent for the negotiated duration', () => {
    const { clock, peer, region } = client()
    clock.advance(10_000)
    expect(peer.closed).toBeUndefined()
    clock.advance(30_000)
    expect(peer.closed).toBe('destroyed')
    expect(region.of('close')).toEqual([[connectionId]])
  })

  test('answers a KeepAliveInfo that wants an answer with one of the same commandId', () => {
    const { peer } = client()
    peer.receiveHex('00000006 0a 00000007 01')
    expect(peer.takeHex()).toBe('000000060a0000000700')
  })
})

describe('connections', () => {
  test('answers ConnectionInfo, and sends ConnectionControl to manageable clients', () => {
    const { service, region } = buildService()
    const peer = new TestSession(service).negotiate()
    peer.takeHex()
    peer.receive(connectionInfo({ commandId: 7 }))
    expect(peer.takeHex()).toBe('0000000a1e000000000000000007')
    peer.receive(
      connectionInfo({
        commandId: 8,
        connectionId: { kind: 'ConnectionId', value: 'ID:2' },
        clientId: 'two',
        manageable: true,
      }),
    )
    expect(kinds(peer.takeSent())).toEqual(['BrokerInfo', 'Response', 'ConnectionControl', 'Response'])
    expect(region.of('connect')).toMatchObject([
      [{ connectionId, clientId: 'client-1', failoverReconnect: false, announcement: { password: '' } }],
      [{ connectionId: 'ID:2', clientId: 'two', failoverReconnect: false, announcement: { password: '' } }],
    ])
  })

  test('refuses a clientId that is taken, answers everything else with that, and closes after 2 s', () => {
    const { service, clock } = buildService()
    new TestSession(service).connect()
    const second = new TestSession(service).negotiate()
    second.takeSent()
    second.receive(connectionInfo({ connectionId: { kind: 'ConnectionId', value: 'ID:other' } }), sessionInfo())
    expect(second.takeSent()).toMatchObject([
      {
        kind: 'ExceptionResponse',
        correlationId: 1,
        exception: {
          className: 'javax.jms.InvalidClientIDException',
          message: 'Broker: localhost - Client: client-1 already connected from tcp://10.0.0.7:51234',
        },
      },
      { kind: 'ConnectionError', exception: { className: 'javax.jms.InvalidClientIDException' } },
    ])
    clock.advance(1999)
    expect(second.closed).toBeUndefined()
    clock.advance(1)
    expect(second.closed).toBe('ended')
  })

  test('a connection that comes back on a new socket takes over from the old one', () => {
    const { service, region } = buildService()
    const old = new TestSession(service).connect()
    const back = new TestSession(service).negotiate()
    back.takeSent()
    back.receive(connectionInfo({ failoverReconnect: true }))
    expect(kinds(back.takeSent())).toEqual(['Response'])
    expect(old.closed).toBe('destroyed')
    expect(region.calls.map(({ method }) => method)).toEqual(['connect', 'close', 'connect'])
    expect(service.registry.size).toBe(1)
  })

  test('the socket that was taken over from does not take the new connection with it', () => {
    const { service } = buildService()
    const old = new TestSession(service).connect()
    new TestSession(service).connect()
    old.session.close()
    expect(service.registry.size).toBe(1)
  })

  test('RemoveInfo of the connection closes everything with what was delivered last, then answers', () => {
    const { peer, region, service } = client(consumerInfo())
    peer.receive(removeInfo({ kind: 'ConnectionId', value: connectionId }, { lastDeliveredSequenceId: 42 }))
    expect(kinds(peer.takeSent())).toEqual(['Response'])
    expect(region.of('removeConsumer')).toEqual([[`${connectionId}:1:1`, 42]])
    expect(region.of('close')).toHaveLength(1)
    expect(service.registry.size).toBe(0)
  })

  test('ShutdownInfo closes the socket without an answer', () => {
    const { peer } = client()
    peer.receiveHex('00000006 0b 00000003 00')
    expect([peer.closed, peer.takeHex()]).toEqual(['ended', ''])
  })

  test('a lost socket takes its connection from the region', () => {
    const { peer, region } = client()
    peer.session.close()
    peer.session.close()
    expect(region.of('close')).toEqual([[connectionId]])
  })

  test('a network bridge is refused with a reason and closed', () => {
    const { service, clock } = buildService()
    const peer = new TestSession(service).negotiate()
    peer.takeSent()
    peer.receive({
      kind: 'BrokerInfo',
      commandId: 1,
      responseRequired: false,
      brokerId: null,
      brokerURL: null,
      peerBrokerInfos: null,
      brokerName: 'other',
      slaveBroker: false,
      masterBroker: false,
      faultTolerantConfiguration: false,
      duplexConnection: false,
      networkConnection: true,
      connectionId: 0,
      brokerUploadUrl: null,
      networkProperties: '',
    })
    expect(peer.takeSent()).toMatchObject([
      { kind: 'ConnectionError', exception: { message: expect.stringContaining('network bridge of broker other') } },
    ])
    clock.advance(2000)
    expect(peer.closed).toBe('ended')
  })
})

describe('commands and their answers', () => {
  test('commands that want no answer get none', () => {
    const { peer } = client()
    peer.receive(sessionInfo(2), producerInfo({ responseRequired: false }), consumerInfo({ responseRequired: false }))
    expect(peer.takeHex()).toBe('')
  })

  test('a refusal is an ExceptionResponse to those who wait, and a ConnectionError to those who do not', () => {
    const { peer, region } = client()
    region.refusals.set('addConsumer', refusal)
    peer.receive(consumerInfo({ commandId: 21 }), consumerInfo({ commandId: 22, responseRequired: false }))
    expect(peer.takeSent()).toMatchObject([
      {
        kind: 'ExceptionResponse',
        correlationId: 21,
        exception: { className: 'javax.jms.JMSException', message: refusal.message },
      },
      { kind: 'ConnectionError', exception: { message: refusal.message } },
    ])
  })

  test('adding again is ignored, as failover clients do; a refused consumer may be added again', () => {
    const { peer, region } = client()
    region.refusals.set('addConsumer', refusal)
    peer.receive(consumerInfo())
    region.refusals.clear()
    peer.receive(consumerInfo(), consumerInfo(), producerInfo(), producerInfo(), sessionInfo())
    expect([region.of('addConsumer').length, region.of('addProducer').length]).toEqual([2, 1])
  })

  test('session -1 exists without being announced, others do not', () => {
    const { peer, region } = client()
    peer.receive(
      consumerInfo({ consumerId: { ...consumerId, sessionId: -1 } }),
      consumerInfo({ consumerId: { ...consumerId, sessionId: 9 } }),
    )
    expect(peer.takeSent()).toMatchObject([
      { kind: 'Response' },
      { kind: 'ExceptionResponse', exception: { className: 'java.lang.IllegalStateException' } },
    ])
    expect(region.of('addConsumer')).toHaveLength(1)
  })

  test('removing a session removes its consumers and producers', () => {
    const { peer, region } = client(consumerInfo(), producerInfo())
    peer.receive(removeInfo({ kind: 'SessionId', connectionId, value: 1 }))
    expect(region.of('removeConsumer')).toEqual([[`${connectionId}:1:1`, 'unknown']])
    expect(region.of('removeProducer')).toEqual([[`${connectionId}:1:1`]])
  })

  test.each([
    ['session', { kind: 'SessionId', connectionId, value: 5 }],
    ['consumer', { ...consumerId, value: 5 }],
    ['producer', { ...producerId, value: 5 }],
    ['nothing', null],
  ] as const)('removing an unknown %s is an error', (_name, objectId) => {
    const { peer } = client()
    peer.receive(removeInfo(objectId))
    expect(kinds(peer.takeSent())).toEqual(['ExceptionResponse'])
  })

  test('destinations are added and removed on behalf of the connection', () => {
    const { peer, region } = client()
    const temporary = { kind: 'temp-queue', name: `${connectionId}:1` }
    peer.receive(destinationInfo(0), destinationInfo(1), destinationInfo(2), destinationInfo(0, { destination: null }))
    expect([region.of('addDestination'), region.of('removeDestination')]).toEqual([[[temporary]], [[temporary]]])
    expect(kinds(peer.takeSent())).toEqual(['Response', 'Response', 'ExceptionResponse', 'ExceptionResponse'])
  })

  test('ConsumerControl restores the prefetch of failover clients', () => {
    const { peer, region } = client(consumerInfo({ prefetchSize: 0 }))
    peer.receive(consumerControl(1000))
    expect(region.of('setPrefetch')).toEqual([[`${connectionId}:1:1`, 1000]])
  })

  test('a pull that finds nothing is answered with an empty dispatch', () => {
    const { peer, region } = client(consumerInfo({ prefetchSize: 0 }))
    peer.receive(messagePull(-1))
    expect(region.of('pull')).toEqual([[`${connectionId}:1:1`, -1]])
    region.ports.get(connectionId)!.deliverNothing(`${connectionId}:1:1`)
    expect(peer.takeHex()).toBe(`00000047150000000000017a010026${idHex}00000000000000010000000000000001000000000000`)
  })

  test('durable subscriptions that a client wants deleted do not exist', () => {
    const { peer } = client()
    peer.receive({
      kind: 'RemoveSubscriptionInfo',
      commandId: 5,
      responseRequired: true,
      connectionId: { kind: 'ConnectionId', value: connectionId },
      subscriptionName: 'S',
      clientId: 'C',
    })
    expect(peer.takeSent()).toMatchObject([
      {
        exception: {
          className: 'javax.jms.InvalidDestinationException',
          message: 'No durable subscription exists for clientID: C and subscriptionName: S',
        },
      },
    ])
  })

  test('FlushCommand and ControlCommand are answered when asked, and do nothing', () => {
    const { peer } = client()
    peer.receive(
      { kind: 'FlushCommand', commandId: 5, responseRequired: true },
      { kind: 'ControlCommand', commandId: 6, responseRequired: false, command: 'shutdown' },
    )
    expect(kinds(peer.takeSent())).toEqual(['Response'])
    expect(peer.closed).toBeUndefined()
  })

  test('commands of a connection that was not announced are refused', () => {
    const { service } = buildService()
    const peer = new TestSession(service).negotiate()
    peer.takeSent()
    peer.receive(consumerInfo(), textMessage())
    expect(peer.takeSent()).toMatchObject([
      { kind: 'ExceptionResponse', exception: { className: 'java.lang.IllegalStateException' } },
      { kind: 'ExceptionResponse', exception: { className: 'java.lang.IllegalStateException' } },
    ])
  })
})

describe('messages', () => {
  test('are taken as they are, with the time they came', () => {
    const { peer, region, clock } = client(producerInfo())
    peer.receive(textMessage())
    const [[message, transaction]] = region.of('send') as [[StoredMessage, unknown]]
    const expected = storedFormOf({ ...textMessage(), brokerInTime: clock.nowMs() })
    expect(message.bytes.toString('hex')).toBe(expected.toString('hex'))
    expect(transaction).toBeNull()
    expect(peer.takeHex()).toBe('0000000a1e000000000000000005')
  })

  test.each([
    ['tight', { tightEncodingEnabled: true }, {}],
    ['tight and of version 10', { tightEncodingEnabled: true }, { version: 10 }],
    ['tight and cached', { tightEncodingEnabled: true, cacheEnabled: true }, {}],
    ['of version 6', {}, { version: 6 }],
  ])('of connections that are %s have the same stored form', (_name, offered, wanted) => {
    const { service, region } = buildService()
    const peer = new TestSession(service, offered).negotiate(wanted)
    peer.receive(connectionInfo(), sessionInfo(), producerInfo(), textMessage(), textMessage({ commandId: 6 }))
    const messages = region.of('send').map(([message]) => message as StoredMessage)
    expect(messages.map(({ destination, messageId }) => [destination.name, messageId])).toEqual([
      ['Q', `${connectionId}:1:1:1`],
      ['Q', `${connectionId}:1:1:1`],
    ])
  })

  test('are answered when the region says so, not before', () => {
    const { peer, region } = client(producerInfo())
    region.holdsSends = true
    peer.receive(textMessage())
    expect(peer.takeHex()).toBe('')
    region.waiting[0]!()
    expect(kinds(peer.takeSent())).toEqual(['Response'])
  })

  test('of producers with a window are acknowledged by size', () => {
    const { peer } = client(producerInfo({ windowSize: 4096 }))
    peer.receive(textMessage({ responseRequired: false }))
    expect(peer.takeSent()).toMatchObject([{ kind: 'ProducerAck', producerId, size: 1030 }])
  })

  test.each([
    ['a destination', { destination: null }],
    ['a message id', { messageId: null }],
    ['a producer', { producerId: null }],
  ] as const)('without %s are refused, and the connection goes on', (_name, fields) => {
    const { peer } = client(producerInfo())
    peer.receive(textMessage(fields), textMessage({ commandId: 6 }))
    expect(kinds(peer.takeSent())).toEqual(['ExceptionResponse', 'Response'])
  })

  test('of producers that were not announced are refused', () => {
    const { peer, region } = client()
    peer.receive(textMessage())
    expect(peer.takeSent()).toMatchObject([{ exception: { className: 'java.lang.IllegalStateException' } }])
    expect(region.of('send')).toEqual([])
  })

  test('a frame split over many chunks arrives once', () => {
    const { peer, region } = client(producerInfo())
    const frame = Buffer.concat([Buffer.alloc(4), storedFormOf(textMessage())])
    frame.writeInt32BE(frame.length - 4, 0)
    for (const byte of frame) peer.session.receive(Buffer.from([byte]))
    expect(region.of('send')).toHaveLength(1)
  })
})

describe('transactions', () => {
  const text = `TX:${connectionId}:1`

  test('begin, commit and rollback go to the region; end has no effect', () => {
    const { peer, region } = client()
    peer.receive(
      transactionInfo(0, { responseRequired: false }),
      transactionInfo(2),
      transactionInfo(4),
      transactionInfo(7),
    )
    expect([region.of('begin'), region.of('commit'), region.of('rollback')]).toEqual([[[text]], [[text]], [[text]]])
    expect(kinds(peer.takeSent())).toEqual(['Response', 'Response', 'Response'])
  })

  test('an async send or acknowledgement that fails marks its transaction', () => {
    const { peer, region } = client(producerInfo(), consumerInfo())
    region.refusals.set('send', refusal)
    region.refusals.set('acknowledge', refusal)
    peer.receive(textMessage({ responseRequired: false, transactionId }), messageAck({ transactionId }))
    expect(region.of('failTransaction')).toEqual([
      [text, refusal],
      [text, refusal],
    ])
    expect(kinds(peer.takeSent())).toEqual(['ConnectionError', 'ConnectionError'])
  })

  test('of another connection have not been started, whatever names them', () => {
    const { peer, region } = client(producerInfo(), consumerInfo())
    const victims = { ...transactionId, connectionId: { kind: 'ConnectionId', value: 'victim' } } as const
    peer.receive(
      transactionInfo(0, { transactionId: victims }),
      transactionInfo(2, { transactionId: victims }),
      transactionInfo(4, { transactionId: victims }),
      textMessage({ transactionId: victims }),
      messageAck({ transactionId: victims, responseRequired: true }),
    )
    const refused = {
      kind: 'ExceptionResponse',
      exception: {
        className: 'javax.jms.JMSException',
        message: "Transaction 'TX:victim:1' has not been started.",
      },
    }
    expect(peer.takeSent()).toMatchObject([refused, refused, refused, refused, refused])
    for (const method of ['begin', 'commit', 'rollback', 'send', 'acknowledge', 'failTransaction'])
      expect(region.of(method)).toEqual([])
  })

  test.each([1, 3, 5, 6])('XA (type %d) is refused', (type) => {
    const { peer, region } = client()
    const xid = {
      kind: 'XATransactionId',
      formatId: 1,
      globalTransactionId: Buffer.from('g'),
      branchQualifier: Buffer.from('b'),
    } as const
    peer.receive(transactionInfo(type, { transactionId: type === 5 ? null : xid }))
    expect(peer.takeSent()).toMatchObject([
      { exception: { message: expect.stringContaining('XA transactions are not supported') } },
    ])
    expect(region.calls.filter(({ method }) => method !== 'connect')).toEqual([])
  })
})

describe('acknowledgements', () => {
  test('become what the region understands', () => {
    const { peer, region } = client(consumerInfo())
    peer.receive(
      messageAck({
        ackType: 1,
        messageCount: 3,
        poisonCause: { className: 'java.lang.Throwable', message: 'why', stackTrace: [], cause: null },
      }),
    )
    expect(region.of('acknowledge')).toEqual([
      [
        {
          outcome: 'rejected',
          consumerId: `${connectionId}:1:1`,
          transactionId: null,
          scope: 'range',
          first: null,
          last: expect.objectContaining({
            identity: { producerId: `${connectionId}:1:1`, producerSequenceId: 1 },
            sequence: 17,
          }),
          messageCount: 3,
          credit: 0,
          cause: 'java.lang.Throwable: why',
          responseRequired: false,
        },
      ],
    ])
  })

  test('of an unknown type are refused', () => {
    const { peer } = client(consumerInfo())
    peer.receive(messageAck({ ackType: 9 }))
    expect(kinds(peer.takeSent())).toEqual(['ConnectionError'])
  })
})

describe('deliveries', () => {
  test('wrap the stored bytes, with the time they went', () => {
    const { peer, region, clock } = client(consumerInfo())
    const given = delivery()
    const before = given.message.bytes.toString('hex')
    clock.advance(5)
    region.ports.get(connectionId)!.deliver({ ...given, redeliveryCounter: 3 })
    expect(peer.takeSent()).toMatchObject([
      {
        kind: 'MessageDispatch',
        consumerId,
        destination: queue,
        redeliveryCounter: 3,
        message: { kind: 'ActiveMQTextMessage', messageId: { brokerSequenceId: 17 }, brokerOutTime: clock.nowMs() },
      },
    ])
    expect(given.message.bytes.toString('hex')).toBe(before)
  })

  test('carry the sequence of the delivery even when the stored bytes have another', () => {
    const { peer, region } = client(consumerInfo())
    region.ports.get(connectionId)!.deliver({ ...delivery(17), sequence: 99 })
    expect(peer.takeSent()).toMatchObject([{ message: { messageId: { brokerSequenceId: 99 } } }])
  })

  test('of large messages say the same in several buffers', () => {
    const { peer, region } = client(consumerInfo())
    const content = Buffer.alloc(100_000, 3)
    const message = StoredMessage.scan(storedFormOf(textMessage({ content, jmsxGroupFirstForConsumer: true })))
    region.ports.get(connectionId)!.deliver({ ...delivery(99), message, redeliveryCounter: 2 })
    expect(peer.sentBytes).toHaveLength(3)
    const [dispatch] = peer.takeSent()
    expect(dispatch).toMatchObject({
      redeliveryCounter: 2,
      message: { content, messageId: { brokerSequenceId: 99 }, jmsxGroupFirstForConsumer: true },
    })
  })

  test('to a tight, cached connection say the same', () => {
    const { service, region } = buildService()
    const peer = new TestSession(service, { tightEncodingEnabled: true, cacheEnabled: true }).negotiate()
    peer.receive(connectionInfo(), sessionInfo(), consumerInfo())
    peer.takeSent()
    for (const sequence of [17, 18]) region.ports.get(connectionId)!.deliver(delivery(sequence))
    expect(peer.takeSent()).toMatchObject([
      { kind: 'MessageDispatch', consumerId, message: { messageId: { brokerSequenceId: 17 } } },
      { kind: 'MessageDispatch', consumerId, message: { messageId: { brokerSequenceId: 18 } } },
    ])
  })

  test('to a consumer that has gone are dropped', () => {
    const { peer, region } = client()
    region.ports.get(connectionId)!.deliver(delivery())
    expect(peer.takeHex()).toBe('')
  })
})

describe('clients that do not read', () => {
  test('are not read either, and get their deliveries when they read again', () => {
    const { peer, region } = client(consumerInfo())
    peer.stuckBytes = outboundHighWaterBytes
    const port = region.ports.get(connectionId)!
    for (const sequence of [1, 2, 3]) port.deliver(delivery(sequence))
    expect(peer.reading).toBe(false)
    expect(peer.takeSent()).toHaveLength(1)
    peer.stuckBytes = 0
    peer.session.drained()
    expect(peer.takeSent()).toMatchObject([
      { message: { messageId: { brokerSequenceId: 2 } } },
      { message: { messageId: { brokerSequenceId: 3 } } },
    ])
    expect(peer.reading).toBe(true)
  })

  test('do not get what waited for a consumer that they have closed meanwhile', () => {
    const { peer, region } = client(consumerInfo())
    peer.stuckBytes = outboundHighWaterBytes
    const port = region.ports.get(connectionId)!
    for (const sequence of [1, 2]) port.deliver(delivery(sequence))
    peer.takeSent()
    peer.receive(removeInfo(consumerId, { responseRequired: false }))
    peer.stuckBytes = 0
    peer.session.drained()
    expect(peer.takeSent()).toEqual([])
  })

  test('are dropped when they take nothing for too long', () => {
    const { peer, region, clock } = client(consumerInfo())
    peer.takesBytes = false
    peer.stuckBytes = outboundHighWaterBytes
    region.ports.get(connectionId)!.deliver(delivery())
    clock.advance(outboundStallTimeoutMs)
    expect(peer.closed).toBeUndefined()
    clock.advance(30_000)
    expect(peer.closed).toBe('destroyed')
    expect(peer.dropReasons[0]).toMatch(/^too slow: it took no byte/)
  })

  test('are read only when memory and their own socket allow it', () => {
    const { peer, region } = client(consumerInfo())
    const port = region.ports.get(connectionId)!
    port.pause()
    peer.stuckBytes = outboundHighWaterBytes
    port.deliver(delivery())
    port.resume()
    expect(peer.reading).toBe(false)
    peer.stuckBytes = 0
    peer.session.drained()
    expect(peer.reading).toBe(true)
  })
})

describe('strangers', () => {
  test('may not send a large frame before they have connected', () => {
    const { service } = buildService()
    const peer = new TestSession(service).negotiate()
    const head = Buffer.from([0, 0, 0xff, 0xff, 24])
    peer.session.receive(head)
    peer.session.receive(Buffer.alloc(maxBufferedBytesBeforeConnection - head.length))
    expect(peer.closed).toBeUndefined()
    const large = new TestSession(service).negotiate()
    large.session.receive(Buffer.from([0, 0x0e, 0, 0, 24]))
    for (let chunk = 0; chunk < 2; chunk++) large.session.receive(Buffer.alloc(40_000))
    expect(large.closed).toBe('destroyed')
  })

  test('may send garbage: it ends their own connection and nothing else', () => {
    const { peer, service, region } = client()
    peer.receiveHex('00000005 05 ffffffff')
    expect(peer.closed).toBe('destroyed')
    expect(region.of('close')).toEqual([[connectionId]])
    expect(service.registry.size).toBe(0)
  })

  test('an error of the broker itself ends the connection that met it', () => {
    const { peer, region } = client()
    region.refusals.set('addDestination', new Error('a bug') as unknown as RefusalError)
    peer.receive(destinationInfo(0))
    expect(peer.closed).toBe('destroyed')
  })
})
