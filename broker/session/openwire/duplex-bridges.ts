// Bridges that other brokers ask for over connections which they have opened (duplex), as sessions see those who build them. A
// session knows no demand and no settings: it hands over its socket's other end and what comes from there for a bridge.
//
//   BrokerInfo(duplexConnection) · ConnectionInfo accepted ──► DuplexBridges.accept(who, far end) ──► listener
//
// Of what the other broker sends, messages, and commands about what it has registered here, stay with the session: they go the way
// of any client's. The bridge gets its advisories and whatever answers or concerns what this broker has sent.
import type { Delivery } from '../../region/region.ts'
import type { BrokerSubscriptionInfo, Command, Throwable, WireFormatInfo } from '../../wire/openwire/commands.ts'

export interface DuplexBridges {
  /**
   * Somebody is there who wants a bridge in the other direction, and was answered. What the far end is given at once goes out
   * first. The listener hears of what comes after this call.
   * @throws {RefusalError} when there can be none: the other broker is told why, and the connection is closed.
   */
  accept(initiator: InitiatingBroker, far: DuplexFarEnd): DuplexListener
  /** What a broker that only forwards to this one is told when it has connected; null: nothing. */
  subscriptionsFor(initiator: InitiatingBroker, version: number): BrokerSubscriptionInfo | null
}

/** The broker that opened the connection, as it said itself. */
export interface InitiatingBroker {
  readonly brokerName: string
  readonly brokerId: string
  /** What it tells others to dial; '' when it does not say. */
  readonly brokerUrl: string
  /** `tcp://10.0.0.7:51234`: where it came from. */
  readonly address: string
  /** Name of its network connector. */
  readonly connectorName: string
  /** Its settings: text of java.util.Properties. */
  readonly networkProperties: string
}

/** What follows the wire formats. */
export type BridgeCommand = Exclude<Command, WireFormatInfo>

/** null: done; else why the other broker refused it. Not called when the bridge ends before. */
export type Answered = (refusal: Throwable | null) => void

/** What of a message is another one on its way to the next broker; the rest travels as it is. One object for each bridge. */
export interface ForwardHeader {
  /** `<connectionId>:<sessionId>:<value>` of the bridge's producer there. */
  readonly producerId: string
  /** The broker that it leaves: added to the message's path; null: the path is emptied. */
  readonly brokerId: string | null
  readonly useCompression: boolean
}

/** The other broker at the other end of the session's socket. */
export interface DuplexFarEnd {
  /** `tcp://10.0.0.7:51234` */
  readonly address: string
  /** Of the wire format that both agreed on. */
  readonly version: number
  /** What the other broker says that it is made of (WireFormat.peerProvider). */
  readonly provider?: string | undefined
  /** Messages that came over this connection from the other broker, and were no advisories for the bridge. */
  readonly received: number
  send(command: BridgeCommand): void
  /** Many may be under way; the answers come in any order. */
  request(command: BridgeCommand, answered: Answered): void
  /**
   * Sends the message of a delivery to where it was delivered from. null: no answer is asked for.
   * @throws {Error} when it cannot be sent to this broker at all; the connection goes on.
   */
  forward(delivery: Delivery, header: ForwardHeader, answered: Answered | null): void
  /** True while more waits for the socket than should: nothing is forwarded until `relieved`. */
  readonly congested: boolean
  /** The other broker has yet to answer something, behind whatever else it sends. */
  readonly awaitsAnswers: boolean
  /** Sends what was given, and closes soon, not within the call; the listener hears no more. */
  close(): void
}

export interface DuplexListener {
  command(command: Command): void
  /** The far end is not congested any more. */
  relieved(): void
  /** The end, once, unless `close` was called before. */
  failed(error: Error): void
}
