// Two brokers with a duplex bridge between them, both without room: each withholds its answers until the other one's come. The
// session is real and has a real region behind it; the other broker and the bridge are the test.
import { expect, test } from '@jest/globals'
import { silentLogger } from '../../../../broker/base/logger.ts'
import { parseDestination } from '../../../../broker/message/destination.ts'
import { buildResponse } from '../../../../broker/openwire/build-commands.ts'
import type { Delivery } from '../../../../broker/region/region.ts'
import { connectionLimits } from '../../../../broker/region/limits.ts'
import { ClusterBrokers } from '../../../../broker/session/cluster-brokers.ts'
import { ConnectionRegistry } from '../../../../broker/session/connection-registry.ts'
import { LimitCounts } from '../../../../broker/session/limit-counts.ts'
import type { DuplexFarEnd } from '../../../../broker/session/openwire/duplex-bridges.ts'
import type { Command, MessageCommand } from '../../../../broker/wire/openwire/commands.ts'
import { acknowledgementNamed } from '../../../support/acknowledgement.ts'
import { RegionHarness } from '../../region/region-harness.ts'
import { bridgeInfo } from './network-commands.ts'
import { connectionInfo, TestSession } from './session-harness.ts'
import { producerId, producerInfo, sessionInfo, textMessage } from './test-commands.ts'

const kib = 1024
const bodyBytes = 15 * kib
const messageBytes = 16 * kib

/** This broker, which is full of what waits for the other one in queue THERE; only its answers can make room. */
async function fullBroker() {
  const harness = await RegionHarness.start({ memoryLimit: 1024 * kib })
  const { region, clock } = harness
  const identity = { brokerName: 'localhost', brokerId: 'ID:here-0:1', brokerUrl: 'tcp://here:61616' }
  const service = {
    identity,
    region,
    registry: new ConnectionRegistry('localhost'),
    cluster: new ClusterBrokers(identity),
    advisories: { flush() {}, bridgeStarted() {}, bridgeStopped() {}, consumers: () => [] },
    limits: new LimitCounts(clock, silentLogger),
    clock,
    logger: silentLogger,
  }
  let far: DuplexFarEnd | undefined
  const peer = new TestSession(
    service,
    {},
    {
      duplexBridges: {
        subscriptionsFor: () => null,
        accept(_, end) {
          far = end
          return { command() {}, relieved() {}, failed() {} }
        },
      },
    },
  ).negotiate({ maxInactivityDurationMs: 0 })
  peer.receive(
    bridgeInfo({ duplexConnection: true }),
    connectionInfo({ responseRequired: false }),
    sessionInfo(),
    producerInfo({ destination: null, responseRequired: false }),
  )
  const producer = harness.connect()
  let last = producer.send('queue://THERE')
  while (last.state !== 'pending') last = producer.send('queue://THERE', { body: 'x'.repeat(bodyBytes) })
  peer.takeSent()
  return { harness, peer, far: far! }
}

/** What the bridge does with the demand of the other broker. */
function forwardTo(far: DuplexFarEnd, harness: RegionHarness): void {
  const header = { producerId: 'ID:back-1:1:1:1', brokerId: 'ID:here-0:1', useCompression: false }
  const connection = harness.region.connect(
    { connectionId: 'ID:near', clientId: 'near', failoverReconnect: false, network: true },
    {
      deliver: (delivery: Delivery) =>
        far.forward(delivery, header, () =>
          connection.acknowledge(
            acknowledgementNamed('individual', {
              consumerId: 'ID:near:1:1',
              last: { messageId: delivery.message.messageId, sequence: delivery.sequence },
            })!,
            () => {},
          ),
        ),
      deliverNothing() {},
      pause() {},
      resume() {},
    },
  )
  connection.addConsumer({
    consumerId: 'ID:near:1:1',
    destination: parseDestination('queue://THERE'),
    prefetchSize: 1000,
    priority: 0,
    exclusive: false,
    noLocal: false,
    maximumPendingMessageLimit: 0,
    selector: null,
    browser: false,
    subscriptionName: null,
  })
}

const forwarded = (sequence: number) =>
  textMessage({
    commandId: 1000 + sequence,
    persistent: false,
    destination: { kind: 'ActiveMQQueue', physicalName: 'THERE' },
    messageId: { kind: 'MessageId', textView: null, producerId, producerSequenceId: sequence, brokerSequenceId: 0 },
    content: Buffer.alloc(bodyBytes),
  })

const isMessage = (command: Command): command is MessageCommand => command.kind.startsWith('ActiveMQ')

test('the answers that make room come behind messages that find none, and get through', async () => {
  const { harness, peer, far } = await fullBroker()
  forwardTo(far, harness)
  const toThere = peer.takeSent().filter(isMessage)
  expect(toThere.length).toBeGreaterThan(40)
  const count = (4 * connectionLimits.heldBackBytesOfConsumers) / messageBytes
  for (let sequence = 1; sequence <= count; sequence++) peer.receive(forwarded(sequence))
  expect(peer.takeSent()).toEqual([])
  expect(peer.reading).toBe(true)

  // Those that come back from there are forwarded once more; the other broker takes them all.
  const answered = new Set<number>()
  for (let waiting = toThere; waiting.length > 0;) {
    peer.receive(...waiting.map(({ commandId }) => buildResponse(commandId)))
    const sent = peer.takeSent()
    for (const command of sent) if (command.kind === 'Response') answered.add(command.correlationId)
    waiting = sent.filter(isMessage)
  }
  expect(answered.size).toBe(count)
  expect(harness.region.memory()).toMatchObject({ used: 0, blockedConnections: 0 })
})

test('when there is more than a bridge can have under way, it is refused after a while, and the answers get through', async () => {
  const { harness, peer, far } = await fullBroker()
  forwardTo(far, harness)
  const toThere = peer.takeSent().filter(isMessage)
  let sequence = 0
  while (peer.reading) peer.receive(forwarded(++sequence))
  expect(sequence * messageBytes).toBeGreaterThanOrEqual(connectionLimits.heldBackBytesOfNetworks)
  harness.clock.advance(connectionLimits.blockedConsumerTimeoutMs)
  expect(peer.reading).toBe(true)
  expect(peer.takeSent().filter(({ kind }) => kind === 'ExceptionResponse')).toHaveLength(sequence)
  peer.receive(...toThere.map(({ commandId }) => buildResponse(commandId)))
  expect(harness.region.memory().used).toBeLessThan(256 * kib)
})
