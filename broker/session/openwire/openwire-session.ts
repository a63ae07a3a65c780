// One OpenWire connection of the broker as a state machine: bytes and ticks of the clock in, bytes and region calls out. It
// decides what a frame is in which phase, and when and how the connection ends; the rest is done by its parts.
//
//   negotiating   our WireFormatInfo is sent, the peer's is awaited
//   open          frames are commands; a ConnectionInfo makes the peer a client
//   refused       a ConnectionInfo was refused: every further command is answered with that error until the socket closes
//   closed
//
//   bytes → FrameSplitter → FrameTurns → this → MessageReceiver or CommandExecutor → region → CommandWriter → OutputBuffer
import { errorMessage, type RefusalError } from '../../base/errors.ts'
import { FormatError } from '../../base/format-error.ts'
import type { LogFields, Logger } from '../../base/logger.ts'
import type { Timer } from '../../base/clock.ts'
import type { Delivery } from '../../region/region.ts'
import type {
  BrokerInfo,
  Command,
  ConnectionControl,
  ConnectionInfo,
  KeepAliveInfo,
  MessageCommand,
  WireFormatInfo,
} from '../../wire/openwire/commands.ts'
import { typeCodes } from '../../wire/openwire/commands.ts'
import { FrameSplitter } from '../../wire/openwire/frame-splitter.ts'
import { isMessageType, OpenWireCodec, peekType } from '../../wire/openwire/openwire-codec.ts'
import { messageFormOf, storedFormOf } from '../../wire/openwire/stored-form.ts'
import type { WireFormat, WireFormatOptions } from '../../wire/openwire/wire-format.ts'
import { ReadingPauses } from '../reading-pauses.ts'
import type { AcceptedConnection, Session } from '../session.ts'
import { buildBrokerInfo, buildKeepAlive } from '../../openwire/build-commands.ts'
import type { ClusterClient, ClusterClients } from './cluster-clients.ts'
import { CommandExecutor, type CommandPeer } from './command-executor.ts'
import { CommandWriter, initialCodec } from './command-writer.ts'
import type { ConsumerState } from './connection-state.ts'
import type { DuplexBridges } from './duplex-bridges.ts'
import { FrameTurns } from './frame-turns.ts'
import { InactivityMonitor } from './inactivity-monitor.ts'
import { IncompleteFrameWatch } from './incomplete-frame-watch.ts'
import { firstUpdatedVersion, maxCommandBytes, maxSubscriptionInfoBytes, refusedConnectionLingerMs } from './limits.ts'
import { MessageReceiver } from './message-receiver.ts'
import { Negotiation } from './negotiation.ts'
import { SocketBridge, type BridgePeer } from './socket-bridge.ts'
import { SocketConnections, type ConnectionPeer } from './socket-connections.ts'
import type { SessionService } from '../session-service.ts'

export type SessionPhase = 'negotiating' | 'open' | 'refused' | 'closed'

export interface OpenWireSessionOptions {
  readonly service: SessionService
  readonly wireFormat: WireFormatOptions
  readonly clusterClients: ClusterClients
  /** null: bridges in both directions are refused. */
  readonly duplexBridges: DuplexBridges | null
  readonly connection: AcceptedConnection
}

export class OpenWireSession implements Session, ConnectionPeer, CommandPeer, ClusterClient, BridgePeer {
  readonly remoteAddress: string
  readonly connectorName: string
  readonly logger: Logger
  readonly #service: SessionService
  readonly #connection: AcceptedConnection
  readonly #negotiation: Negotiation
  readonly #splitter: FrameSplitter
  readonly #turns: FrameTurns
  readonly #pauses: ReadingPauses
  readonly #watch: IncompleteFrameWatch
  readonly #monitor: InactivityMonitor
  readonly #connections: SocketConnections
  readonly #executor: CommandExecutor
  readonly #writer: CommandWriter
  readonly #messages: MessageReceiver
  readonly #clusterClients: ClusterClients
  readonly #bridge: SocketBridge
  #codec = initialCodec
  #phase: SessionPhase = 'negotiating'
  #refusal: RefusalError | undefined
  #lingerTimer: Timer | undefined
  #faultTolerant = false

  constructor(options: OpenWireSessionOptions) {
    const { service, wireFormat, clusterClients, connection } = options
    const { clock } = service
    const { output, remoteAddress, connectorName } = connection
    this.remoteAddress = remoteAddress
    this.connectorName = connectorName
    this.logger = service.logger.child({ remoteAddress, connector: connectorName })
    this.#service = service
    this.#connection = connection
    this.#clusterClients = clusterClients
    this.#negotiation = new Negotiation(clock, wireFormat)
    this.#splitter = new FrameSplitter(wireFormat.maxFrameSize)
    this.#turns = this.#buildTurns()
    this.#monitor = new InactivityMonitor(clock, {
      sendKeepAlive: () => this.send(buildKeepAlive(0)),
      peerIsSilent: (durationMs) =>
        this.#drop(`Channel was inactive for too long (${durationMs} ms)`, 'maxInactivityDuration'),
    })
    this.#pauses = new ReadingPauses(output, (paused) => (this.#monitor.readingPaused = paused))
    this.#watch = new IncompleteFrameWatch({
      clock,
      splitter: this.#splitter,
      pauses: this.#pauses,
      drop: (reason, limit) => this.#drop(reason, limit),
    })
    this.#connections = new SocketConnections(service, this)
    this.#executor = new CommandExecutor(this.#connections, this)
    this.#writer = this.#buildWriter(output)
    this.#messages = new MessageReceiver(clock, this.#connections, this)
    this.#bridge = this.#buildBridge(options)
  }

  get phase(): SessionPhase {
    return this.#phase
  }

  get ofBridge(): boolean {
    return this.#connections.broker !== null
  }

  get version(): number {
    return this.#codec.format.version
  }

  get provider(): string | undefined {
    return this.#codec.format.peerProvider
  }

  get takesUpdates(): boolean {
    return this.#faultTolerant && this.version >= firstUpdatedVersion
  }

  get awaitsAnswers(): boolean {
    return this.#bridge.duplex?.awaitsAnswers === true
  }

  isRegistered(connectionId: string): boolean {
    return this.#connections.find(connectionId) !== undefined
  }

  /** Sends our WireFormatInfo and starts waiting for the peer's. */
  start(): void {
    this.send(this.#negotiation.offer)
    this.#negotiation.start((reason, limit) => this.#drop(reason, limit))
  }

  /** All frames that the bytes complete are handled before this returns, unless they take too long (frame-turns.ts). */
  receive(bytes: Buffer): void {
    if (this.#phase === 'closed') return
    this.#monitor.received()
    try {
      const frames = this.#splitter.push(bytes)
      this.#watch.received(bytes.length, frames.length)
      this.#turns.take(frames)
    } catch (error) {
      this.#fail(error)
    }
    if (this.#splitter.bufferedBytes > 0) this.#watch.watch()
  }

  drained(): void {
    this.#writer.drained()
  }

  close(reason = 'the connection was closed'): void {
    if (this.#phase === 'closed') return
    this.abandon()
    this.#connections.close()
    this.#bridge.ended(reason)
    this.#service.advisories.flush()
  }

  abandon(): void {
    this.#phase = 'closed'
    this.#negotiation.close()
    this.#lingerTimer?.cancel()
    this.#turns.close()
    this.#watch.close()
    this.#pauses.close()
    this.#monitor.stop()
    this.#writer.close()
    this.#clusterClients.left(this)
  }

  send(command: Command): void {
    this.#writer.send(command)
  }

  sendMessage(stored: Buffer, { sequence }: Delivery): void {
    this.#writer.sendMessage(stored, sequence)
  }

  answer(commandId: number, responseRequired: boolean, error: RefusalError | undefined): void {
    if (error) this.#noteRefusal(commandId, error)
    this.#writer.answer(commandId, responseRequired, error)
    if (this.#writer.congested) this.#bridge.answered()
  }

  limitReached(limit: string): void {
    this.#countLimit(limit)
  }

  get congested(): boolean {
    return this.#writer.congested
  }

  dispatch(consumer: ConsumerState, delivery: Delivery | null): void {
    this.#writer.deliver(consumer, delivery)
  }

  pause(): void {
    this.#pauses.pause('region')
  }

  resume(): void {
    this.#pauses.resume('region')
  }

  stop(reason: string): void {
    this.logger.info('Closed a connection', { reason })
    this.close(reason)
    this.#connection.output.destroy()
  }

  closeSoon(reason: RefusalError): void {
    this.#phase = 'refused'
    this.#refusal = reason
    this.logger.info('Refused a connection', { reason: reason.message })
    this.#negotiation.close()
    this.#lingerTimer?.cancel()
    this.#lingerTimer = this.#service.clock.after(refusedConnectionLingerMs, () => this.#end())
  }

  /** Whoever says so may be in the middle of something. */
  endSoon(): void {
    queueMicrotask(() => this.#end())
  }

  connected({ faultTolerant }: ConnectionInfo): void {
    this.#watch.peerIsKnown()
    this.#faultTolerant = faultTolerant
    this.#clusterClients.joined(this)
  }

  controlled({ faultTolerant }: ConnectionControl): void {
    this.#faultTolerant = faultTolerant
  }

  introduced(info: BrokerInfo): void {
    this.#bridge.introduced(info)
    // What may be long comes before it connects.
    if (info.networkConnection) this.#watch.peerIsKnown()
  }

  clusterControl({ failoverReconnect }: ConnectionInfo): ConnectionControl {
    return this.#clusterClients.control(failoverReconnect)
  }

  #buildWriter(output: AcceptedConnection['output']): CommandWriter {
    return new CommandWriter(output, this.#service.clock, this.#monitor, {
      congested: () => this.#bridge.congested(),
      relieved: () => {
        this.#bridge.relieved()
        this.#connections.dispatch()
      },
      tooSlow: (reason, limit) => this.#drop(`too slow: ${reason}`, limit),
      undeliverable: (consumer, delivery, cause) => this.#executor.refuseDelivery(consumer, delivery, cause),
      failed: (error) => this.#fail(error),
    })
  }

  #buildBridge({ duplexBridges }: OpenWireSessionOptions): SocketBridge {
    return new SocketBridge({
      peer: this,
      connections: this.#connections,
      messages: this.#messages,
      pauses: this.#pauses,
      bridges: duplexBridges,
    })
  }

  #buildTurns(): FrameTurns {
    const { clock, limits } = this.#service
    return new FrameTurns(clock, {
      handle: (frame) => this.#handleFrame(frame),
      turnEnded: (waitingFrames) => {
        limits.count('maxTurnMs')
        this.logger.debug('Let others have their turn', { waitingFrames })
        this.#pauses.pause('turn')
      },
      caughtUp: () => this.#pauses.resume('turn'),
      failed: (error) => this.#fail(error),
    })
  }

  #handleFrame(frame: Buffer): void {
    const code = peekType(frame)
    if (frame.length > maxCommandBytes && !isMessageType(code)) checkSize(code, frame.length)
    if (isMessageType(code) && this.#phase === 'open' && this.#messages.receiveFrame(frame)) return
    const structure = this.#codec.decode(frame)
    if (structure !== null) this.#handleCommand(structure as Command, frame.length)
  }

  #handleCommand(command: Command, frameBytes: number): void {
    if (command.kind === 'WireFormatInfo') {
      if (this.#phase === 'negotiating') this.#negotiated(this.#negotiation.accept(command))
    } else if (command.kind === 'KeepAliveInfo') this.#keepAlive(command)
    else if (command.kind === 'ShutdownInfo') this.#end()
    else if (this.#phase === 'negotiating')
      throw new FormatError('PROTOCOL', `Cannot read ${command.kind}: the first frame has to be a WireFormatInfo`)
    else this.#execute(command, frameBytes)
  }

  #execute(command: Exclude<Command, WireFormatInfo>, frameBytes: number): void {
    const { commandId, responseRequired } = command
    if (this.#refusal) {
      this.answer(commandId, responseRequired, this.#refusal)
      return
    }
    if (isMessage(command)) {
      this.#messages.receive(storedFormOf(command))
      return
    }
    if (this.#bridge.take(command)) this.answer(commandId, responseRequired, undefined)
    else
      this.#executor.execute(command, frameBytes, (error) => {
        if (error) this.#commandFailed(command, error)
        this.answer(commandId, responseRequired, error)
      })
    this.#bridge.commandDone()
    this.#service.advisories.flush()
  }

  #negotiated(format: WireFormat): void {
    this.#phase = 'open'
    this.#codec = new OpenWireCodec(format)
    this.#writer.use(this.#codec)
    this.#messages.form = messageFormOf(format)
    this.#splitter.maxFrameSize = format.maxFrameSize
    this.#monitor.start({
      maxInactivityDurationMs: format.maxInactivityDurationMs,
      initialDelayMs: format.maxInactivityDurationInitialDelayMs,
    })
    // Clients need it before they can do XA or ask for the broker's name.
    this.send(buildBrokerInfo(this.#service.identity, { peerBrokerInfos: this.#clusterClients.peerInfos() }))
  }

  #keepAlive({ commandId, responseRequired }: KeepAliveInfo): void {
    if (responseRequired) this.send(buildKeepAlive(commandId))
  }

  #commandFailed(command: Command, error: RefusalError): void {
    if (command.kind !== 'MessageAck' || command.responseRequired) return
    this.#executor.failTransactionOf(command, error)
  }

  #noteRefusal(commandId: number, error: RefusalError): void {
    if (this.#phase === 'closed') return
    this.logger.debug('Refused a command', { commandId, error: error.message })
    this.#countLimit(error.fields['limit'])
  }

  #peerFields(): LogFields {
    return { remoteAddress: this.remoteAddress, connector: this.connectorName }
  }

  #countLimit(limit: unknown): void {
    if (typeof limit === 'string') this.#service.limits.reached(limit, this.#peerFields())
  }

  #end(): void {
    this.close('the other side has ended the connection')
    this.#connection.output.end()
  }

  #drop(reason: string, limit?: unknown): void {
    if (this.#phase === 'closed') return
    this.#countLimit(limit)
    this.logger.warn('Dropped a connection', { reason })
    this.#connection.dropped(reason)
    this.close(reason)
    this.#connection.output.destroy()
  }

  /** What a peer sends may end its own connection and nothing else. */
  #fail(error: unknown): void {
    if (!(error instanceof FormatError)) this.logger.error('Cannot go on with a connection', { error })
    this.#drop(errorMessage(error), error instanceof FormatError ? error.fields['limit'] : undefined)
  }
}

function checkSize(code: number, bytes: number): void {
  const isList = code === typeCodes.BrokerSubscriptionInfo
  const most = isList ? maxSubscriptionInfoBytes : maxCommandBytes
  if (bytes <= most) return
  throw new FormatError('PROTOCOL', `Cannot read command of ${bytes} bytes: at most ${most} are`, {
    fields: { limit: isList ? 'maxSubscriptionInfoBytes' : 'maxCommandBytes' },
  })
}

const isMessage = (command: Command): command is MessageCommand => command.kind.startsWith('ActiveMQ')
