// What goes to a duplex bridge and what stays with the session, and that nothing which waits for the other side stops the other side.
import { describe, expect, test } from '@jest/globals'
import { buildConsumerInfo, buildExceptionResponse, buildResponse } from '../../../../broker/openwire/build-commands.ts'
import { outboundHighWaterBytes, outboundStallTimeoutMs } from '../../../../broker/session/limits.ts'
import type { Answered, DuplexFarEnd, ForwardHeader } from '../../../../broker/session/openwire/duplex-bridges.ts'
import { maxAnswersWhileCongested } from '../../../../broker/session/openwire/limits.ts'
import type { Command } from '../../../../broker/wire/openwire/commands.ts'
import { buildThrowable } from '../../../../broker/wire/openwire/throwable.ts'
import type { WireFormatOptions } from '../../../../broker/wire/openwire/wire-format.ts'
import { buildService } from '../../../support/fake-region.ts'
import { delivery, kinds } from './connected-client.ts'
import { bridgeInfo } from './network-commands.ts'
import { connectionId, connectionInfo, TestSession } from './session-harness.ts'
import { consumerId, consumerInfo, messageAck, producerInfo, sessionInfo, textMessage } from './test-commands.ts'

const header: ForwardHeader = { producerId: 'ID:back-1:1:1:1', brokerId: 'ID:test-0:1', useCompression: false }
const foreignConsumer = { kind: 'ConsumerId', connectionId: 'ID:back-1:1', sessionId: 1, value: 1 } as const
const advisoryTopic = { kind: 'ActiveMQTopic', physicalName: 'ActiveMQ.Advisory.Consumer.Queue.Q' } as const

/** A duplex bridge that is connected, with a producer and a consumer of its own here. */
function duplex(offered: Partial<WireFormatOptions> = {}, asked: Partial<WireFormatOptions> = {}) {
  const parts = buildService()
  const heard: Command[] = []
  const events: string[] = []
  let far: DuplexFarEnd | undefined
  const peer = new TestSession(parts.service, offered, {
    duplexBridges: {
      subscriptionsFor: () => null,
      accept(_, end) {
        far = end
        return {
          command: (command) => void heard.push(command),
          relieved: () => void events.push('relieved'),
          failed: (error) => void events.push(error.message),
        }
      },
    },
  }).negotiate(asked)
  peer.receive(
    bridgeInfo({ duplexConnection: true }),
    connectionInfo({ responseRequired: false }),
    sessionInfo(),
    producerInfo({ destination: null, responseRequired: false }),
    consumerInfo({ destination: advisoryTopic, responseRequired: false }),
  )
  peer.takeSent()
  return { ...parts, peer, far: far!, heard, events }
}

const refused = (message: string): ReturnType<typeof buildThrowable> =>
  buildThrowable('javax.jms.JMSException', message)

describe('what the bridge sends', () => {
  test('is numbered, and answered in any order', () => {
    const { peer, far } = duplex()
    const answers: unknown[] = []
    const answered =
      (name: string): Answered =>
      (refusal) =>
        void answers.push([name, refusal && refusal.message])
    far.send(buildConsumerInfo({ consumerId: foreignConsumer, destination: advisoryTopic, prefetchSize: 10 }))
    far.request(
      buildConsumerInfo({ consumerId: foreignConsumer, destination: advisoryTopic, prefetchSize: 10 }),
      answered('a'),
    )
    far.forward(delivery(), header, answered('b'))
    far.forward(delivery(), header, null)
    expect(peer.takeSent()).toMatchObject([
      { kind: 'ConsumerInfo', commandId: 1, responseRequired: false },
      { kind: 'ConsumerInfo', commandId: 2, responseRequired: true },
      { kind: 'ActiveMQTextMessage', commandId: 3, responseRequired: true },
      { kind: 'ActiveMQTextMessage', commandId: 4, responseRequired: false },
    ])
    peer.receive(buildExceptionResponse(3, refused('full')), buildResponse(2), buildResponse(2), buildResponse(99))
    expect(answers).toEqual([
      ['b', 'full'],
      ['a', null],
    ])
    expect(peer.takeSent()).toEqual([])
  })

  const formats: readonly (readonly [string, Partial<WireFormatOptions>, Partial<WireFormatOptions>])[] = [
    ['stored', {}, {}],
    ['tight', { tightEncodingEnabled: true }, { tightEncodingEnabled: true }],
    ['cached', { cacheEnabled: true }, { cacheEnabled: true }],
    ['older', {}, { version: 6 }],
  ]
  test.each(formats)('as messages of its own producer that have left this broker: %s', (_, offered, asked) => {
    const { peer, far } = duplex(offered, asked)
    far.forward(delivery(), header, () => {})
    expect(peer.takeSent()).toMatchObject([
      {
        kind: 'ActiveMQTextMessage',
        producerId: { connectionId: 'ID:back-1:1', sessionId: 1, value: 1 },
        destination: { kind: 'ActiveMQQueue', physicalName: 'Q' },
        messageId: { producerId: { connectionId }, producerSequenceId: 1 },
        brokerPath: [{ value: 'ID:test-0:1' }],
        persistent: true,
      },
    ])
  })

  test('is not mixed up with what the session sends', () => {
    const { peer, region, far } = duplex()
    far.forward(delivery(), header, () => {})
    peer.receive(textMessage({ commandId: 1 }))
    region.ports.get(connectionId)!.deliver(delivery())
    expect(kinds(peer.takeSent())).toEqual(['ActiveMQTextMessage', 'Response', 'MessageDispatch'])
  })

  test('is not answered any more when the bridge is over', () => {
    const { peer, far, events } = duplex()
    const answers: unknown[] = []
    far.forward(delivery(), header, (refusal) => void answers.push(refusal))
    peer.session.close()
    far.forward(delivery(), header, (refusal) => void answers.push(refusal))
    expect([answers, events]).toEqual([[], ['the connection was closed']])
  })
})

describe('what comes', () => {
  test('messages are for the region and are counted', () => {
    const { peer, region, far, heard } = duplex()
    peer.receive(textMessage(), textMessage({ destination: { kind: 'ActiveMQTopic', physicalName: 'T' } }))
    expect(kinds(peer.takeSent())).toEqual(['Response', 'Response'])
    expect([region.of('send').length, far.received, heard.length]).toEqual([2, 2, 0])
  })

  test.each([
    ['ActiveMQ.Advisory.Consumer.Queue.Q', true],
    ['ActiveMQ.Advisory.TempQueue', true],
    ['ActiveMQ.Advisory.Queue', false],
  ])('advisories that bridges understand are for the bridge: %s', (physicalName, taken) => {
    const { peer, region, far, heard } = duplex()
    const advisory = textMessage({
      responseRequired: false,
      destination: { kind: 'ActiveMQTopic', physicalName },
      dataStructure: consumerInfo({ consumerId: foreignConsumer }),
    })
    peer.receive(advisory)
    expect(peer.takeSent()).toEqual([])
    expect([heard.length, region.of('send').length, far.received]).toEqual(taken ? [1, 0, 0] : [0, 1, 1])
    if (taken) expect(heard[0]).toMatchObject({ dataStructure: { kind: 'ConsumerInfo', consumerId: foreignConsumer } })
    peer.receive({ ...advisory, responseRequired: true })
    expect(kinds(peer.takeSent())).toEqual(['Response'])
  })

  test('only from a producer that is there', () => {
    const { peer, heard } = duplex()
    const producerId = { kind: 'ProducerId', connectionId, sessionId: 1, value: 9 } as const
    peer.receive(textMessage({ producerId, destination: advisoryTopic }))
    expect([kinds(peer.takeSent()), heard]).toEqual([['ExceptionResponse'], []])
  })

  test('acknowledgements for its own consumers are for the region, others for the bridge', () => {
    const { peer, region, heard } = duplex()
    peer.receive(
      messageAck({ consumerId }),
      messageAck({ consumerId: foreignConsumer }),
      messageAck({ consumerId: null }),
    )
    expect(region.of('acknowledge')).toHaveLength(1)
    expect(heard).toMatchObject([{ consumerId: foreignConsumer }, { consumerId: null }])
    expect(peer.takeSent()).toEqual([])
  })

  test('dispatches, errors and subscriptions are for the bridge', () => {
    const { peer, heard } = duplex()
    peer.receive(
      {
        kind: 'MessageDispatch',
        commandId: 0,
        responseRequired: false,
        consumerId: foreignConsumer,
        destination: advisoryTopic,
        message: textMessage({ destination: advisoryTopic }),
        redeliveryCounter: 0,
      },
      { kind: 'ConnectionError', commandId: 0, responseRequired: false, exception: refused('no'), connectionId: null },
      {
        kind: 'BrokerSubscriptionInfo',
        commandId: 0,
        responseRequired: true,
        brokerId: null,
        brokerName: 'other',
        subscriptionInfos: [],
      },
    )
    expect(kinds(heard)).toEqual(['MessageDispatch', 'ConnectionError', 'BrokerSubscriptionInfo'])
    expect(kinds(peer.takeSent())).toEqual(['Response'])
  })

  test('what its own consumer is given goes out as to any other', () => {
    const { peer, region } = duplex()
    region.ports.get(connectionId)!.deliver(delivery())
    expect(kinds(peer.takeSent())).toEqual(['MessageDispatch'])
  })
})

describe('a socket that takes nothing', () => {
  const congested = () => {
    const parts = duplex({}, { maxInactivityDurationMs: 0 })
    const { peer, far } = parts
    peer.takesBytes = false
    peer.stuckBytes = outboundHighWaterBytes
    far.forward(delivery(), header, () => {})
    expect([far.congested, peer.reading]).toEqual([true, true])
    return parts
  }

  test('stops what is forwarded, not what is read', () => {
    const { peer, far, events, region } = congested()
    peer.receive(textMessage())
    expect(region.of('send')).toHaveLength(1)
    peer.stuckBytes = 0
    peer.takesBytes = true
    peer.session.drained()
    expect([far.congested, peer.reading, events]).toEqual([false, true, ['relieved']])
  })

  const unread = () => {
    const parts = congested()
    const { peer } = parts
    for (let sent = 1; sent < maxAnswersWhileCongested; sent++) peer.session.answer(1, true, undefined)
    expect(peer.reading).toBe(true)
    peer.session.answer(1, true, undefined)
    expect(peer.reading).toBe(false)
    return parts
  }

  test('of who does not read its answers is not read either, and given up', () => {
    const { peer, clock, events } = unread()
    clock.advance(2 * outboundStallTimeoutMs)
    expect(peer.dropReasons).toEqual([expect.stringMatching(/^too slow: it took no byte/)])
    expect(events).toEqual([expect.stringMatching(/^too slow/)])
  })

  test('is read again when it takes bytes again', () => {
    const { peer } = unread()
    peer.stuckBytes = 0
    peer.takesBytes = true
    peer.session.drained()
    expect(peer.reading).toBe(true)
  })
})

test('says to the region that answers are behind what comes, as long as there are some', () => {
  const { peer, region, far } = duplex()
  const port = region.ports.get(connectionId)!
  expect(port.awaitsAnswers).toBe(false)
  far.forward(delivery(), header, () => {})
  far.forward(delivery(), header, null)
  expect(port.awaitsAnswers).toBe(true)
  peer.receive(buildResponse(1))
  expect(port.awaitsAnswers).toBe(false)
})
