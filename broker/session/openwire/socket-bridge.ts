// What a session does because its peer is another broker's bridge. The broker says who it is before it connects, once. From then
// on its connections are network connections; a bridge back over the same socket begins when the first of them was accepted and
// answered, and not before: until then nobody knows whether it may connect at all.
import { RefusalError } from '../../base/errors.ts'
import type { Logger } from '../../base/logger.ts'
import type { BrokerInfo, BrokerSubscriptionInfo, Command } from '../../wire/openwire/commands.ts'
import type { ReadingPauses } from '../reading-pauses.ts'
import type { DuplexBridges } from './duplex-bridges.ts'
import { DuplexEnd, type DuplexPeer } from './duplex-end.ts'
import { maxAnswersWhileCongested } from './limits.ts'
import type { MessageReceiver } from './message-receiver.ts'
import { otherBrokerOf, unreadable, type OtherBroker } from './other-broker.ts'
import type { SocketConnections } from './socket-connections.ts'

export interface BridgePeer extends DuplexPeer {
  readonly logger: Logger
  answer(commandId: number, responseRequired: boolean, error: RefusalError): void
  closeSoon(reason: RefusalError): void
}

export interface SocketBridgeOptions {
  readonly peer: BridgePeer
  readonly connections: SocketConnections
  readonly messages: MessageReceiver
  readonly pauses: ReadingPauses
  /** null: bridges in both directions are refused. */
  readonly bridges: DuplexBridges | null
}

export class SocketBridge {
  readonly #options: SocketBridgeOptions
  #introduced = false
  #duplex: DuplexEnd | null = null
  #answersWhileCongested = 0
  /** The other broker is connected, and has what it asks for. */
  #answered = false
  /** Those of the other broker, until there is a bridge back. */
  #subscriptions: BrokerSubscriptionInfo | null = null

  constructor(options: SocketBridgeOptions) {
    this.#options = options
  }

  /** null until there is a bridge back. */
  get duplex(): DuplexEnd | null {
    return this.#duplex
  }

  /**
   * A BrokerInfo came. One that is no bridge's means nothing.
   * @throws {FormatError} when it is not the time for it, or says nothing. @throws {RefusalError} when the bridge is not accepted.
   */
  introduced(info: BrokerInfo): void {
    const { peer, connections, bridges } = this.#options
    if (this.#introduced) throw unreadable('there was one before')
    this.#introduced = true
    if (!info.networkConnection) return
    if (connections.size > 0) throw unreadable('it comes after a ConnectionInfo')
    const broker = otherBrokerOf(info, peer.remoteAddress)
    const { brokerName, brokerId, connectorName, duplex } = broker
    if (duplex && !bridges) throw this.#refused(brokerName)
    peer.logger.info('Another broker builds a bridge to this one', { brokerName, brokerId, connectorName, duplex })
    connections.broker = broker
  }

  /** Takes a command that is for a bridge back and not for the session. */
  take(command: Command): boolean {
    if (this.#duplex) return this.#duplex.take(command)
    // It comes before there is a bridge back.
    if (command.kind !== 'BrokerSubscriptionInfo') return false
    if (this.#options.connections.broker?.duplex === true) this.#subscriptions = command
    return true
  }

  /** A command was carried out and answered. */
  commandDone(): void {
    const { broker, size } = this.#options.connections
    if (broker === null || this.#answered || size === 0) return
    this.#answered = true
    if (broker.duplex) this.#buildBack(broker)
    else this.#tellSubscriptions(broker)
  }

  /** The socket takes no more bytes for now. What a bridge back forwards stops, what comes from there does not (duplex-end.ts). */
  congested(): void {
    if (!this.#duplex) this.#options.pauses.pause('output')
  }

  /** While it takes none. Who does not read its answers is no bridge, and is not read either until it does. */
  answered(): void {
    if (this.#duplex && ++this.#answersWhileCongested === maxAnswersWhileCongested) this.#options.pauses.pause('output')
  }

  relieved(): void {
    this.#answersWhileCongested = 0
    this.#options.pauses.resume('output')
    this.#duplex?.relieved()
  }

  /** The session is over. */
  ended(reason: string): void {
    this.#duplex?.failed(reason)
  }

  #tellSubscriptions(broker: OtherBroker): void {
    const { bridges, peer } = this.#options
    const subscriptions = bridges?.subscriptionsFor(broker, peer.version)
    if (subscriptions) peer.send(subscriptions)
  }

  #buildBack(broker: OtherBroker): void {
    const { messages, bridges, peer } = this.#options
    this.#duplex = new DuplexEnd(peer)
    messages.bridge = this.#duplex
    try {
      this.#duplex.attach(bridges!.accept(broker, this.#duplex))
      if (this.#subscriptions) this.#duplex.take(this.#subscriptions)
      this.#subscriptions = null
    } catch (error) {
      if (!(error instanceof RefusalError)) throw error
      peer.closeSoon(error)
      peer.answer(0, false, error)
    }
  }

  #refused(brokerName: string): RefusalError {
    const error = new RefusalError(
      'UNSUPPORTED',
      `Cannot accept the duplex bridge of broker ${brokerName}: this broker builds none`,
    )
    this.#options.peer.logger.warn('Refused a duplex bridge', { brokerName })
    this.#options.peer.closeSoon(error)
    return error
  }
}
