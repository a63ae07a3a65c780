// One connection between two members, once it is there or while it is made: frames in, frames out, and one end.
import type { Socket } from 'node:net'
import { errorMessage } from '../../base/errors.ts'
import { FrameSplitter } from '../../wire/openwire/frame-splitter.ts'
import { encodeJson, largestFrameBytes } from '../wire/message-codec.ts'
import { transportLimits } from './limits.ts'

export class MemberSocket {
  /** Takes what comes, a frame at a time. What it throws ends the connection. */
  onFrame: (frame: Buffer) => void = () => {}
  readonly remote: string
  /** Resolves when nothing of it is left. */
  readonly closed: Promise<void>
  readonly #socket: Socket
  readonly #splitter = new FrameSplitter(transportLimits.helloBytes)
  readonly #ended: (reason: string) => void
  #isOver = false
  #isCorked = false

  /** `ended` is called once, however the connection ends. */
  constructor(socket: Socket, remote: string, ended: (reason: string) => void) {
    this.#socket = socket
    this.remote = remote
    this.#ended = ended
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()))
    socket.setNoDelay(true)
    socket.setKeepAlive(true, 10_000)
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    socket.on('error', (error) => this.end(errorMessage(error)))
    socket.on('close', () => this.end('the connection was closed'))
  }

  /** The handshake is over. */
  allowLargeFrames(): void {
    this.#splitter.maxFrameSize = largestFrameBytes
  }

  /** What is sent in one turn of the event loop goes to the system at once. Nothing is copied, so nothing of it may change. */
  send(parts: readonly Buffer[]): void {
    if (this.#isOver) return
    if (!this.#isCorked) {
      this.#isCorked = true
      this.#socket.cork()
      process.nextTick(() => {
        this.#isCorked = false
        this.#socket.uncork()
      })
    }
    for (const part of parts) this.#socket.write(part)
    if (this.#socket.writableLength > transportLimits.outputBytes)
      this.end(`it does not take what is sent to it: ${this.#socket.writableLength} bytes wait`)
  }

  say(value: object): void {
    this.send([encodeJson(value)])
  }

  /** Says why, and hangs up without waiting for the other one. */
  refuse(reason: string): void {
    if (this.#isOver) return
    this.say({ refused: reason })
    this.#isOver = true
    this.#socket.destroySoon()
    this.#ended(reason)
  }

  end(reason: string): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#socket.destroy()
    this.#ended(reason)
  }

  #read(chunk: Buffer): void {
    if (this.#isOver) return
    try {
      for (const frame of this.#splitter.push(chunk)) {
        this.onFrame(frame)
        if (this.#isOver as boolean) return
      }
    } catch (error) {
      this.end(errorMessage(error))
    }
  }
}
