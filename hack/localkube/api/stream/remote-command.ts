// `kubectl exec` over a WebSocket: subprotocols v4.channel.k8s.io and v5.channel.k8s.io. Each binary message is one byte, the
// channel, and what is on it: 0 standard input, 1 output, 2 error output, 3 how it ended (a Status). What comes on others (4: sizes of
// the terminal) is left alone.
// In v5 a message of 255 and a channel closes that channel: so the end of the standard input is known.
import type { Readable, Writable } from 'node:stream'
import type { WebSocket } from 'ws'
import type { JsonObject } from '../json-value.ts'
import { maxStreamBacklogBytes } from '../limits.ts'
import type { RemoteProcess } from '../registry.ts'
import { internalError, RegistryError } from '../status-error.ts'
import { bytesOf } from './web-socket-bytes.ts'

export const remoteCommandProtocols = ['v5.channel.k8s.io', 'v4.channel.k8s.io'] as const

const channels = { stdin: 0, stdout: 1, stderr: 2, status: 3, close: 255 } as const

/** Joins the process to the socket until one of them ends; the process does not outlive the socket. */
export function attachProcess(socket: WebSocket, starting: Promise<RemoteProcess>): void {
  // What the client says before the process runs waits.
  socket.pause()
  starting.then(
    (started) => join(socket, started),
    (error: unknown) => {
      socket.resume()
      finish(socket, failure(error))
    },
  )
}

function join(socket: WebSocket, started: RemoteProcess): void {
  socket.on('message', (data) => {
    receive(socket, started, bytesOf(data))
  })
  socket.on('close', () => started.kill())
  socket.on('error', () => started.kill())
  started.stdin?.on('error', () => {
    // It reads no more: what the client still sends is lost, as in a pipe.
  })
  forward(socket, channels.stdout, started.stdout)
  if (started.stderr) forward(socket, channels.stderr, started.stderr)
  socket.resume()
  if (socket.readyState !== socket.OPEN) started.kill()
  void started.ended.then((exitCode) => finish(socket, exitCode === 0 ? success : exited(exitCode)))
}

function receive(socket: WebSocket, { stdin }: RemoteProcess, message: Buffer): void {
  const [channel] = message
  const content = message.subarray(1)
  if (channel === channels.stdin && stdin) write(socket, stdin, content)
  else if (channel === channels.close && content[0] === channels.stdin) stdin?.end()
}

function write(socket: WebSocket, stdin: Writable, content: Buffer): void {
  if (content.length === 0 || !stdin.writable || stdin.write(content)) return
  socket.pause()
  const go = (): void => {
    stdin.off('drain', go).off('close', go)
    socket.resume()
  }
  stdin.on('drain', go).on('close', go)
}

function forward(socket: WebSocket, channel: number, output: Readable): void {
  output.on('data', (chunk: Buffer) => {
    if (socket.readyState !== socket.OPEN) return
    socket.send(Buffer.concat([Buffer.of(channel), chunk]), () => {
      if (socket.bufferedAmount <= maxStreamBacklogBytes) output.resume()
    })
    if (socket.bufferedAmount > maxStreamBacklogBytes) output.pause()
  })
}

function finish(socket: WebSocket, status: JsonObject): void {
  if (socket.readyState !== socket.OPEN) return
  socket.send(Buffer.concat([Buffer.of(channels.status), Buffer.from(JSON.stringify(status))]))
  socket.close(1000)
}

const success: JsonObject = { metadata: {}, status: 'Success' }

/** From this text and cause kubectl takes its own exit code. */
const exited = (exitCode: number): JsonObject => ({
  metadata: {},
  status: 'Failure',
  message: `command terminated with non-zero exit code: exit status ${exitCode}`,
  reason: 'NonZeroExitCode',
  details: { causes: [{ reason: 'ExitCode', message: String(exitCode) }] },
})

const failure = (error: unknown): JsonObject =>
  (error instanceof RegistryError ? error : internalError((error as Error).message)).toStatus()
