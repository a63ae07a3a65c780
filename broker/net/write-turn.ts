// Gathers what is written to sockets during one turn of the event loop, so that each socket gets one write per turn.
import type { Socket } from 'node:net'
import { coalescedWriteBytes } from './limits.ts'

export class WriteTurn {
  #dirty: SocketWriter[] = []
  #scheduled = false

  schedule(writer: SocketWriter): void {
    this.#dirty.push(writer)
    if (this.#scheduled) return
    this.#scheduled = true
    // After all sockets that were readable in this turn, so that their effects share the write.
    setImmediate(() => this.#flush())
  }

  #flush(): void {
    this.#scheduled = false
    const dirty = this.#dirty
    this.#dirty = []
    for (const writer of dirty) writer.flush()
  }
}

export class SocketWriter {
  readonly #socket: Socket
  readonly #turn: WriteTurn
  #pending: Buffer[] = []
  #pendingBytes = 0

  constructor(socket: Socket, turn: WriteTurn) {
    this.#socket = socket
    this.#turn = turn
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
