// An accepted socket as its session sees it: writes are gathered for a turn of the event loop, and an end takes no longer
// than it may.
import type { Socket } from 'node:net'
import type { Clock } from '../base/clock.ts'
import type { SessionOutput } from '../session/session.ts'
import { coalescedWriteBytes, endTimeoutMs } from './limits.ts'
import type { Flushable, WriteTurn } from './write-turn.ts'

export class SocketOutput implements SessionOutput, Flushable {
  readonly #socket: Socket
  readonly #turn: WriteTurn
  readonly #clock: Clock
  #pending: Buffer[] = []
  #pendingBytes = 0

  constructor(socket: Socket, turn: WriteTurn, clock: Clock) {
    this.#socket = socket
    this.#turn = turn
    this.#clock = clock
  }

  get bufferedBytes(): number {
    return this.#pendingBytes + this.#socket.writableLength
  }

  get sentBytes(): number {
    return this.#socket.bytesWritten - this.#socket.writableLength
  }

  write(bytes: Buffer): void {
    if (this.#pending.length === 0) this.#turn.schedule(this)
    this.#pending.push(bytes)
    this.#pendingBytes += bytes.length
  }

  pauseReading(): void {
    this.#socket.pause()
  }

  resumeReading(): void {
    this.#socket.resume()
  }

  end(): void {
    const socket = this.#socket
    this.flush()
    socket.end()
    // Or its end would not be noticed.
    socket.resume()
    const timer = this.#clock.after(endTimeoutMs, () => void socket.destroy())
    socket.once('close', () => timer.cancel())
  }

  destroy(): void {
    this.#socket.destroy()
  }

  flush(): void {
    if (this.#pending.length === 0) return
    const buffers = this.#pending
    const length = this.#pendingBytes
    this.#pending = []
    this.#pendingBytes = 0
    const socket = this.#socket
    if (!socket.writable) return
    if (buffers.length === 1) socket.write(buffers[0]!)
    else if (length <= coalescedWriteBytes) socket.write(Buffer.concat(buffers, length))
    else {
      socket.cork()
      for (const bytes of buffers) socket.write(bytes)
      socket.uncork()
    }
  }
}
