// The accepting side of a SPDY/3.1 connection: the streams that the other side opens, each a Duplex with its headers.
// As moby/spdystream, with which Kubernetes speaks, it knows no flow control of single streams: a stream whose reader is slow
// stops the connection.
import { Duplex } from 'node:stream'
import {
  EmptyHeadersWriter,
  encodeControl,
  encodeData,
  type Frame,
  FrameReader,
  frameTypes,
  HeaderReader,
} from './spdy-frames.ts'

/** What carries the frames. */
export interface FrameTransport {
  /** Calls back when the bytes have left. */
  send(bytes: Buffer, sent: () => void): void
  pause(): void
  resume(): void
  /** The other side is beyond understanding. */
  fail(error: Error): void
}

const cancel = 5

export class SpdySession {
  readonly #transport: FrameTransport
  readonly #onStream: (stream: SpdyStream) => void
  readonly #frames = new FrameReader()
  readonly #headers = new HeaderReader()
  readonly #noHeaders = new EmptyHeadersWriter()
  readonly #streams = new Map<number, SpdyStream>()
  readonly #full = new Set<number>()
  /** Frames are done one after the other: decompressing headers takes a moment. */
  #work: Promise<void> = Promise.resolve()
  #closed = false

  constructor(transport: FrameTransport, onStream: (stream: SpdyStream) => void) {
    this.#transport = transport
    this.#onStream = onStream
  }

  receive(bytes: Buffer): void {
    this.#work = this.#work
      .then(async () => {
        if (this.#closed) return
        for (const frame of this.#frames.push(bytes))
          if (frame.kind === 'data') this.#data(frame)
          else await this.#control(frame)
      })
      .catch((error: unknown) => {
        if (!this.#closed) this.#transport.fail(error as Error)
        this.close()
      })
  }

  /** The connection is gone: so are its streams. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#headers.close()
    for (const stream of this.#streams.values()) stream.destroy()
    this.#streams.clear()
  }

  #data({ stream: id, fin, content }: Extract<Frame, { kind: 'data' }>): void {
    const stream = this.#streams.get(id)
    if (!stream || stream.destroyed) return
    if (content.length > 0 && !stream.push(content)) this.#hold(id)
    if (fin) stream.push(null)
  }

  async #control({ type, fin, content }: Extract<Frame, { kind: 'control' }>): Promise<void> {
    if (type === frameTypes.synStream) await this.#open(content, fin)
    else if (type === frameTypes.headers) await this.#headers.read(content.subarray(4))
    else if (type === frameTypes.rstStream) this.#streams.get(content.readUInt32BE())?.cancelled()
    else if (type === frameTypes.ping) this.#send(encodeControl(frameTypes.ping, content.readUInt32BE()))
  }

  async #open(content: Buffer, fin: boolean): Promise<void> {
    const id = content.readUInt32BE() & 0x7fff_ffff
    const headers = await this.#headers.read(content.subarray(10))
    const stream = new SpdyStream(headers, {
      data: (bytes, last, sent) => this.#send(encodeData(id, bytes, last), sent),
      reset: () => this.#send(encodeControl(frameTypes.rstStream, id, cancel)),
      wanted: () => this.#release(id),
      gone: () => {
        this.#streams.delete(id)
        this.#release(id)
      },
    })
    this.#streams.set(id, stream)
    this.#send(encodeControl(frameTypes.synReply, id, this.#noHeaders.next()))
    if (fin) stream.push(null)
    this.#onStream(stream)
  }

  #send(bytes: Buffer, sent: () => void = () => {}): void {
    if (this.#closed) sent()
    else this.#transport.send(bytes, sent)
  }

  #hold(id: number): void {
    this.#full.add(id)
    this.#transport.pause()
  }

  #release(id: number): void {
    if (this.#full.delete(id) && this.#full.size === 0) this.#transport.resume()
  }
}

interface StreamPorts {
  data(bytes: Buffer, last: boolean, sent: () => void): void
  reset(): void
  wanted(): void
  gone(): void
}

export class SpdyStream extends Duplex {
  readonly headers: ReadonlyMap<string, string>
  readonly #ports: StreamPorts
  #cancelled = false

  constructor(headers: ReadonlyMap<string, string>, ports: StreamPorts) {
    super({ allowHalfOpen: true })
    this.headers = headers
    this.#ports = ports
    // Whoever uses it is told by `close`.
    this.on('error', () => {})
  }

  /** The other side wants and sends nothing more. */
  cancelled(): void {
    this.#cancelled = true
    this.destroy()
  }

  override _read(): void {
    this.#ports.wanted()
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#ports.data(chunk, false, done)
  }

  override _final(done: () => void): void {
    this.#ports.data(Buffer.alloc(0), true, done)
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const finished = this.writableFinished && this.readableEnded
    if (!finished && !this.#cancelled) this.#ports.reset()
    this.#ports.gone()
    done(error)
  }
}
