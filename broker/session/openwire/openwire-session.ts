// One OpenWire connection of the broker as a state machine: bytes and ticks of the clock in, bytes and region calls out
// (spec openwire.md sections 1, 2, 8). It does not know sockets.
//
//   negotiating   our WireFormatInfo is sent, the peer's is awaited
//   open          frames are commands; a ConnectionInfo makes the peer a client
//   refused       a ConnectionInfo was refused: every further command is answered with that error until the socket closes
//   closed
import { errorMessage, JmsError } from '../../base/errors.ts'
import { FormatError } from '../../base/format-error.ts'
import type { Logger } from '../../base/logger.ts'
import type { Timer } from '../../base/clock.ts'
import type { Delivery } from '../../routing/region.ts'
import type { Command, KeepAliveInfo, MessageCommand, WireFormatInfo } from '../../wire/openwire/commands.ts'
import { FrameSplitter } from '../../wire/openwire/frame-splitter.ts'
import { encodeResponse } from '../../wire/openwire/message-dispatch.ts'
import { isMessageType, OpenWireCodec, peekType } from '../../wire/openwire/openwire-codec.ts'
import { carriesStoredForm, storedFormOf } from '../../wire/openwire/stored-form.ts'
import {
  initialWireFormat,
  negotiate,
  preferredWireFormatInfo,
  type WireFormat,
  type WireFormatOptions,
} from '../../wire/openwire/wire-format.ts'
import {
  buildBrokerInfo,
  buildConnectionError,
  buildExceptionResponse,
  buildKeepAlive,
  buildProducerAck,
} from './answers.ts'
import { CommandExecutor, type CommandPeer } from './command-executor.ts'
import type { ConsumerState } from './connection-state.ts'
import { DispatchEncoder } from './dispatch-encoder.ts'
import { InactivityMonitor } from './inactivity-monitor.ts'
import { maxBufferedBytesBeforeConnection, refusedConnectionLingerMs, wireFormatTimeoutMs } from './limits.ts'
import { acceptMessage, type AcceptedMessage } from './message-intake.ts'
import type { OpenWireService } from './openwire-service.ts'
import { Outbound, type SessionOutput } from './outbound.ts'

export type SessionState = 'negotiating' | 'open' | 'refused' | 'closed'

export interface SessionOptions {
  readonly service: OpenWireService
  readonly output: SessionOutput
  readonly wireFormat: WireFormatOptions
  /** `tcp://10.0.0.7:51234` */
  readonly remoteAddress: string
  readonly connectorName: string
  /** The broker ended the connection because of what the peer did. */
  readonly dropped: (reason: string) => void
}

/** Why reading is paused; any of them is enough. */
type PauseReason = 'memory' | 'output'

export class OpenWireSession implements CommandPeer {
  readonly remoteAddress: string
  readonly connectorName: string
  readonly logger: Logger
  readonly #service: OpenWireService
  readonly #output: SessionOutput
  readonly #dropped: (reason: string) => void
  readonly #splitter: FrameSplitter
  readonly #executor: CommandExecutor
  readonly #outbound: Outbound
  readonly #monitor: InactivityMonitor
  readonly #preferred: WireFormatInfo
  readonly #pauses = new Set<PauseReason>()
  #codec = new OpenWireCodec(initialWireFormat)
  #dispatches = new DispatchEncoder(this.#codec)
  #carriesStoredForm = false
  #state: SessionState = 'negotiating'
  #authenticated = false
  #refusal: JmsError | undefined
  #timer: Timer | undefined

  constructor({ service, output, wireFormat, remoteAddress, connectorName, dropped }: SessionOptions) {
    const { clock } = service
    this.remoteAddress = remoteAddress
    this.connectorName = connectorName
    this.logger = service.logger.child({ remoteAddress, connector: connectorName })
    this.#service = service
    this.#output = output
    this.#dropped = dropped
    this.#splitter = new FrameSplitter(wireFormat.maxFrameSize)
    this.#executor = new CommandExecutor(service, this)
    this.#outbound = new Outbound(output, clock, {
      encode: (consumer, delivery) => this.#encodeDispatch(consumer, delivery),
      congested: () => this.#pause('output'),
      relieved: () => this.#resume('output'),
      tooSlow: (reason) => this.#drop(`too slow: ${reason}`),
    })
    this.#monitor = new InactivityMonitor(clock, {
      sendKeepAlive: () => this.send(buildKeepAlive(0)),
      peerIsSilent: (durationMs) => this.#drop(`Channel was inactive for too long (${durationMs} ms)`),
    })
    this.#preferred = preferredWireFormatInfo(wireFormat)
  }

  get state(): SessionState {
    return this.#state
  }

  /** Sends our WireFormatInfo and starts waiting for the peer's. */
  start(): void {
    this.send(this.#preferred)
    this.#timer = this.#service.clock.after(wireFormatTimeoutMs, () =>
      this.#drop(`no WireFormatInfo arrived in ${wireFormatTimeoutMs} ms`),
    )
  }

  /** Bytes that arrived; all frames that they complete are handled before this returns. */
  receive(chunk: Buffer): void {
    if (this.#state === 'closed') return
    this.#monitor.received()
    try {
      for (const frame of this.#splitter.push(chunk)) {
        this.#handleFrame(frame)
        if (this.#isClosed()) return
      }
    } catch (error) {
      this.#fail(error)
      return
    }
    if (!this.#authenticated && this.#splitter.bufferedBytes > maxBufferedBytesBeforeConnection)
      this.#drop(`a frame of more than ${maxBufferedBytesBeforeConnection} bytes came before any ConnectionInfo`)
  }

  /** The socket took bytes. */
  drained(): void {
    this.#outbound.drained()
  }

  /** The socket is gone, or is to go: everything that was announced on it is taken away. Idempotent. */
  close(): void {
    if (this.#state === 'closed') return
    this.abandon()
    this.#executor.close()
    this.#service.advisories.flush()
  }

  /** Ends without telling the region, which is given up together with its store. */
  abandon(): void {
    this.#state = 'closed'
    this.#timer?.cancel()
    this.#monitor.stop()
    this.#outbound.close()
  }

  send(command: Command): void {
    if (this.#state === 'closed') return
    this.#write(this.#codec.encode(command))
  }

  dispatch(consumer: ConsumerState, delivery: Delivery | null): void {
    if (this.#state !== 'closed') this.#outbound.dispatch(consumer, delivery)
  }

  pause(): void {
    this.#pause('memory')
  }

  resume(): void {
    this.#resume('memory')
  }

  stop(reason: string): void {
    this.logger.info('Closed a connection', { reason })
    this.close()
    this.#output.destroy()
  }

  closeSoon(reason: JmsError): void {
    this.#state = 'refused'
    this.#refusal = reason
    this.logger.info('Refused a connection', { reason: reason.message })
    this.#timer?.cancel()
    this.#timer = this.#service.clock.after(refusedConnectionLingerMs, () => this.#end())
  }

  connected(): void {
    this.#authenticated = true
  }

  #handleFrame(frame: Buffer): void {
    const code = peekType(frame)
    if (isMessageType(code) && this.#carriesStoredForm && this.#state === 'open') {
      // A copy: the frame is a view of the socket's buffer.
      const stored = Buffer.allocUnsafeSlow(frame.length)
      frame.copy(stored)
      this.#handleMessage(stored)
      return
    }
    const structure = this.#codec.decode(frame)
    if (structure !== null) this.#handleCommand(structure as Command)
  }

  #handleCommand(command: Command): void {
    if (command.kind === 'WireFormatInfo') {
      if (this.#state === 'negotiating') this.#negotiated(negotiate(this.#preferred, command))
    } else if (command.kind === 'KeepAliveInfo') this.#keepAlive(command)
    else if (command.kind === 'ShutdownInfo') this.#end()
    else if (this.#state === 'negotiating')
      throw new FormatError('PROTOCOL', `Cannot read ${command.kind}: the first frame has to be a WireFormatInfo`)
    else this.#execute(command)
  }

  #execute(command: Exclude<Command, WireFormatInfo>): void {
    const { commandId, responseRequired } = command
    if (this.#refusal) {
      this.#answer(commandId, responseRequired, this.#refusal)
      return
    }
    if (isMessage(command)) {
      this.#handleMessage(storedFormOf(command))
      return
    }
    this.#executor.execute(command, (error) => {
      if (error) this.#commandFailed(command, error)
      this.#answer(commandId, responseRequired, error)
    })
    this.#service.advisories.flush()
  }

  #negotiated(format: WireFormat): void {
    this.#timer?.cancel()
    this.#state = 'open'
    this.#codec = new OpenWireCodec(format)
    this.#dispatches = new DispatchEncoder(this.#codec)
    this.#carriesStoredForm = carriesStoredForm(format)
    this.#splitter.maxFrameSize = format.maxFrameSize
    this.#monitor.start({
      maxInactivityDurationMs: format.maxInactivityDurationMs,
      initialDelayMs: format.maxInactivityDurationInitialDelayMs,
    })
    this.send(buildBrokerInfo(this.#service.identity))
  }

  #keepAlive({ commandId, responseRequired }: KeepAliveInfo): void {
    if (responseRequired) this.send(buildKeepAlive(commandId))
  }

  /** `stored` is owned by the message from here on. */
  #handleMessage(stored: Buffer): void {
    const accepted = acceptMessage(stored, this.#service.clock.nowMs())
    try {
      if (accepted.error) throw accepted.error
      this.#executor.send(accepted, (error) => this.#messageDone(accepted, error))
    } catch (error) {
      if (!(error instanceof JmsError)) throw error
      this.#messageDone(accepted, error)
    }
  }

  #messageDone(accepted: AcceptedMessage, error: JmsError | undefined): void {
    const { commandId, async, connectionId, producerId, transactionId, message } = accepted
    if (error && transactionId !== null && async) this.#executor.failTransaction(connectionId, transactionId, error)
    const producer = this.#executor.producer(connectionId, producerId)
    // Also after a refusal, or the producer's window would stay smaller for ever.
    if (async && message && producer && producer.info.windowSize > 0)
      this.send(buildProducerAck(producer.info.producerId, message.size))
    this.#answer(commandId, !async, error)
  }

  #commandFailed(command: Command, error: JmsError): void {
    if (command.kind !== 'MessageAck' || command.responseRequired) return
    const { transactionId } = command
    if (transactionId?.kind === 'LocalTransactionId') this.#executor.failTransactionOf(transactionId, error)
  }

  #answer(commandId: number, responseRequired: boolean, error: JmsError | undefined): void {
    if (this.#state === 'closed') return
    if (!error) {
      if (responseRequired) this.#write(encodeResponse(commandId, this.#codec.format.tightEncodingEnabled))
      return
    }
    this.logger.debug('Refused a command', { commandId, error: error.message })
    this.send(responseRequired ? buildExceptionResponse(commandId, error) : buildConnectionError(error))
  }

  #write(bytes: Buffer): void {
    this.#monitor.sent()
    this.#outbound.write(bytes)
  }

  #encodeDispatch({ dispatch }: ConsumerState, delivery: Delivery | null): readonly Buffer[] {
    this.#monitor.sent()
    if (!delivery) return [this.#dispatches.encodeEnd(dispatch)]
    return this.#dispatches.encode(dispatch, delivery, this.#service.clock.nowMs())
  }

  #pause(reason: PauseReason): void {
    if (this.#pauses.size === 0) {
      this.#output.pauseReading()
      this.#monitor.readingPaused = true
    }
    this.#pauses.add(reason)
  }

  #resume(reason: PauseReason): void {
    if (!this.#pauses.delete(reason) || this.#pauses.size > 0 || this.#state === 'closed') return
    this.#monitor.readingPaused = false
    this.#output.resumeReading()
  }

  #end(): void {
    this.close()
    this.#output.end()
  }

  #drop(reason: string): void {
    if (this.#state === 'closed') return
    this.logger.warn('Dropped a connection', { reason })
    this.#dropped(reason)
    this.close()
    this.#output.destroy()
  }

  /** What a peer sends may end its own connection and nothing else. */
  #fail(error: unknown): void {
    if (!(error instanceof FormatError)) this.logger.error('Cannot go on with a connection', { error })
    this.#drop(errorMessage(error))
  }

  // Not a comparison in place: it changes while frames are handled, which the compiler does not see.
  #isClosed(): boolean {
    return this.#state === 'closed'
  }
}

const isMessage = (command: Command): command is MessageCommand => command.kind.startsWith('ActiveMQ')
