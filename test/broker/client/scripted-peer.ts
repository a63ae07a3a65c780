// A broker that follows a script over real sockets: every recorded frame of the broker is sent when all frames of the
// client before it have come.
import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import type { Command, DataStructure } from '../../../broker/wire/openwire/commands.ts'
import { FrameSplitter } from '../../../broker/wire/openwire/frame-splitter.ts'
import { OpenWireCodec } from '../../../broker/wire/openwire/openwire-codec.ts'
import {
  defaultWireFormatOptions,
  initialWireFormat,
  preferredWireFormatInfo,
} from '../../../broker/wire/openwire/wire-format.ts'
import type { TranscriptFrame } from '../wire/openwire/spec-vectors.ts'

const looseFormat = { ...initialWireFormat, version: 12 }

export interface ScriptedPeer {
  readonly port: number
  /** What the client sent after its wire format, by connection, in order. */
  readonly received: Command[][]
  /** Resolves when the script of connection `index` is done. */
  finished(index: number): Promise<void>
  /** Cuts the connection without a word. */
  cut(index: number): void
  /** Answers a live connection with a command of its own. */
  send(index: number, command: DataStructure): void
  /** Resolves when `check` is true of what was received; looks after every command. */
  until(check: (received: Command[][]) => boolean): Promise<void>
  close(): Promise<void>
}

/** Connection n follows `scripts[n]`; without a script every request is answered by a plain Response. */
export async function startScriptedPeer(scripts: readonly (readonly TranscriptFrame[])[] = []): Promise<ScriptedPeer> {
  const received: Command[][] = []
  const sockets: Socket[] = []
  const finished = new Map<number, PromiseWithResolvers<void>>()
  const waiting: { check: (received: Command[][]) => boolean; resolve: () => void }[] = []
  const finishedOf = (index: number): PromiseWithResolvers<void> => {
    const known = finished.get(index) ?? Promise.withResolvers<void>()
    finished.set(index, known)
    return known
  }
  const noticed = (): void => {
    for (const { check, resolve } of waiting) if (check(received)) resolve()
  }

  const server: Server = createServer((socket) => {
    const index = sockets.push(socket) - 1
    const commands: Command[] = []
    received[index] = commands
    const script = scripts[index]
    const splitter = new FrameSplitter(10_000_000)
    const first = new OpenWireCodec(initialWireFormat)
    const codec = new OpenWireCodec(looseFormat)
    let infoSeen = false
    let position = 0
    const advance = (): void => {
      if (!script) return
      for (; position < script.length; position++) {
        const frame = script[position]!
        if (frame.dir === 'C>B') return
        socket.write(Buffer.from(frame.hex, 'hex'))
      }
      finishedOf(index).resolve()
    }
    if (!script)
      socket.write(
        first.encode(
          preferredWireFormatInfo({ ...defaultWireFormatOptions, cacheEnabled: false, tightEncodingEnabled: false }),
        ),
      )
    advance()
    socket.on('error', () => {})
    socket.on('data', (bytes: Buffer) => {
      for (const frame of splitter.push(bytes)) {
        const command = (infoSeen ? codec : first).decode(Buffer.from(frame)) as Command
        if (infoSeen) commands.push(command)
        infoSeen = true
        if (script) position++
        else if ('responseRequired' in command && command.responseRequired)
          socket.write(
            codec.encode({ kind: 'Response', commandId: 0, responseRequired: false, correlationId: command.commandId }),
          )
        advance()
      }
      noticed()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const codec = new OpenWireCodec(looseFormat)
  return {
    port: (server.address() as AddressInfo).port,
    received,
    finished: (index) => finishedOf(index).promise,
    cut: (index) => void sockets[index]!.destroy(),
    send: (index, command) => void sockets[index]!.write(codec.encode(command)),
    until: (check) =>
      new Promise((resolve) => {
        waiting.push({ check, resolve })
        if (check(received)) resolve()
      }),
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy()
        server.close(() => resolve())
      }),
  }
}
