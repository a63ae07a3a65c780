// One OpenWire connection of the broker as a state machine: bytes and ticks of the clock in, bytes and region calls out
// (spec openwire.md sections 1, 2, 8). It does not know sockets.
//
//   negotiating   our WireFormatInfo is sent, the peer's is awaited
//   open          frames are commands; a ConnectionInfo makes the peer a client
//   refused       a ConnectionInfo was refused: every further command is answered with that error until the socket closes
//   closed
import { errorMessage, RefusalError } from '../../base/errors.ts'
import { FormatError } from '../../base/format-error.ts'
import type { LogFields, Logger } from '../../base/logger.ts'
import type { Timer } from '../../base/clock.ts'
import type { FieldOffsets } from '../../message/message-fields.ts'
import type { Delivery } from '../../region/region.ts'
import type { Command, KeepAliveInfo, MessageCommand, WireFormatInfo } from '../../wire/openwire/commands.ts'
import { FrameSplitter, ownsItsMemory } from '../../wire/openwire/frame-splitter.ts'
import { encodeResponse } from '../../wire/openwire/message-dispatch.ts'
import { isMessageType, OpenWireCodec, peekType } from '../../wire/openwire/openwire-codec.ts'
import { messageFormOf, storedFormOf, type MessageForm } from '../../wire/openwire/stored-form.ts'
import { rewrittenOffsets, storedFormOfTight } from '../../wire/openwire/tight-to-loose.ts'
import {
  initialWireFormat,
  negotiate,
  preferredWireFormatInfo,
  type WireFormat,
  type WireFormatOptions,
} from '../../wire/openwire/wire-format.ts'
import { buildBrokerInfo, buildConnectionError, buildExceptionResponse, buildProducerAck } from './answers.ts'
import { buildKeepAlive } from '../../openwire/build-commands.ts'
import { OutputBuffer } from '../output-buffer.ts'
import type { AcceptedConnection, Session, SessionOutput } from '../session.ts'
import { CommandExecutor, type CommandPeer } from './command-executor.ts'
import type { ConsumerState } from './connection-state.ts'
import { DispatchEncoder } from './dispatch-encoder.ts'
import { InactivityMonitor } from './inactivity-monitor.ts'
import {
  incompleteFrameTimeoutMs,
  maxBufferedBytesBeforeConnection,
  maxCommandBytes,
  maxTurnMs,
  minInboundBytesPerSecond,
  refusedConnectionLingerMs,
  wireFormatTimeoutMs,
} from './limits.ts'
import { acceptMessage, type AcceptedMessage } from './message-intake.ts'
import type { OpenWireService } from './openwire-service.ts'

export type SessionState = 'negotiating' | 'open' | 'refused' | 'closed'

export interface OpenWireSessionOptions {
  readonly service: OpenWireService
  readonly wireFormat: WireFormatOptions
  readonly connection: AcceptedConnection
}

/** Why reading is paused; any of them is enough. */
type PauseReason = 'memory' | 'output' | 'turn'

/** Frames between two looks at the clock. */
const framesPerLook = 8

export class OpenWireSession implements Session, CommandPeer {
  readonly remoteAddress: string
  readonly connectorName: string
  readonly logger: Logger
  readonly #service: OpenWireService
  readonly #output: SessionOutput
  readonly #dropped: (reason: string) => void
  readonly #splitter: FrameSplitter
  readonly #executor: CommandExecutor
  readonly #outbound: OutputBuffer<ConsumerState, Delivery | null>
  readonly #monitor: InactivityMonitor
  readonly #preferred: WireFormatInfo
  readonly #pauses = new Set<PauseReason>()
  #codec = initialCodec
  #dispatches = new DispatchEncoder(this.#codec)
  #messageForm: MessageForm = 'other'
  #state: SessionState = 'negotiating'
  #authenticated = false
  #refusal: RefusalError | undefined
  #timer: Timer | undefined
  /** Frames that came with those of a turn that took too long. */
  #waitingFrames: Buffer[] = []
  #frameTimer: Timer | undefined
  /** Something could not be encoded: nothing more is sent. */
  #broken = false
  #receivedBytes = 0
  #receivedFrames = 0
  /** Since the frame timer was set. */
  #wasPaused = false

  constructor({ service, wireFormat, connection }: OpenWireSessionOptions) {
    const { clock } = service
    const { output, remoteAddress, connectorName, dropped } = connection
    this.remoteAddress = remoteAddress
    this.connectorName = connectorName
    this.logger = service.logger.child({ remoteAddress, connector: connectorName })
    this.#service = service
    this.#output = output
    this.#dropped = dropped
    this.#splitter = new FrameSplitter(wireFormat.maxFrameSize)
    this.#executor = new CommandExecutor(service, this)
    this.#outbound = new OutputBuffer(output, clock, {
      encode: (consumer, delivery) => this.#encodeDispatch(consumer, delivery),
      congested: () => this.#pause('output'),
      relieved: () => {
        this.#resume('output')
        this.#executor.dispatch()
      },
      tooSlow: (reason, limit) => this.#drop(`too slow: ${reason}`, limit),
    })
    this.#monitor = new InactivityMonitor(clock, {
      sendKeepAlive: () => this.send(buildKeepAlive(0)),
      peerIsSilent: (durationMs) =>
        this.#drop(`Channel was inactive for too long (${durationMs} ms)`, 'maxInactivityDuration'),
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
      this.#drop(`no WireFormatInfo arrived in ${wireFormatTimeoutMs} ms`, 'wireFormatTimeoutMs'),
    )
  }

  /**
   * Bytes that arrived, in memory that may be used again once this returns. All frames that they complete are handled
   * before that, unless they take too long: then the rest waits, and nothing more is read, until others had their turn.
   */
  receive(chunk: Buffer): void {
    if (this.#state === 'closed') return
    this.#monitor.received()
    this.#receivedBytes += chunk.length
    try {
      const frames = this.#splitter.push(chunk)
      this.#receivedFrames += frames.length
      if (this.#waitingFrames.length > 0) this.#waitingFrames.push(...frames.map(kept))
      else this.#handleFrames(frames)
    } catch (error) {
      this.#fail(error)
    }
    if (this.#splitter.bufferedBytes > 0) this.#watchIncompleteFrame()
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
    this.#frameTimer?.cancel()
    this.#waitingFrames = []
    this.#monitor.stop()
    this.#outbound.close()
  }

  send(command: Command): void {
    if (this.#state === 'closed') return
    const bytes = this.#encoded(() => this.#codec.encode(command))
    if (bytes) this.#write(bytes)
  }

  limitReached(limit: string): void {
    this.#countLimit(limit)
  }

  get congested(): boolean {
    return this.#outbound.congested
  }

  dispatch(consumer: ConsumerState, delivery: Delivery | null): void {
    if (this.#state !== 'closed') this.#outbound.deliver(consumer, delivery)
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

  closeSoon(reason: RefusalError): void {
    this.#state = 'refused'
    this.#refusal = reason
    this.logger.info('Refused a connection', { reason: reason.message })
    this.#timer?.cancel()
    this.#timer = this.#service.clock.after(refusedConnectionLingerMs, () => this.#end())
  }

  connected(): void {
    this.#authenticated = true
  }

  #handleFrames(frames: readonly Buffer[]): void {
    const { clock } = this.#service
    const startMs = clock.monotonicMs()
    for (let index = 0; index < frames.length; index++) {
      this.#handleFrame(frames[index]!)
      if (this.#isClosed()) return
      const looks = (index + 1) % framesPerLook === 0 && index + 1 < frames.length
      if (!looks || clock.monotonicMs() - startMs <= maxTurnMs) continue
      this.#waitingFrames = frames.slice(index + 1).map(kept)
      this.#service.limits.count('maxTurnMs')
      this.logger.debug('Let others have their turn', { waitingFrames: this.#waitingFrames.length })
      this.#pause('turn')
      clock.after(0, () => this.#nextTurn())
      return
    }
  }

  #nextTurn(): void {
    if (this.#state === 'closed') return
    const frames = this.#waitingFrames
    this.#waitingFrames = []
    try {
      this.#handleFrames(frames)
    } catch (error) {
      this.#fail(error)
    }
    if (this.#waitingFrames.length === 0) this.#resume('turn')
  }

  /** A frame that has begun must not take for ever: its bytes are kept meanwhile. */
  #watchIncompleteFrame(): void {
    if (this.#state === 'closed') return
    const { bufferedBytes } = this.#splitter
    if (!this.#authenticated && bufferedBytes > maxBufferedBytesBeforeConnection) {
      this.#drop(
        `a frame of more than ${maxBufferedBytesBeforeConnection} bytes came before any ConnectionInfo`,
        'maxBufferedBytesBeforeConnection',
      )
      return
    }
    if (this.#frameTimer) return
    const bytesBefore = this.#receivedBytes
    const framesBefore = this.#receivedFrames
    const dueMs = this.#service.clock.monotonicMs() + incompleteFrameTimeoutMs
    this.#wasPaused = this.#pauses.size > 0
    this.#frameTimer = this.#service.clock.after(incompleteFrameTimeoutMs, () => {
      this.#frameTimer = undefined
      const late = this.#service.clock.monotonicMs() - dueMs > incompleteFrameTimeoutMs / 10
      const enough = (minInboundBytesPerSecond * incompleteFrameTimeoutMs) / 1000
      const moves = this.#receivedFrames > framesBefore || this.#receivedBytes - bytesBefore >= enough
      if (!moves && !late && !this.#wasPaused)
        this.#drop(
          `a frame was not whole after ${incompleteFrameTimeoutMs} ms, at less than ${minInboundBytesPerSecond} bytes/s`,
          'incompleteFrameTimeoutMs',
        )
      else if (this.#splitter.bufferedBytes > 0) this.#watchIncompleteFrame()
    })
  }

  #handleFrame(frame: Buffer): void {
    const code = peekType(frame)
    if (frame.length > maxCommandBytes && !isMessageType(code))
      throw new FormatError(
        'PROTOCOL',
        `Cannot read command of ${frame.length} bytes: at most ${maxCommandBytes} are`,
        {
          fields: { limit: 'maxCommandBytes' },
        },
      )
    if (isMessageType(code) && this.#state === 'open' && this.#handleMessageFrame(frame)) return
    const structure = this.#codec.decode(frame)
    if (structure !== null) this.#handleCommand(structure as Command, frame.length)
  }

  /** Without decoding the message; false if it has to be. */
  #handleMessageFrame(frame: Buffer): boolean {
    if (this.#messageForm === 'stored') {
      this.#handleMessage(kept(frame))
      return true
    }
    const stored = this.#messageForm === 'tight' ? storedFormOfTight(frame) : null
    if (stored) this.#handleMessage(stored, rewrittenOffsets)
    return stored !== null
  }

  #handleCommand(command: Command, frameBytes: number): void {
    if (command.kind === 'WireFormatInfo') {
      if (this.#state === 'negotiating') this.#negotiated(negotiate(this.#preferred, command))
    } else if (command.kind === 'KeepAliveInfo') this.#keepAlive(command)
    else if (command.kind === 'ShutdownInfo') this.#end()
    else if (this.#state === 'negotiating')
      throw new FormatError('PROTOCOL', `Cannot read ${command.kind}: the first frame has to be a WireFormatInfo`)
    else this.#execute(command, frameBytes)
  }

  #execute(command: Exclude<Command, WireFormatInfo>, frameBytes: number): void {
    const { commandId, responseRequired } = command
    if (this.#refusal) {
      this.#answer(commandId, responseRequired, this.#refusal)
      return
    }
    if (isMessage(command)) {
      this.#handleMessage(storedFormOf(command))
      return
    }
    this.#executor.execute(command, frameBytes, (error) => {
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
    this.#messageForm = messageFormOf(format)
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
  #handleMessage(stored: Buffer, offsets?: FieldOffsets): void {
    const accepted = acceptMessage(stored, this.#service.clock.nowMs(), offsets)
    try {
      if (accepted.error) throw accepted.error
      this.#executor.send(accepted, (error) => this.#messageDone(accepted, error))
    } catch (error) {
      if (!(error instanceof RefusalError)) throw error
      this.#messageDone(accepted, error)
    }
  }

  #messageDone(accepted: AcceptedMessage, error: RefusalError | undefined): void {
    const { commandId, async, connectionId, producerId, transactionId, message } = accepted
    if (error && transactionId !== null && async) this.#executor.failTransaction(connectionId, transactionId, error)
    const producer = this.#executor.producer(connectionId, producerId)
    // Also after a refusal, or the producer's window would stay smaller for ever.
    if (async && message && producer && producer.info.windowSize > 0)
      this.send(buildProducerAck(producer.info.producerId, message.size))
    this.#answer(commandId, !async, error)
  }

  #commandFailed(command: Command, error: RefusalError): void {
    if (command.kind !== 'MessageAck' || command.responseRequired) return
    this.#executor.failTransactionOf(command, error)
  }

  #answer(commandId: number, responseRequired: boolean, error: RefusalError | undefined): void {
    if (this.#state === 'closed') return
    if (!error) {
      if (responseRequired) this.#write(encodeResponse(commandId, this.#codec.format.tightEncodingEnabled))
      return
    }
    this.logger.debug('Refused a command', { commandId, error: error.message })
    this.#countLimit(error.fields['limit'])
    this.send(responseRequired ? buildExceptionResponse(commandId, error) : buildConnectionError(error))
  }

  #write(bytes: Buffer): void {
    this.#monitor.sent()
    this.#outbound.write(bytes)
  }

  #encodeDispatch(consumer: ConsumerState, delivery: Delivery | null): readonly Buffer[] {
    this.#monitor.sent()
    const { dispatch } = consumer
    const encode = (): readonly Buffer[] =>
      delivery
        ? this.#dispatches.encode(dispatch, delivery, this.#service.clock.nowMs())
        : [this.#dispatches.encodeEnd(dispatch)]
    return (
      this.#encoded(
        encode,
        delivery ? (error) => this.#executor.refuseDelivery(consumer, delivery, error) : undefined,
      ) ?? []
    )
  }

  /**
   * What cannot be encoded ends the connection, whose peer would wait for it and whose marshalling cache may be out of
   * step now; a delivery is refused instead if there is no cache. Not at once: the caller may be in the middle of
   * something, perhaps for another connection.
   */
  #encoded<T>(encode: () => T, refuse?: (error: FormatError) => void): T | undefined {
    if (this.#broken) return undefined
    try {
      return encode()
    } catch (error) {
      const refuses = refuse !== undefined && error instanceof FormatError
      const ends = !refuses || this.#codec.format.cacheEnabled
      this.#broken ||= ends
      queueMicrotask(() => {
        if (refuses) refuse(error)
        if (ends) this.#fail(error)
      })
      return undefined
    }
  }

  #peerFields(): LogFields {
    return { remoteAddress: this.remoteAddress, connector: this.connectorName }
  }

  #countLimit(limit: unknown): void {
    if (typeof limit === 'string') this.#service.limits.reached(limit, this.#peerFields())
  }

  #pause(reason: PauseReason): void {
    if (this.#pauses.size === 0) {
      this.#wasPaused = true
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

  #drop(reason: string, limit?: unknown): void {
    if (this.#state === 'closed') return
    this.#countLimit(limit)
    this.logger.warn('Dropped a connection', { reason })
    this.#dropped(reason)
    this.close()
    this.#output.destroy()
  }

  /** What a peer sends may end its own connection and nothing else. */
  #fail(error: unknown): void {
    if (!(error instanceof FormatError)) this.logger.error('Cannot go on with a connection', { error })
    this.#drop(errorMessage(error), error instanceof FormatError ? error.fields['limit'] : undefined)
  }

  // Not a comparison in place: it changes while frames are handled, which the compiler does not see.
  #isClosed(): boolean {
    return this.#state === 'closed'
  }
}

/** For all connections that have not negotiated yet: without a cache a codec remembers nothing. */
const initialCodec = new OpenWireCodec(initialWireFormat)

/** A frame that may stay: others are views of what was read from the socket, which is much more. */
function kept(frame: Buffer): Buffer {
  if (ownsItsMemory(frame)) return frame
  // Small ones share pages of 8 KiB: neighbours mostly go together.
  const copy = Buffer.allocUnsafe(frame.length)
  frame.copy(copy)
  return copy
}

const isMessage = (command: Command): command is MessageCommand => command.kind.startsWith('ActiveMQ')
