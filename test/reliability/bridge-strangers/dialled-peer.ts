// The stranger's end of a bridge that a broker has dialled: the broker's own end is a real channel, and what that writes comes here.
import type { Clock } from '../../../broker/base/clock.ts'
import type { ChannelListener } from '../../../broker/client/transport/channel.ts'
import { OpenWireChannel, type ByteStream } from '../../../broker/client/transport/openwire-channel.ts'
import type { Endpoint } from '../../../broker/client/transport/parse-broker-url.ts'
import type { Command, DataStructure, WireFormatInfo } from '../../../broker/wire/openwire/commands.ts'
import { FrameSplitter } from '../../../broker/wire/openwire/frame-splitter.ts'
import { OpenWireCodec } from '../../../broker/wire/openwire/openwire-codec.ts'
import {
  defaultWireFormatOptions,
  initialWireFormat,
  negotiate,
  preferredWireFormatInfo,
  type WireFormatOptions,
} from '../../../broker/wire/openwire/wire-format.ts'

/** What a socket takes without a reader before it says that it is full. */
const highWaterBytes = 16 * 1024

export class DialledPeer implements ByteStream {
  readonly channel: OpenWireChannel
  /** What the broker sent. */
  readonly received: Command[] = []
  codec = new OpenWireCodec(initialWireFormat)
  lastWritten: Buffer = Buffer.alloc(0)
  takesBytes = true
  untakenBytes = 0
  reading = true
  /** By the broker. */
  closed = false
  readonly #splitter = new FrameSplitter(2 ** 30)
  #theirs: WireFormatInfo | undefined
  #full: PromiseWithResolvers<void> | null = null

  constructor(endpoint: Endpoint, listener: ChannelListener, clock: Clock) {
    this.channel = new OpenWireChannel(endpoint, listener, clock)
  }

  /** Half a frame may be what the broker waits for. */
  get mayBeSilent(): boolean {
    return this.channel.format.maxInactivityDurationMs === 0
  }

  /** The connection is there: the broker sends its wire format. */
  open(): void {
    this.channel.opened(this)
  }

  negotiate(options: Partial<WireFormatOptions>): void {
    const mine = preferredWireFormatInfo({ ...defaultWireFormatOptions, ...options })
    const info = new OpenWireCodec(initialWireFormat).encode(mine)
    this.codec = new OpenWireCodec(negotiate(this.#theirs!, mine))
    this.give(info)
  }

  send(...commands: DataStructure[]): void {
    this.give(Buffer.concat(commands.map((command) => this.codec.encode(command))))
  }

  /** As a socket does it: the memory is used again as soon as they are read. */
  give(bytes: Buffer): void {
    const shared = Buffer.from(bytes)
    this.channel.received(shared)
    shared.fill(0xee)
  }

  /** Takes what waits. */
  take(): void {
    this.untakenBytes = 0
    this.#full?.resolve()
    this.#full = null
  }

  leave(): void {
    this.take()
    this.channel.fail(new Error('the connection is lost'))
  }

  write(bytes: Buffer): void {
    this.lastWritten = bytes
    if (!this.takesBytes) this.untakenBytes += bytes.length
    for (const frame of this.#splitter.push(bytes)) {
      const command = this.codec.decode(frame) as Command | null
      if (command?.kind === 'WireFormatInfo') this.#theirs = command
      else if (command) this.received.push(command)
    }
  }

  drained(): Promise<void> | null {
    if (this.untakenBytes < highWaterBytes) return null
    this.#full ??= Promise.withResolvers()
    return this.#full.promise
  }

  pause(): void {
    this.reading = false
  }

  resume(): void {
    this.reading = true
  }

  end(): void {
    this.closed = true
    this.take()
  }
}
