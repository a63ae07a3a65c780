// Reading accepted sockets into memory that is used again. Node makes a new buffer of 64 KiB for each read, and a broker that
// copies what it keeps throws them all away: a third of its work with small messages, more with large ones, was to make and
// to collect them. Node's option `onread` avoids that, but only for sockets that are opened, not for those that a server
// accepts: so the handle of the accepted socket moves into one that has the option. Where a version of Node has no such
// handle, the socket reads as always.
import { Socket, type SocketConstructorOpts } from 'node:net'
import { readBufferBytes } from './limits.ts'

interface Handle {
  readonly useUserBuffer?: unknown
}

/** One for all sockets: libuv fills it and hands it over within one call; not so on Windows, which fills it in between. */
const buffer = process.platform === 'win32' ? null : Buffer.allocUnsafeSlow(readBufferBytes)

/**
 * Starts reading `accepted`, which must come from a server with `pauseOnConnect`, and returns the socket to use instead of it.
 * `received` gets bytes that are valid only until it returns.
 */
export function readIntoSharedBuffer(accepted: Socket, received: (bytes: Buffer) => void): Socket {
  const handle = buffer && takeHandle(accepted)
  if (!handle) {
    accepted.on('data', received)
    return accepted
  }
  const callback = (length: number): boolean => {
    received(buffer.subarray(0, length))
    return true
  }
  const options: { handle: Handle; onread: NonNullable<SocketConstructorOpts['onread']> } = {
    handle,
    onread: { buffer, callback },
  }
  const socket = new Socket(options as object)
  // The server counts its connections by the sockets that it made.
  socket.once('close', () => void accepted.destroy())
  // Nothing comes as 'data', but without it the end would not be told.
  socket.resume()
  return socket
}

function takeHandle(accepted: Socket): Handle | null {
  const holder = accepted as unknown as { _handle?: Handle | null }
  const handle = holder._handle
  if (typeof handle?.useUserBuffer !== 'function') return null
  holder._handle = null
  return handle
}
