// The other broker of a duplex bridge at the other end of a session's socket. One socket, four ways:
//
//   in    messages and registrations of the other broker      the session's, as of any client
//   in    its advisories, its answers to what we forwarded    ours: to the listener
//   out   messages that the bridge forwards, its commands     ours
//   out   answers to its messages, deliveries to its consumer the session's
//
// Two brokers that both have no room must not wait for each other, each with the other's answers behind messages in a socket that
// it does not read. So whether there is room here never decides whether the socket is read:
//
//   - Messages for which there is no room are held back in memory, unanswered, and reading goes on (region/flow-control.ts). The
//     answers to what we have forwarded are read, room comes back, what was held back is admitted and answered. An honest broker
//     sends as many messages without an answer as the prefetch of its demand permits, which ends the growth.
//   - Beyond connectionLimits.heldBackBytesOfNetworks it is no bridge, or one with more demand than we can hold: then reading does
//     pause. While we wait for answers ourselves (`awaitsAnswers`) it pauses for blockedConsumerTimeoutMs at most: then all that is
//     held back is refused, the other broker's bridge ends and starts anew, and what was refused is in its queues (but for what was
//     sent without asking for an answer, which brokers may lose). A disk that is behind pauses reading, too, and needs nobody else
//     to catch up.
//   - That the socket does not take our bytes stops what we forward (`congested`), not what we read: else two brokers that forward
//     to each other would stop reading at the same time. What grows meanwhile is answers, a few bytes each; beyond
//     `maxAnswersWhileCongested` of them the other side does not read, and outboundStallTimeoutMs ends it.
import type { Message } from '../../message/message.ts'
import { isForBridges } from '../../message/bridge-advisories.ts'
import type { Delivery } from '../../region/region.ts'
import type { Command, Throwable } from '../../wire/openwire/commands.ts'
import { CommandIds } from '../../openwire/command-ids.ts'
import { messageCommandOf } from '../../wire/openwire/stored-form.ts'
import { buildThrowable } from '../../wire/openwire/throwable.ts'
import type { Answered, BridgeCommand, DuplexFarEnd, DuplexListener, ForwardHeader } from './duplex-bridges.ts'
import { ForwardedMessages } from './forwarded-messages.ts'

/** The session, as the far end sees it. */
export interface DuplexPeer {
  readonly remoteAddress: string
  /** Of the wire format. */
  readonly version: number
  readonly provider?: string | undefined
  readonly congested: boolean
  send(command: Command): void
  /** A message in its stored form, whose memory is given away. @throws {FormatError} when it cannot be encoded for this peer. */
  sendMessage(stored: Buffer, delivery: Delivery): void
  /** Whether the connection of that id was announced on this socket. */
  isRegistered(connectionId: string): boolean
  endSoon(): void
}

export class DuplexEnd implements DuplexFarEnd {
  readonly address: string
  readonly #peer: DuplexPeer
  readonly #forwarded = new ForwardedMessages()
  /** By the id of the command that is to be answered. */
  readonly #awaited = new Map<number, Answered>()
  #listener: DuplexListener | null = null
  readonly #commandIds = new CommandIds()
  #received = 0
  #ended = false

  constructor(peer: DuplexPeer) {
    this.#peer = peer
    this.address = peer.remoteAddress
  }

  get version(): number {
    return this.#peer.version
  }

  get provider(): string | undefined {
    return this.#peer.provider
  }

  get received(): number {
    return this.#received
  }

  get congested(): boolean {
    return this.#peer.congested
  }

  /** The other broker has yet to answer something, behind whatever else it sends. */
  get awaitsAnswers(): boolean {
    return this.#awaited.size > 0
  }

  attach(listener: DuplexListener): void {
    if (!this.#ended) this.#listener = listener
  }

  send(command: BridgeCommand): void {
    if (!this.#ended) this.#peer.send({ ...command, commandId: this.#commandIds.next(this.#awaited) })
  }

  request(command: BridgeCommand, answered: Answered): void {
    if (this.#ended) return
    const commandId = this.#commandIds.next(this.#awaited)
    this.#awaited.set(commandId, answered)
    this.#peer.send({ ...command, commandId, responseRequired: true })
  }

  forward(delivery: Delivery, header: ForwardHeader, answered: Answered | null): void {
    if (this.#ended) return
    const commandId = this.#commandIds.next(this.#awaited)
    const stored = this.#forwarded.of(delivery, header, commandId, answered !== null)
    this.#peer.sendMessage(stored, delivery)
    if (answered) this.#awaited.set(commandId, answered)
  }

  close(): void {
    if (this.#ended) return
    this.#end()
    this.#peer.endSoon()
  }

  /** Takes a command that is for the bridge and not for the session. */
  take(command: Command): boolean {
    if (command.kind === 'ExceptionResponse') this.#answered(command.correlationId, command.exception ?? unexplained)
    else if (isAnswer(command)) this.#answered(command.correlationId, null)
    else if (this.#isForBridge(command)) this.#listener?.command(command)
    else return false
    return true
  }

  /** Takes a message that is an advisory for the bridge and not for the region. */
  takeMessage(message: Message): boolean {
    if (!isForBridges(message.destination)) {
      this.#received++
      return false
    }
    this.#listener?.command(messageCommandOf(message.bytes))
    return true
  }

  /** The session's socket takes bytes again. */
  relieved(): void {
    this.#listener?.relieved()
  }

  /** The session is over. */
  failed(reason: string): void {
    const listener = this.#listener
    this.#end()
    listener?.failed(new Error(reason))
  }

  /** Acknowledgements for consumers that were announced on this socket are the session's. */
  #isForBridge(command: Command): boolean {
    if (command.kind === 'MessageAck') return !this.#peer.isRegistered(command.consumerId?.connectionId ?? '')
    return forBridges.has(command.kind)
  }

  #end(): void {
    this.#ended = true
    this.#listener = null
    this.#awaited.clear()
  }

  /** Of what nobody waits for: ignored, as answers that come after a failure are. */
  #answered(correlationId: number, refusal: Throwable | null): void {
    const answered = this.#awaited.get(correlationId)
    this.#awaited.delete(correlationId)
    answered?.(refusal)
  }
}

type Answer = Extract<Command, { kind: 'Response' | 'DataResponse' | 'DataArrayResponse' | 'IntegerResponse' }>

const answers: ReadonlySet<Command['kind']> = new Set([
  'Response',
  'DataResponse',
  'DataArrayResponse',
  'IntegerResponse',
])

const isAnswer = (command: Command): command is Answer => answers.has(command.kind)

const forBridges: ReadonlySet<Command['kind']> = new Set([
  'MessageDispatch',
  'ConnectionError',
  'BrokerSubscriptionInfo',
])

const unexplained = buildThrowable('java.lang.Throwable', '')
