// The client's end of one OpenWire connection above the byte stream: exchange of wire formats, frames ⇄ commands, and
// the inactivity monitor. It knows no sockets; tcp-transport.ts brings the bytes.
import type { Clock, Timer } from '../../base/clock.ts'
import { errorMessage } from '../../base/errors.ts'
import type { Command, WireFormatInfo } from '../../wire/openwire/commands.ts'
import { FrameSplitter } from '../../wire/openwire/frame-splitter.ts'
import { maxFrameSizeBeforeNegotiation } from '../../wire/openwire/limits.ts'
import { OpenWireCodec } from '../../wire/openwire/openwire-codec.ts'
import {
  initialWireFormat,
  negotiate,
  preferredWireFormatInfo,
  type WireFormat,
} from '../../wire/openwire/wire-format.ts'
import { buildKeepAlive } from '../../openwire/build-commands.ts'
import type { Channel, ChannelListener } from './channel.ts'
import { negotiationTimeoutMs } from './limits.ts'
import type { Endpoint } from './parse-broker-url.ts'
import { TransportError } from './transport-error.ts'

/** In front of each frame; not counted in its size. */
const sizePrefixBytes = 4

/** A connected byte stream. */
export interface ByteStream {
  write(bytes: Buffer): void
  drained(): Promise<void> | null
  pause(): void
  resume(): void
  /** Sends what was written and closes. */
  end(): void
}

export class OpenWireChannel implements Channel {
  readonly endpoint: Endpoint
  readonly #listener: ChannelListener
  readonly #clock: Clock
  readonly #mine: WireFormatInfo
  readonly #splitter = new FrameSplitter(maxFrameSizeBeforeNegotiation)
  #stream: ByteStream | null = null
  #codec = new OpenWireCodec(initialWireFormat)
  #negotiated = false
  #ended = false
  #timers: Timer[] = []
  #paused = false
  #readSinceCheck = false
  #writtenSinceCheck = false

  constructor(endpoint: Endpoint, listener: ChannelListener, clock: Clock) {
    this.endpoint = endpoint
    this.#listener = listener
    this.#clock = clock
    this.#mine = preferredWireFormatInfo(endpoint.wireFormat)
  }

  get format(): WireFormat {
    return this.#codec.format
  }

  /** The byte stream is there. */
  opened(stream: ByteStream): void {
    if (this.#ended) return stream.end()
    this.#stream = stream
    stream.write(this.#codec.encode(this.#mine))
    const timeoutMs = this.endpoint.wireFormat.maxInactivityDurationInitialDelayMs || negotiationTimeoutMs
    this.#after(timeoutMs, () => {
      if (!this.#negotiated)
        this.fail(new TransportError(`Cannot talk to ${this.endpoint.uri}: no wire format came within ${timeoutMs} ms`))
    })
  }

  received(bytes: Buffer): void {
    if (this.#ended) return
    this.#readSinceCheck = true
    try {
      for (const frame of this.#splitter.push(bytes)) {
        this.#receive(frame)
        if (this.#ended) return
      }
    } catch (error) {
      this.fail(new TransportError(`Cannot understand ${this.endpoint.uri}: ${errorMessage(error)}`, { cause: error }))
    }
  }

  send(command: Command): void {
    if (this.#ended || this.#stream === null) return
    this.#writtenSinceCheck = true
    this.#stream.write(this.#encode(command))
  }

  sendFrame(frame: Buffer): void {
    if (this.#ended || this.#stream === null) return
    const { maxFrameSize } = this.#codec.format
    if (frame.length > maxFrameSize) throw tooLarge('a message', frame.length, maxFrameSize)
    this.#writtenSinceCheck = true
    const size = Buffer.allocUnsafe(sizePrefixBytes)
    size.writeInt32BE(frame.length)
    this.#stream.write(size)
    this.#stream.write(frame)
  }

  drained(): Promise<void> | null {
    return this.#ended ? null : (this.#stream?.drained() ?? null)
  }

  pause(): void {
    this.#paused = true
    this.#stream?.pause()
  }

  resume(): void {
    this.#paused = false
    // Nobody can say how long the peer has been silent.
    this.#readSinceCheck = true
    this.#stream?.resume()
  }

  close(): void {
    this.#end()
  }

  /** The byte stream is gone, or the peer must not be listened to any more. */
  fail(error: Error): void {
    if (this.#ended) return
    this.#end()
    this.#listener.failed(error)
  }

  #end(): void {
    this.#ended = true
    for (const timer of this.#timers) timer.cancel()
    this.#timers = []
    this.#stream?.end()
  }

  #receive(frame: Buffer): void {
    if (this.#negotiated && this.#listener.frame?.(frame) === true) return
    const command = this.#codec.decode(frame)
    if (command !== null) this.#handle(command as Command)
  }

  #handle(command: Command): void {
    if (command.kind === 'WireFormatInfo') return this.#negotiate(command)
    if (!this.#negotiated) throw new TransportError(`${command.kind} came before the wire format`)
    if (command.kind === 'KeepAliveInfo') {
      // What waits for the socket shows as well that we are here. A peer that asks and never reads would have it all kept.
      if (command.responseRequired && this.drained() === null) this.send(buildKeepAlive(command.commandId))
      return
    }
    this.#listener.command(command)
  }

  #encode(command: Command): Buffer {
    const { cacheEnabled, maxFrameSize } = this.#codec.format
    // Before the cache is touched: what is refused then costs no connection.
    if (cacheEnabled && 'content' in command && command.content !== null && command.content.length > maxFrameSize)
      throw tooLarge(command.kind, command.content.length, maxFrameSize)
    try {
      const frame = this.#codec.encode(command)
      if (frame.length - sizePrefixBytes > maxFrameSize)
        throw tooLarge(command.kind, frame.length - sizePrefixBytes, maxFrameSize)
      return frame
    } catch (error) {
      // What was half encoded, or not written, may have taken slots of the cache that the broker will never hear of.
      if (cacheEnabled) this.fail(new TransportError('The marshalling cache is out of step', { cause: error }))
      throw error
    }
  }

  #negotiate(theirs: WireFormatInfo): void {
    if (this.#negotiated) return
    const format = negotiate(this.#mine, theirs)
    this.#codec = new OpenWireCodec(format)
    this.#splitter.maxFrameSize = format.maxFrameSize
    this.#negotiated = true
    if (format.maxInactivityDurationMs > 0)
      this.#after(format.maxInactivityDurationInitialDelayMs, () => this.#monitor(format.maxInactivityDurationMs))
    this.#listener.connected()
  }

  #monitor(readCheckMs: number): void {
    const writeCheckMs = readCheckMs > 3 ? readCheckMs / 3 : readCheckMs
    const writeCheck = (): void => {
      if (!this.#writtenSinceCheck) this.send(buildKeepAlive(0))
      this.#writtenSinceCheck = false
      this.#after(writeCheckMs, writeCheck)
    }
    const readCheck = (): void => {
      if (!this.#readSinceCheck && !this.#paused)
        return this.fail(
          new TransportError(`Connection to ${this.endpoint.uri} was inactive for more than ${readCheckMs} ms`),
        )
      this.#readSinceCheck = false
      this.#after(readCheckMs, readCheck)
    }
    writeCheck()
    this.#after(readCheckMs, readCheck)
  }

  #after(delayMs: number, callback: () => void): void {
    const timer = this.#clock.after(delayMs, () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
      if (!this.#ended) callback()
    })
    this.#timers.push(timer)
  }
}

const tooLarge = (what: string, bytes: number, maxFrameSize: number): TransportError =>
  new TransportError(
    `Cannot send ${what} of ${bytes} bytes: the broker takes frames of at most ${maxFrameSize} bytes`,
    {
      code: 'FRAME_TOO_LARGE',
    },
  )
