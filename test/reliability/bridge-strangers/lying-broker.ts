// A broker with one connector that leads to a liar, or that a liar has dialled, and honest clients of it.
import { buildMessage } from '../../../broker/message/build-message.ts'
import { parseDestination } from '../../../broker/message/destination.ts'
import type { Delivery, RegionConnection } from '../../../broker/region/region.ts'
import type { NetworkBridgeSnapshot } from '../../../broker/management/contract.ts'
import { buildBrokerInfo, buildResponse, buildSessionInfo } from '../../../broker/openwire/build-commands.ts'
import type {
  BrokerInfo,
  BrokerSubscriptionInfo,
  DataStructure,
  MessageCommand,
} from '../../../broker/wire/openwire/commands.ts'
import { messageCommandOf, nestedFormOf } from '../../../broker/wire/openwire/stored-form.ts'
import type { WireFormatOptions } from '../../../broker/wire/openwire/wire-format.ts'
import { acknowledgementNamed } from '../../support/acknowledgement.ts'
import { testMessage } from '../../support/test-message.ts'
import { connectionInfo } from '../../broker/session/openwire/session-harness.ts'
import { settle } from '../janitor.ts'
import { Peer } from '../stranger-world.ts'
import { BridgeWorld } from './bridge-world.ts'
import type { DialledPeer } from './dialled-peer.ts'

export interface LiarOptions {
  /** Of the connector. */
  readonly settings?: object
  readonly wireFormat?: Partial<WireFormatOptions>
  /** How it introduces itself. */
  readonly brokerInfo?: Partial<BrokerInfo>
}

export class LyingBroker {
  readonly world: BridgeWorld
  readonly peer: DialledPeer

  /** Has dialled it, and has heard who it says to be. */
  static async dialled({ settings = {}, wireFormat = {}, brokerInfo = {} }: LiarOptions = {}): Promise<LyingBroker> {
    const uri = 'static:(tcp://liar:61616)?initialReconnectDelay=100&useExponentialBackOff=false'
    const world = await BridgeWorld.start({ networkConnectors: [{ name: 'NC', uri, ...settings }] })
    world.us.parts.network.start()
    const liar = new LyingBroker(world, world.dialled.get('liar')!)
    await liar.introduce(brokerInfo, wireFormat)
    return liar
  }

  private constructor(world: BridgeWorld, peer: DialledPeer) {
    this.world = world
    this.peer = peer
  }

  async introduce(brokerInfo: Partial<BrokerInfo> = {}, wireFormat: Partial<WireFormatOptions> = {}): Promise<void> {
    this.peer.open()
    this.peer.negotiate({ maxInactivityDurationMs: 0, stackTraceEnabled: false, ...wireFormat })
    this.peer.send({ ...buildBrokerInfo(there), ...brokerInfo })
    await settle()
    // It lets the bridge in.
    for (const command of this.peer.received)
      if (command.kind === 'ConnectionInfo' && command.responseRequired)
        this.peer.send(buildResponse(command.commandId))
    await settle()
  }

  /** Of its bridge, as the admin port shows it. */
  get bridge(): NetworkBridgeSnapshot {
    return this.world.us.parts.network.bridges()[0]!
  }

  /** Tells of something by an advisory. */
  async advise(...structures: DataStructure[]): Promise<void> {
    this.peer.send(...structures.map((structure) => dispatchOf(advisoryOf(structure))))
    await settle()
  }

  /** The messages that were forwarded to it, and that it has not looked at. */
  take(): MessageCommand[] {
    return this.peer.received
      .splice(0)
      .filter((command): command is MessageCommand => command.kind.startsWith('ActiveMQ'))
  }

  client(connectionId = 'ID:client'): LocalClient {
    return new LocalClient(this.world, connectionId)
  }

  sizeOf(destination: string): number | undefined {
    const { kind, name } = parseDestination(destination)
    return this.world.us.parts.region.statistics().find((found) => found.kind === kind && found.name === name)?.size
  }
}

export const there = { brokerName: 'there', brokerId: 'ID:there', brokerUrl: 'tcp://there:61616' }

let advisories = 0

export const advisoryOf = (
  structure: DataStructure | null,
  topic = 'ActiveMQ.Advisory.Consumer.Queue.Q',
  connectionId = 'ID:there:advisory',
): MessageCommand =>
  messageCommandOf(
    buildMessage({
      destination: { kind: 'topic', name: topic },
      producer: { connectionId, sessionId: 1, value: 1 },
      producerSequenceId: ++advisories,
      type: 'Advisory',
      dataStructure: structure && nestedFormOf(structure),
    }).bytes,
  )

export const dispatchOf = (message: MessageCommand | null): DataStructure => ({
  kind: 'MessageDispatch',
  commandId: 0,
  responseRequired: false,
  consumerId: null,
  destination: message?.destination ?? null,
  message,
  redeliveryCounter: 0,
})

/** A liar that dials; what it was answered is in its `received`. `subscriptions`: what it tells before it connects. */
export async function dialling(
  world: BridgeWorld,
  brokerInfo: Partial<BrokerInfo> = {},
  subscriptions: BrokerSubscriptionInfo | null = null,
  id = 'ID:liar',
): Promise<Peer> {
  const peer = new Peer(world, { tightEncodingEnabled: false, cacheEnabled: false, maxFrameSize: 2 ** 26 }, true)
  peer.negotiate({ tightEncodingEnabled: false, cacheEnabled: false, maxInactivityDurationMs: 0 })
  const asks = { networkConnection: true, duplexConnection: true, networkProperties: '#\nname=NC\n' }
  const commands = [
    { ...buildBrokerInfo(there, asks), ...brokerInfo },
    ...(subscriptions ? [subscriptions] : []),
    connectionInfo({ connectionId: { kind: 'ConnectionId', value: id }, clientId: `client of ${id}` }),
    buildSessionInfo(id, 1),
  ]
  // A large command comes in many pieces.
  for (const command of commands)
    for (let bytes = peer.codec.encode(command); bytes.length > 0 && !peer.closed; bytes = bytes.subarray(piece))
      peer.give(bytes.subarray(0, piece))
  await settle()
  return peer
}

const piece = 16 * 1024

/** A client of the broker that is lied to. */
export class LocalClient {
  readonly connectionId: string
  readonly refusals: string[] = []
  readonly #region: RegionConnection
  readonly #received: Delivery[] = []
  #consumers = 0
  #sent = 0

  constructor({ us }: BridgeWorld, connectionId: string) {
    this.connectionId = connectionId
    this.#region = us.parts.region.connect(
      { connectionId, clientId: connectionId, failoverReconnect: false },
      { deliver: (delivery) => void this.#received.push(delivery), deliverNothing() {}, pause() {}, resume() {} },
    )
    this.#region.addProducer({ producerId: `${connectionId}:1:1`, destination: null })
  }

  create(destination: string): void {
    this.#region.addDestination(parseDestination(destination))
  }

  consume(destination: string): void {
    this.#region.addConsumer({
      consumerId: `${this.connectionId}:1:${++this.#consumers}`,
      destination: parseDestination(destination),
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

  async send(destination: string, messages = 1): Promise<void> {
    for (let count = 0; count < messages; count++) {
      const message = testMessage({
        destination: parseDestination(destination),
        producerId: `${this.connectionId}:1:1`,
        producerSequenceId: ++this.#sent,
        persistent: true,
        body: 'x',
      })
      this.#region.send(message, null, (error) => void (error && this.refusals.push(error.message)))
    }
    await settle()
  }

  /** What came since the last call, acknowledged: the numbers by which they were sent. */
  async receive(): Promise<number[]> {
    await settle()
    return this.#received.splice(0).map(({ consumerId, message, sequence }) => {
      const last = { messageId: message.messageId, sequence }
      this.#region.acknowledge(acknowledgementNamed('individual', { consumerId, last })!, () => {})
      return message.producerSequenceId
    })
  }

  close(): void {
    this.#region.close()
  }
}
