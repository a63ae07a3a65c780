// The broker at the other end of a bridge, as the bridge sees it: an OpenWire connection that is open, whoever dialled. The one
// that dialled has it over a client's transport (dialled-far-end.ts), the one that accepted a duplex bridge over a session's socket.
// Nobody here knows sockets.
import type { Delivery } from '../region/region.ts'
import type { Command, Throwable, WireFormatInfo } from '../wire/openwire/commands.ts'

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

export interface FarEnd {
  /** `tcp://10.0.0.7:61616` */
  readonly address: string
  /** Of the wire format that both agreed on. */
  readonly version: number
  /** What the other broker says that it is made of (WireFormat.peerProvider). */
  readonly provider?: string | undefined
  /** Messages that came from the other broker and were taken by somebody else than the bridge: where it is a session's socket. */
  readonly received?: number
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
  /** Reads nothing more until `resume`, for want of room: only of one that was dialled. */
  pause?(): void
  resume?(): void
  /** Sends what was given, and closes; the bridge hears no more. */
  close(): void
}

export interface FarEndListener {
  /** Everything but answers, keep-alives and wire formats; messages only where `message` does not get them. */
  command(command: Command): void
  /** A message in its stored form, memory of its own: where the connection's frames are such. */
  message?(stored: Buffer): void
  /** The far end is not congested any more. */
  relieved(): void
  /** The end, once, unless `close` was called before. */
  failed(error: Error): void
}
