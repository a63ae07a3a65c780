// What strangers do on sockets, each an endless loop until the signal: damaged frames, idle connections, a client that
// never reads, one that sends a byte per second, and floods of everything that a broker keeps.
import { connect, type Socket } from 'node:net'
import { deflateSync } from 'node:zlib'
import type { Random } from '../../broker/base/random.ts'
import type { Command, DataStructure } from '../../broker/wire/openwire/commands.ts'
import { OpenWireCodec } from '../../broker/wire/openwire/openwire-codec.ts'
import {
  defaultWireFormatOptions,
  initialWireFormat,
  preferredWireFormatInfo,
} from '../../broker/wire/openwire/wire-format.ts'
import { connectionInfo } from '../broker/session/openwire/session-harness.ts'
import {
  consumerInfo,
  destinationInfo,
  producerInfo,
  textMessage,
  transactionInfo,
} from '../broker/session/openwire/test-commands.ts'
import { FrameSource } from './frame-source.ts'
import { StrangerCommands } from './stranger-frames.ts'

export interface Hostility {
  readonly port: number
  readonly random: Random
  readonly signal: AbortSignal
  readonly recorded: readonly Buffer[]
  /** What was tried, by name. */
  readonly counts: Record<string, number>
}

let serial = 0
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** A raw connection that reads and forgets, unless told not to. */
class HostileSocket {
  readonly id = `ID:stranger-${process.pid}-${++serial}:1`
  readonly socket: Socket
  codec = new OpenWireCodec(initialWireFormat)
  closed = false
  receivedBytes = 0

  constructor({ port, counts }: Hostility) {
    counts['connections'] = (counts['connections'] ?? 0) + 1
    this.socket = connect({ host: '127.0.0.1', port, noDelay: true })
    this.socket.on('error', () => {})
    this.socket.on('close', () => (this.closed = true))
    this.socket.on('data', (chunk: Buffer) => void (this.receivedBytes += chunk.length))
  }

  /** Loose, without cache, unless said otherwise. */
  negotiate(tightEncodingEnabled = false, cacheEnabled = false): void {
    const options = { ...defaultWireFormatOptions, tightEncodingEnabled, cacheEnabled, maxInactivityDurationMs: 0 }
    this.socket.write(new OpenWireCodec(initialWireFormat).encode(preferredWireFormatInfo(options)))
    this.codec = new OpenWireCodec({
      ...initialWireFormat,
      version: 12,
      tightEncodingEnabled,
      cacheEnabled,
      cacheSize: 1024,
    })
  }

  connect(): void {
    this.negotiate()
    this.send(
      connectionInfo({ connectionId: { kind: 'ConnectionId', value: this.id }, clientId: `client of ${this.id}` }),
    )
  }

  send(command: DataStructure): void {
    this.socket.write(this.codec.encode(command))
  }

  /** Waits until the broker took what was written; false when it closed the connection. */
  async taken(): Promise<boolean> {
    const { socket } = this
    if (socket.writableNeedDrain && !this.closed)
      await new Promise<void>((resolve) => {
        const done = (): void => {
          clearTimeout(timer)
          socket.off('drain', done).off('close', done)
          resolve()
        }
        // A broker that does not read for a while is no reason to stay for ever.
        const timer = setTimeout(done, 1000)
        socket.on('drain', done).on('close', done)
      })
    return !this.closed
  }

  destroy(): void {
    this.socket.destroy()
  }
}

/** All at once, until the signal. */
export async function attack(hostility: Hostility, idleConnections: number): Promise<void> {
  await Promise.all([
    ...Array.from({ length: 4 }, () => fuzz(hostility)),
    idle(hostility, idleConnections),
    neverReads(hostility),
    oneBytePerSecond(hostility),
    ...floods.map((what) => floodOf(what, hostility)),
  ])
}

async function fuzz(hostility: Hostility): Promise<void> {
  const { signal, random, recorded, counts } = hostility
  while (!signal.aborted) {
    const peer = new HostileSocket(hostility)
    const phase = random.next()
    const tight = random.next() < 0.5
    if (phase > 0.1) peer.negotiate(tight, random.next() < 0.4)
    if (phase > 0.2)
      peer.send(
        connectionInfo({ connectionId: { kind: 'ConnectionId', value: peer.id }, clientId: `client of ${peer.id}` }),
      )
    const source = new FrameSource(random, new StrangerCommands(random, { own: peer.id, foreign: [] }), recorded)
    for (let frames = random.next() * 200; frames > 0 && !peer.closed && !signal.aborted; frames--) {
      counts['frames'] = (counts['frames'] ?? 0) + 1
      peer.socket.write(source.next(peer.codec))
      if (frames % 20 < 1) await pause(1)
      await peer.taken()
    }
    peer.destroy()
  }
}

/** Connections that send nothing; dropped ones are replaced. */
async function idle(hostility: Hostility, count: number): Promise<void> {
  const peers = new Set<HostileSocket>()
  while (!hostility.signal.aborted) {
    for (const peer of peers) if (peer.closed) peers.delete(peer)
    for (let added = 0; added < 200 && peers.size < count; added++) peers.add(new HostileSocket(hostility))
    hostility.counts['idleConnections'] = Math.max(hostility.counts['idleConnections'] ?? 0, peers.size)
    await pause(50)
  }
  for (const peer of peers) peer.destroy()
}

/** Subscribes to everything on topics with a huge prefetch and takes nothing, while another one publishes without end. */
async function neverReads(hostility: Hostility): Promise<void> {
  const { signal, counts } = hostility
  const body = Buffer.alloc(100_000, 'x')
  while (!signal.aborted) {
    const reader = new HostileSocket(hostility)
    reader.connect()
    const topic = { kind: 'ActiveMQTopic', physicalName: 'strangers.flood' } as const
    for (let value = 1; value <= 20; value++)
      reader.send(
        consumerInfo({
          consumerId: { kind: 'ConsumerId', connectionId: reader.id, sessionId: -1, value },
          destination: topic,
          prefetchSize: 2 ** 31 - 1,
        }),
      )
    reader.socket.pause()
    const writer = new HostileSocket(hostility)
    writer.connect()
    const producerId = { kind: 'ProducerId', connectionId: writer.id, sessionId: -1, value: 1 } as const
    writer.send(producerInfo({ producerId, destination: topic }))
    for (let sent = 0; sent < 5000 && !signal.aborted && !reader.closed; sent++) {
      const messageId = {
        kind: 'MessageId',
        textView: null,
        producerId,
        producerSequenceId: sent,
        brokerSequenceId: 0,
      } as const
      writer.send(
        textMessage({
          producerId,
          destination: topic,
          messageId,
          persistent: false,
          responseRequired: false,
          content: body,
        }),
      )
      counts['unreadMessages'] = (counts['unreadMessages'] ?? 0) + 1
      if (!(await writer.taken())) break
      if (sent % 50 === 0) await pause(5)
    }
    writer.destroy()
    for (let waited = 0; waited < 20 && !signal.aborted; waited++) await pause(100)
    reader.destroy()
  }
}

/** The first bytes of a frame, one by one: before and after the negotiation. */
async function oneBytePerSecond(hostility: Hostility): Promise<void> {
  const early = new HostileSocket(hostility)
  const late = new HostileSocket(hostility)
  late.connect()
  late.socket.write(Buffer.from([0, 0x10, 0, 0]))
  const bytes = Buffer.from([0, 0, 1, 0, 1, 1, 1, 1])
  for (let at = 0; !hostility.signal.aborted; at++) {
    for (const peer of [early, late]) if (!peer.closed) peer.socket.write(bytes.subarray(at % 8, (at % 8) + 1))
    for (let waited = 0; waited < 10 && !hostility.signal.aborted; waited++) await pause(100)
  }
  early.destroy()
  late.destroy()
}

const floods = [
  'destinations',
  'consumers',
  'producers',
  'sessions',
  'transactions',
  'temporary',
  'bombs',
  'lengths',
] as const
type Flood = (typeof floods)[number]

const million = 1_000_000

/** One connection that makes a million of something; then the next one. */
async function floodOf(what: Flood, hostility: Hostility): Promise<void> {
  const { signal, counts } = hostility
  while (!signal.aborted) {
    const peer = new HostileSocket(hostility)
    peer.connect()
    if (what === 'bombs' || what === 'lengths') peer.send(producerOf(peer, 1, 'strangers.bombs'))
    for (let index = 1; index <= million && !signal.aborted; index++) {
      if (what === 'lengths') peer.socket.write(Buffer.from([0x7f, 0xff, 0xff, 0xff, 23, 1, 2, 3]))
      else peer.send(floodCommand(what, peer, index))
      counts[what] = (counts[what] ?? 0) + 1
      if (!(await peer.taken())) break
      // Strangers share the machine with those who are watched.
      if (index % 100 === 0) await pause(10)
      if (what === 'bombs' || what === 'lengths') await pause(200)
    }
    peer.destroy()
    await pause(100)
  }
}

function floodCommand(what: Exclude<Flood, 'lengths'>, peer: HostileSocket, index: number): Command {
  const connectionId = { kind: 'ConnectionId', value: peer.id } as const
  switch (what) {
    case 'destinations':
      return destinationInfo(0, {
        connectionId,
        responseRequired: false,
        destination: { kind: 'ActiveMQQueue', physicalName: `strangers.D.${index}` },
      })
    case 'consumers':
      return consumerInfo({
        consumerId: { kind: 'ConsumerId', connectionId: peer.id, sessionId: -1, value: index },
        destination: { kind: 'ActiveMQTopic', physicalName: 'strangers.consumers' },
        responseRequired: false,
      })
    case 'producers':
      return producerOf(peer, index, 'strangers.producers')
    case 'sessions':
      return {
        kind: 'SessionInfo',
        commandId: index,
        responseRequired: false,
        sessionId: { kind: 'SessionId', connectionId: peer.id, value: index },
      }
    case 'transactions':
      return transactionInfo(0, {
        connectionId,
        responseRequired: false,
        transactionId: { kind: 'LocalTransactionId', value: index, connectionId },
      })
    case 'temporary':
      return destinationInfo(0, {
        connectionId,
        responseRequired: false,
        destination: { kind: 'ActiveMQTempQueue', physicalName: `${peer.id}:${index}` },
      })
    case 'bombs':
      return bombOf(peer, index)
  }
}

const producerOf = (peer: HostileSocket, value: number, queue: string): Command =>
  producerInfo({
    producerId: { kind: 'ProducerId', connectionId: peer.id, sessionId: -1, value },
    destination: { kind: 'ActiveMQQueue', physicalName: queue },
    responseRequired: false,
  })

let bomb: Buffer | undefined

/** A hundred kilobytes that inflate to a hundred megabytes. */
function bombOf(peer: HostileSocket, producerSequenceId: number): Command {
  bomb ??= deflateSync(Buffer.alloc(100 * 2 ** 20))
  const producerId = { kind: 'ProducerId', connectionId: peer.id, sessionId: -1, value: 1 } as const
  return textMessage({
    producerId,
    destination: { kind: 'ActiveMQQueue', physicalName: 'strangers.bombs' },
    messageId: { kind: 'MessageId', textView: null, producerId, producerSequenceId, brokerSequenceId: 0 },
    responseRequired: false,
    compressed: true,
    content: bomb,
  })
}
