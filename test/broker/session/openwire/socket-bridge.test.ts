import { describe, expect, test } from '@jest/globals'
import { RefusalError } from '../../../../broker/base/errors.ts'
import type {
  DuplexBridges,
  DuplexFarEnd,
  InitiatingBroker,
} from '../../../../broker/session/openwire/duplex-bridges.ts'
import { buildConnectionInfo, buildRemoveConnection } from '../../../../broker/openwire/build-commands.ts'
import type { BrokerInfo, Command } from '../../../../broker/wire/openwire/commands.ts'
import { buildService } from '../../../support/fake-region.ts'
import { client, kinds } from './connected-client.ts'
import { subscriptionsOf } from '../../network/demand/demand-harness.ts'
import { bridgeInfo } from './network-commands.ts'
import { connectionId, connectionInfo, TestSession } from './session-harness.ts'
import { consumerInfo, producerId, producerInfo, sessionInfo, textMessage } from './test-commands.ts'

const bridgeConnection = (fields: object = {}): Command =>
  connectionInfo({ clientId: 'NC_other_outbound', responseRequired: false, ...fields })

function peerOf(duplexBridges?: DuplexBridges) {
  const parts = buildService()
  const peer = new TestSession(parts.service, {}, duplexBridges ? { duplexBridges } : {}).negotiate()
  peer.takeSent()
  return { ...parts, peer }
}

const nested = (depth: number): BrokerInfo => bridgeInfo({ peerBrokerInfos: depth === 0 ? null : [nested(depth - 1)] })

describe('a bridge that forwards to this broker', () => {
  test('connects as a network connection', () => {
    const { peer, region, service } = peerOf()
    peer.receive(bridgeInfo(), bridgeConnection())
    expect(peer.takeSent()).toEqual([])
    expect(region.of('connect')).toMatchObject([[{ connectionId, clientId: 'NC_other_outbound', network: true }]])
    expect(service.registry.page(0, 10).items).toMatchObject([
      { id: connectionId, network: true, duplexConnectorId: null },
    ])
  })

  test('is told who subscribes here, when it has connected', () => {
    const subscriptionsFor = () => subscriptionsOf()
    const { peer } = peerOf({ subscriptionsFor, accept: () => ({ command() {}, relieved() {}, failed() {} }) })
    peer.receive(bridgeInfo())
    expect(peer.takeSent()).toEqual([])
    peer.receive(bridgeConnection(), sessionInfo(), subscriptionsOf())
    expect(kinds(peer.takeSent())).toEqual(['BrokerSubscriptionInfo'])
  })

  test('a client is none', () => {
    const { peer, region, service } = peerOf()
    peer.receive(bridgeInfo({ networkConnection: false }), connectionInfo())
    expect(region.of('connect')).toMatchObject([[{ network: false }]])
    expect(service.registry.page(0, 10).items).toMatchObject([{ network: false }])
  })

  test.each([
    ['consumerTTL=2\nconduitSubscriptions=true', { consumerTTL: 2, conduit: true }],
    ['consumerTTL=-1\nconduitSubscriptions=false', { consumerTTL: -1, conduit: false }],
    ['consumerTTL=1\nconduitSubscriptions=true\nsyncDurableSubs=true', { consumerTTL: 1, conduit: false }],
    // What it does not say keeps nothing from it.
    ['consumerTTL=many', { consumerTTL: -1, conduit: false }],
  ])('asks for what it can use of advisories, by its settings %j', (networkProperties, terms) => {
    const { peer, region } = peerOf()
    const physicalName = 'ActiveMQ.Advisory.Consumer.>,ActiveMQ.Advisory.TempQueue'
    const listening = consumerInfo({ destination: { kind: 'ActiveMQTopic', physicalName } })
    peer.receive(bridgeInfo({ networkProperties }), bridgeConnection(), sessionInfo(), listening)
    expect(region.of('addConsumer')).toMatchObject([[{ demandTerms: { brokerId: 'ID:other-0:1', ...terms } }]])
  })

  test('gets all of what is more than demand, as clients do', () => {
    const listening = consumerInfo({ destination: { kind: 'ActiveMQTopic', physicalName: 'ActiveMQ.Advisory.>' } })
    const { peer, region } = peerOf()
    peer.receive(bridgeInfo(), bridgeConnection(), sessionInfo(), listening)
    const { region: clients } = client(
      consumerInfo({ destination: { ...listening.destination!, physicalName: 'ActiveMQ.Advisory.Consumer.>' } }),
    )
    for (const asked of [region, clients]) expect(asked.of('addConsumer')[0]![0]).not.toHaveProperty('demandTerms')
  })

  test('what it forwards was sent by others and has passed brokers', () => {
    const { peer, region } = peerOf()
    peer.receive(bridgeInfo(), bridgeConnection(), sessionInfo(), producerInfo({ destination: null }))
    peer.takeSent()
    const origin = { kind: 'ProducerId', connectionId: 'ID:far-1:1', sessionId: 1, value: 1 } as const
    peer.receive(
      textMessage({
        producerId,
        messageId: {
          kind: 'MessageId',
          textView: null,
          producerId: origin,
          producerSequenceId: 7,
          brokerSequenceId: 194,
        },
        originalTransactionId: {
          kind: 'LocalTransactionId',
          value: 1,
          connectionId: { kind: 'ConnectionId', value: 'ID:far-1:1' },
        },
        brokerPath: [{ kind: 'BrokerId', value: 'ID:other-0:1' }],
      }),
    )
    expect(peer.takeSent()).toMatchObject([{ kind: 'Response', correlationId: 5 }])
    const [[message]] = region.of('send') as [[{ messageId: string; hasBrokerPath: boolean }]]
    expect(message).toMatchObject({ messageId: 'ID:far-1:1:1:1:7', hasBrokerPath: true })
  })
})

describe('who does not keep to the order is dropped', () => {
  const dropped = (...commands: Command[]): readonly string[] => {
    const { peer } = peerOf({
      subscriptionsFor: () => null,
      accept: () => ({ command() {}, relieved() {}, failed() {} }),
    })
    peer.receive(...commands)
    expect(peer.closed).toBe('destroyed')
    return peer.dropReasons
  }

  test.each<[string, Command[], RegExp]>([
    ['twice', [bridgeInfo(), bridgeInfo()], /there was one before/],
    ['twice, once connected', [bridgeInfo(), bridgeConnection(), bridgeInfo()], /there was one before/],
    ['twice, in two roles', [bridgeInfo({ networkConnection: false }), bridgeInfo()], /there was one before/],
    ['after ConnectionInfo', [bridgeConnection(), bridgeInfo({ duplexConnection: true })], /after a ConnectionInfo/],
    ['without id', [bridgeInfo({ brokerId: null })], /brokerId is missing/],
    ['without name', [bridgeInfo({ brokerName: '' })], /brokerName is missing/],
    ['with peers of peers', [nested(40)], /nested deeper than 32/],
    ['with a long name', [bridgeInfo({ brokerName: 'x'.repeat(1025) })], /brokerName has 1025 characters/],
  ])('%s', (_, commands, reason) => {
    expect(dropped(...commands)).toEqual([expect.stringMatching(reason)])
  })

  test.each<[string, Partial<BrokerInfo>]>([
    ['settings', { networkProperties: 'x'.repeat(60_000).replaceAll('xxxxx', 'a\\\n=:') }],
    ['escapes', { networkProperties: `${'\\'.repeat(60_000)}x` }],
    ['peers', { peerBrokerInfos: Array.from({ length: 500 }, () => bridgeInfo({ networkProperties: null })) }],
  ])('much of %s is no harm', (_, fields) => {
    const { peer, region } = peerOf()
    peer.receive(bridgeInfo(fields), bridgeConnection())
    expect(peer.dropReasons).toEqual([])
    expect(region.of('connect')).toHaveLength(1)
  })

  test('more than a command may have', () => {
    const settings = Array.from({ length: 5 }, () => bridgeInfo({ networkProperties: 'x'.repeat(60_000) }))
    expect(dropped(bridgeInfo({ peerBrokerInfos: settings }))).toEqual([expect.stringMatching(/at most 262144 are/)])
  })
})

describe('a bridge that wants one back', () => {
  interface Accepted {
    readonly initiator: InitiatingBroker
    readonly far: DuplexFarEnd
    readonly ended: string[]
  }

  function duplexPeer(begin: (far: DuplexFarEnd) => void = () => {}) {
    const accepted: Accepted[] = []
    const duplexBridges: DuplexBridges = {
      subscriptionsFor: () => null,
      accept(initiator, far) {
        const ended: string[] = []
        accepted.push({ initiator, far, ended })
        begin(far)
        return { command() {}, relieved() {}, failed: (error) => void ended.push(error.message) }
      },
    }
    return { ...peerOf(duplexBridges), duplexBridges, accepted }
  }

  const duplexInfo = (fields: Partial<BrokerInfo> = {}): BrokerInfo =>
    bridgeInfo({ duplexConnection: true, networkProperties: 'name=east\nduplex=true\n', ...fields })

  test('has what it told of its subscriptions before that', () => {
    const heard: Command[] = []
    const duplexBridges: DuplexBridges = {
      subscriptionsFor: () => null,
      accept: () => ({ command: (command) => void heard.push(command), relieved() {}, failed() {} }),
    }
    const { peer } = peerOf(duplexBridges)
    peer.receive(duplexInfo(), subscriptionsOf(), bridgeConnection())
    expect(heard).toMatchObject([{ kind: 'BrokerSubscriptionInfo' }])
    peer.receive(subscriptionsOf())
    expect(heard).toHaveLength(2)
  })

  test('gets it when its ConnectionInfo was accepted and answered', () => {
    const { peer, accepted } = duplexPeer((far) =>
      far.send(
        buildConnectionInfo({
          connectionId: 'ID:back',
          clientId: 'back',
          userName: null,
          password: null,
          faultTolerant: false,
        }),
      ),
    )
    peer.receive(duplexInfo(), sessionInfo())
    expect(accepted).toEqual([])
    peer.takeSent()
    peer.receive(bridgeConnection({ responseRequired: true }), sessionInfo())
    expect(kinds(peer.takeSent())).toEqual(['Response', 'ConnectionInfo'])
    expect(accepted).toHaveLength(1)
    expect(accepted[0]!.initiator).toMatchObject({
      brokerName: 'other',
      brokerId: 'ID:other-0:1',
      brokerUrl: 'tcp://other:61616',
      address: 'tcp://10.0.0.7:51234',
      connectorName: 'east',
      networkProperties: 'name=east\nduplex=true\n',
    })
    peer.receive(bridgeConnection({ connectionId: { kind: 'ConnectionId', value: 'ID:2' }, clientId: 'two' }))
    expect(accepted).toHaveLength(1)
  })

  test('gets none when its ConnectionInfo is refused', () => {
    const { peer, accepted, service, clock } = duplexPeer()
    new TestSession(service).connect({
      connectionId: { kind: 'ConnectionId', value: 'ID:1' },
      clientId: 'NC_other_outbound',
    })
    peer.receive(duplexInfo(), bridgeConnection())
    expect(peer.takeSent()).toMatchObject([
      { kind: 'ConnectionError', exception: { className: 'javax.jms.InvalidClientIDException' } },
    ])
    clock.advance(2000)
    expect([accepted.length, peer.closed]).toEqual([0, 'ended'])
  })

  test('is told when there is nobody who builds bridges', () => {
    const { peer, region, clock } = peerOf()
    peer.receive(duplexInfo(), bridgeConnection())
    expect(peer.takeSent()).toMatchObject([
      { kind: 'ConnectionError', exception: { message: expect.stringMatching(/duplex bridge of broker other/) } },
      { kind: 'ConnectionError' },
    ])
    clock.advance(2000)
    expect([region.of('connect').length, peer.closed]).toEqual([0, 'ended'])
  })

  test('is told when it cannot be had', () => {
    const { peer, clock } = duplexPeer(() => {
      throw new RefusalError('INVALID_REQUEST', 'Cannot build a bridge: messageTTL is x')
    })
    peer.receive(duplexInfo(), bridgeConnection())
    expect(peer.takeSent()).toMatchObject([
      { kind: 'ConnectionError', exception: { message: 'Cannot build a bridge: messageTTL is x' } },
    ])
    clock.advance(2000)
    expect(peer.closed).toBe('ended')
  })

  test('an earlier one of the same connector is closed first; those of others stay', () => {
    const { peer, accepted, service, duplexBridges } = duplexPeer()
    const connect = (info: BrokerInfo, id: string): TestSession => {
      const session = new TestSession(service, {}, { duplexBridges }).negotiate()
      return session.receive(
        info,
        bridgeConnection({ connectionId: { kind: 'ConnectionId', value: id }, clientId: id }),
      )
    }
    peer.receive(duplexInfo(), bridgeConnection())
    connect(duplexInfo({ networkProperties: 'name=west' }), 'ID:2')
    connect(duplexInfo({ brokerId: { kind: 'BrokerId', value: 'ID:third-0:1' } }), 'ID:3')
    expect([peer.closed, accepted.length]).toEqual([undefined, 3])
    const back = new TestSession(service, {}, { duplexBridges }).negotiate()
    back.takeSent()
    back.receive(duplexInfo(), bridgeConnection({ connectionId: { kind: 'ConnectionId', value: 'ID:4' } }))
    expect(back.takeSent()).toEqual([])
    expect(peer.closed).toBe('destroyed')
    expect(accepted.map(({ ended }) => ended.length)).toEqual([1, 0, 0, 0])
    expect(accepted[0]!.ended).toEqual([expect.stringMatching(/east@ID:other-0:1 came back/)])
    expect(service.registry.size).toBe(3)
  })

  test('hears once that it is over', () => {
    const { peer, accepted } = duplexPeer()
    peer.receive(duplexInfo(), bridgeConnection(), { kind: 'ShutdownInfo', commandId: 9, responseRequired: false })
    expect(peer.closed).toBe('ended')
    peer.session.close()
    expect(accepted[0]!.ended).toEqual(['the other side has ended the connection'])
  })

  test('hears nothing when the store is given up', () => {
    const { peer, accepted } = duplexPeer()
    peer.receive(duplexInfo(), bridgeConnection())
    peer.session.abandon()
    peer.session.close()
    expect(accepted[0]!.ended).toEqual([])
  })

  test('ends itself, once what it was given is sent', async () => {
    const { peer, accepted, service } = duplexPeer()
    peer.receive(duplexInfo(), bridgeConnection(), sessionInfo(), consumerInfo({ responseRequired: false }))
    const [{ far, ended }] = accepted as [Accepted]
    far.send({ kind: 'ShutdownInfo', commandId: 0, responseRequired: false })
    far.close()
    far.close()
    far.send(buildRemoveConnection('ID:back', 0))
    expect(peer.closed).toBeUndefined()
    await Promise.resolve()
    expect(kinds(peer.takeSent())).toEqual(['ShutdownInfo'])
    expect([peer.closed, ended.length, service.registry.size]).toEqual(['ended', 0, 0])
  })
})
