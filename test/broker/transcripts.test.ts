// Conversations of the stock 5.17.2 client and broker, replayed: what the client said then is sent to our broker over a
// socket, and what ours answers is held against what theirs answered, field by field. Ids that a broker makes up, times,
// and what the specification leaves open (a dispatch before or after the Response) are evened out; broker sequence ids
// that a client sends back are translated. The same is said once more as the clients for .NET and C++ encode it.
//
// Those that show what this broker does not have yet are listed with its refusal: whoever builds it moves them to the
// others. A recording that is in neither list fails.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { FrameSplitter } from '../../broker/wire/openwire/frame-splitter.ts'
import { OpenWireCodec } from '../../broker/wire/openwire/openwire-codec.ts'
import {
  defaultWireFormatOptions,
  initialWireFormat,
  negotiate,
  preferredWireFormatInfo,
  type WireFormatOptions,
} from '../../broker/wire/openwire/wire-format.ts'
import { buildConnectionInfo, buildProducerInfo, buildSessionInfo } from '../../broker/openwire/build-commands.ts'
import type {
  Command,
  ConsumerInfo,
  DataStructure,
  MessageCommand,
  WireFormatInfo,
} from '../../broker/wire/openwire/commands.ts'
import { decodePrimitiveMap } from '../../broker/marshal/primitive-map.ts'
import { createJournalStore } from '../support/journal-stores.ts'
import { OpenWirePeer } from '../support/openwire-peer.ts'
import { SimulatedDisk } from '../support/simulated-disk.ts'
import { startBroker, type StartedBroker } from '../support/started-broker.ts'

const spec = process.env['FLOTILLA_SPEC'] ?? join(import.meta.dirname, '../../../shared/spec')
const folder = join(spec, 'openwire-vectors/transcripts')
const replayed = [
  'connect-default',
  'queue-auto-ack',
  'topic-dups-ok',
  'durable-subscription',
  'client-and-individual-ack',
  'transacted',
  'temp-queue-request-reply',
  'temp-queue-known-to-late-connection',
  'pull-prefetch-0',
  'producer-window',
  'composite-and-wildcard',
  'expired-on-client',
  'optimize-acknowledge',
  'failover-reconnect',
  'errors',
  'broker-stop',
  'browser',
  'network-one-way',
  'network-duplex',
]

/** What the others wait for, as the broker refuses it. */
const refused = {
  xa: /XA transactions are not supported/,
}

/** What the stock clients for other languages offer (NMS.ActiveMQ 2, ActiveMQ-CPP 3.9), where Java offers everything. */
const otherClients: readonly (readonly [string, WireFormatOptions])[] = [
  [
    '.NET',
    {
      ...defaultWireFormatOptions,
      version: 10,
      tightEncodingEnabled: false,
      cacheEnabled: false,
      stackTraceEnabled: false,
    },
  ],
  ['C++', { ...defaultWireFormatOptions, version: 11, cacheEnabled: false }],
]

interface RecordedFrame {
  readonly conn: number
  readonly dir: 'C>B' | 'B>C'
  readonly summary: string
  readonly hex: string
}

interface Recorded {
  readonly frame: RecordedFrame
  readonly command: Command
}

/** One connection of a transcript: the recorded side to decode with, the live one to talk to. */
interface Line {
  readonly peer: OpenWirePeer
  /** What the recorded broker had sent by now, evened out; without what was matched. */
  expected: string[]
  /** What ours has sent and the recorded one had not yet. */
  early: string[]
}

const describeWithSpec = existsSync(folder) ? describe : describe.skip
describeWithSpec('conversations of the stock client and broker', () => {
  describe('as recorded', () => {
    const port = brokerForAll()
    test.each(replayed)('%s', (name) => new Replay(port()).run(load(name)))

    test.each(Object.entries(refused))('%s is refused', async (name, refusal) => {
      const peer = await OpenWirePeer.connect(port())
      const said = load(name).filter(({ frame }) => frame.dir === 'C>B')
      for (const { command } of said) {
        if (command.kind === 'ShutdownInfo') break
        if (command.kind !== 'WireFormatInfo') peer.send(command)
        else {
          peer.sendWireFormat(command)
          await peer.negotiated()
        }
      }
      await peer.until(() =>
        peer.received.some((command) => 'exception' in command && refusal.test(command.exception?.message ?? '')),
      )
      peer.destroy()
    })
  })

  describe.each(otherClients)('as a client for %s has them', (_, format) => {
    const port = brokerForAll()
    test.each(replayed)('%s', (name) => new Replay(port(), format).run(load(name)))
  })

  test('there is no other', () => {
    const names = readdirSync(folder).map((file) => file.replace(/\.json$/, ''))
    expect(names.toSorted()).toEqual([...replayed, ...Object.keys(refused)].toSorted())
  })
})

/** Offers everything that the recorded broker offered, so that each client gets the encoding it had. Returns its port. */
function brokerForAll(): () => number {
  let started: StartedBroker
  beforeAll(async () => {
    // Other brokers are answered when a message is durable.
    const store = createJournalStore({ disk: new SimulatedDisk(), maxFileLength: 2 ** 20 })
    started = await startBroker({ store, connector: { tightEncodingEnabled: true, cacheEnabled: true } })
  })
  afterAll(() => started.broker.stop())
  return () => started.port
}

function load(name: string): Recorded[] {
  const { frames } = JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as { frames: RecordedFrame[] }
  return decodeFrames(frames)
}

class Replay {
  readonly #port: number
  /** null: as recorded. */
  readonly #format: WireFormatOptions | null
  /** The recorded side is another broker. */
  #isBridge = false
  readonly #lines = new Map<number, Line>()
  /** Clients of the recorded broker that were not recorded themselves, by connection id: a bridge heard of what they did. */
  readonly #others = new Map<string, OpenWirePeer>()
  /** Broker sequence ids: recorded → ours, learnt from dispatches. */
  readonly #recordedSequences = new Map<string, number>()
  readonly #sequences = new Map<number, number>()
  /** Numbers of the commands that a bridge forwards: by message, and recorded → ours, which answers name. */
  readonly #recordedCommands = new Map<string, number>()
  readonly #commands = new Map<number, number>()

  constructor(port: number, format: WireFormatOptions | null = null) {
    this.#port = port
    this.#format = format
  }

  async run(conversation: readonly Recorded[]): Promise<void> {
    this.#isBridge = conversation.some(({ frame, command }) => frame.dir === 'C>B' && command.kind === 'BrokerInfo')
    const recorded = new Set(conversation.map(({ command }) => connectedId(command)))
    const last = new Map(conversation.map(({ frame }, index) => [frame.conn, index]))
    for (const [index, { frame, command }] of conversation.entries()) {
      const line = await this.#line(frame.conn)
      if (frame.dir === 'B>C') {
        await this.#bringAbout(command, recorded)
        this.#expect(line, command)
        continue
      }
      await this.#caughtUp()
      if (command.kind === 'WireFormatInfo')
        line.peer.sendWireFormat(this.#format ? preferredWireFormatInfo(this.#format) : command)
      else {
        await line.peer.negotiated()
        line.peer.send(this.#translated(command))
      }
      if (last.get(frame.conn) === index && command.kind !== 'ShutdownInfo') await this.#cut(line, conversation, index)
    }
    await this.#caughtUp()
    for (const { peer, early } of this.#lines.values()) {
      expect(early).toEqual([])
      peer.destroy()
    }
    for (const other of this.#others.values()) other.destroy()
  }

  /** Does what an advisory tells of somebody who was not recorded. */
  async #bringAbout(command: Command, recorded: ReadonlySet<string | undefined>): Promise<void> {
    const message = messageOf(command)
    if (message && message.type !== 'Advisory' && command.kind !== 'MessageDispatch')
      await this.#send(message, recorded)
    const told = message?.dataStructure
    if (told?.kind === 'ConsumerInfo' && !recorded.has(told.consumerId!.connectionId!)) await this.#addConsumer(told)
    if (told?.kind !== 'RemoveInfo' || told.objectId?.kind !== 'ConsumerId') return
    this.#others.get(told.objectId.connectionId!)?.send({ ...told, responseRequired: false })
  }

  async #addConsumer(info: ConsumerInfo): Promise<void> {
    const { connectionId, sessionId } = info.consumerId!
    const other = await this.#other(connectionId!, info.clientId)
    other.send(buildSessionInfo(connectionId!, Number(sessionId)), info)
  }

  /** What a bridge forwards bare was sent by somebody. */
  async #send(message: MessageCommand, recorded: ReadonlySet<string | undefined>): Promise<void> {
    const producer = message.messageId!.producerId!
    const connectionId = producer.connectionId!
    if (recorded.has(connectionId)) return
    const other = await this.#other(connectionId, null)
    const session = buildSessionInfo(connectionId, Number(producer.sessionId))
    other.send(session, buildProducerInfo(producer, message.destination), {
      ...message,
      producerId: producer,
      brokerPath: null,
      originalDestination: null,
      originalTransactionId: null,
    })
  }

  async #other(connectionId: string, clientId: string | null): Promise<OpenWirePeer> {
    const known = this.#others.get(connectionId)
    if (known) return known
    const other = await OpenWirePeer.connect(this.#port)
    this.#others.set(connectionId, other)
    await other.negotiate(this.#format ?? defaultWireFormatOptions)
    const names = { clientId: clientId ?? connectionId, userName: null, password: null, faultTolerant: false }
    other.send({ ...buildConnectionInfo({ connectionId, ...names }), commandId: 1, responseRequired: true })
    await other.next('Response')
    return other
  }

  /** The recording ends a connection without goodbye: the network was cut. */
  async #cut({ peer }: Line, conversation: readonly Recorded[], index: number): Promise<void> {
    if (index === conversation.length - 1) return
    peer.destroy()
    await peer.closed
  }

  async #line(connection: number): Promise<Line> {
    let line = this.#lines.get(connection)
    if (!line) {
      line = { peer: await OpenWirePeer.connect(this.#port), expected: [], early: [] }
      this.#lines.set(connection, line)
    }
    return line
  }

  #expect({ expected }: Line, command: Command): void {
    if (command.kind === 'WireFormatInfo' || isEndOfItsOwnDemand(command)) return
    if (command.kind === 'MessageDispatch' && command.message)
      this.#recordedSequences.set(dispatchKey(command), Number(command.message.messageId!.brokerSequenceId))
    if (isBare(command)) this.#recordedCommands.set(messageKey(command), command.commandId)
    const said = this.#isBridge ? asBridgesRead(command) : command
    expected.push(evened(this.#format ? encodedAs(this.#format, said) : said))
  }

  /** Waits until every connection has got what it had got in the recording; ours may be ahead. */
  async #caughtUp(): Promise<void> {
    for (const line of this.#lines.values()) {
      const { peer } = line
      await peer.until(() => line.early.length + peer.received.length >= line.expected.length)
      for (const command of peer.received) {
        if (command.kind === 'MessageDispatch' && command.message) this.#learn(command)
        if (isBare(command)) this.#commands.set(this.#recordedCommands.get(messageKey(command)) ?? 0, command.commandId)
        line.early.push(evened(this.#isBridge ? asBridgesRead(command) : command))
      }
      peer.received.length = 0
      const { missing, rest } = matched(line.expected, line.early)
      expect({ missing, instead: missing.length > 0 ? rest : [] }).toEqual({ missing: [], instead: [] })
      line.expected = []
      line.early = rest
    }
  }

  #learn(command: Extract<Command, { kind: 'MessageDispatch' }>): void {
    const recorded = this.#recordedSequences.get(dispatchKey(command))
    if (recorded !== undefined) this.#sequences.set(recorded, Number(command.message!.messageId!.brokerSequenceId))
  }

  #translated(command: Command): Command {
    if (command.kind === 'RemoveInfo')
      return { ...command, lastDeliveredSequenceId: this.#sequence(command.lastDeliveredSequenceId) }
    if (command.kind === 'MessageAck') {
      const translated = (id: typeof command.lastMessageId): typeof id =>
        id && { ...id, brokerSequenceId: this.#sequence(id.brokerSequenceId) }
      return {
        ...command,
        firstMessageId: translated(command.firstMessageId),
        lastMessageId: translated(command.lastMessageId),
      }
    }
    if (command.kind === 'Response')
      return { ...command, correlationId: this.#commands.get(command.correlationId) ?? command.correlationId }
    if ('expiration' in command && Number(command.expiration) > 0)
      return { ...command, expiration: Date.now() + 600_000 }
    return command
  }

  #sequence(recorded: number | bigint): number {
    return this.#sequences.get(Number(recorded)) ?? Number(recorded)
  }
}

const connectedId = (command: Command): string | undefined =>
  command.kind === 'ConnectionInfo' ? (command.connectionId?.value ?? undefined) : undefined

/** What is left of a command in an encoding that may not carry all of it. */
function encodedAs(format: WireFormatOptions, command: Command): Command {
  const codec = new OpenWireCodec(format)
  return codec.decode(frameOf(codec.encode(command))) as Command
}

/** Takes `expected` out of `received`, both as multisets. */
function matched(expected: readonly string[], received: readonly string[]): { missing: string[]; rest: string[] } {
  const rest = [...received]
  const missing = expected.filter((text) => {
    const index = rest.indexOf(text)
    if (index >= 0) rest.splice(index, 1)
    return index < 0
  })
  return { missing, rest }
}

/** What a bridge forwards, or a broker dispatches. */
const messageOf = (command: Command): MessageCommand | null =>
  command.kind === 'MessageDispatch' ? command.message : isBare(command) ? command : null

const isBare = (command: Command): command is MessageCommand => command.kind.startsWith('ActiveMQ')

/** Theirs tells a bridge when the consumer goes that it has for it, though it never said that it came (NetworkBridgeFilter); ours does not. */
function isEndOfItsOwnDemand(command: Command): boolean {
  const told = messageOf(command)?.dataStructure
  return told?.kind === 'RemoveInfo' && told.objectId?.kind === 'ConsumerId' && /->/.test(told.objectId.connectionId!)
}

/** Without what ours does not tell a bridge: who the broker is, and which of a destination's consumers made it one that has some. */
function asBridgesRead(command: Command): Command {
  const message = messageOf(command)
  const told = message?.dataStructure
  if (message?.type !== 'Advisory' || !told) return command
  const dataStructure: DataStructure =
    told.kind === 'ConsumerInfo'
      ? { ...told, consumerId: null, clientId: null }
      : told.kind === 'RemoveInfo'
        ? { ...told, objectId: null, lastDeliveredSequenceId: -2 }
        : told
  const read = { ...message, marshalledProperties: null, dataStructure }
  return command.kind === 'MessageDispatch' ? { ...command, message: read } : read
}

const messageKey = ({ messageId }: MessageCommand): string =>
  JSON.stringify([messageId!.producerId, messageId!.producerSequenceId])

const dispatchKey = ({ consumerId, message }: Extract<Command, { kind: 'MessageDispatch' }>): string =>
  JSON.stringify([consumerId, message!.messageId!.producerId, message!.messageId!.producerSequenceId])

/** Structures as comparable text, without what may differ between two brokers or two runs. */
function evened(command: Command): string {
  // A bridge over a duplex connection gets its advisories bare where the recorded broker has another bridge at the end of it; ours has
  // its session there, which dispatches them.
  if (command.kind === 'MessageDispatch' && command.message?.type === 'Advisory') return evened(command.message)
  const copy = structuredClone(command) as unknown as Record<string, unknown>
  if (isBare(command)) evenMessage(Object.assign(copy, { brokerPath: command.brokerPath?.length }))
  // Counted by those who have a bridge at the end of the connection.
  if (command.kind === 'Response') Object.assign(copy, { commandId: 0 })
  if (command.kind === 'BrokerInfo') Object.assign(copy, { brokerId: null, brokerURL: null })
  if (command.kind === 'MessageDispatch' && command.message) evenMessage(copy['message'] as Record<string, unknown>)
  if (command.kind === 'ExceptionResponse') evenException(copy['exception'] as Record<string, unknown>)
  // Networks were recorded with a broker of another name.
  return (
    JSON.stringify(copy)
      .replaceAll('"broker-b"', '"localhost"')
      .replace('NC_broker-b_outbound', 'NC_localhost_outbound')
      .replaceAll(/"(broker-b|localhost)->localhost-[-\d]+:\d+"/g, '"back"')
      // Each counts the consumers of its bridge in its own way.
      .replaceAll(/("connectionId":"back","sessionId":1,"value":)\d+/g, (_, before: string) => `${before}1`)
  )
}

function evenMessage(message: Record<string, unknown>): void {
  const messageId = message['messageId'] as Record<string, unknown>
  Object.assign(messageId, { brokerSequenceId: 0 })
  // Leftovers of the frame that the message came in.
  Object.assign(message, { commandId: 0, responseRequired: false, brokerInTime: 0, brokerOutTime: 0, expiration: 0 })
  const properties = message['marshalledProperties'] as Uint8Array | null
  const map = properties && decodePrimitiveMap(Buffer.from(properties))
  message['marshalledProperties'] = map && evenedProperties(map)
  if (message['content']) message['content'] = Buffer.from(message['content'] as Uint8Array).toString('hex')
  if (message['type'] !== 'Advisory') return
  // Made by the broker, except for what it tells.
  Object.assign(message, { producerId: null, brokerPath: null })
  Object.assign(messageId, { producerId: null, producerSequenceId: 0 })
  Object.assign(message['dataStructure'] as object, { commandId: 0, responseRequired: false })
}

function evenedProperties(map: ReadonlyMap<string, unknown>): unknown {
  const brokerOwn = new Set(['originBrokerId', 'originBrokerURL', 'dlqDeliveryFailureCause'])
  // Theirs also says originalExpiration 0 for messages that could not expire; ours then says nothing.
  const names = [...map.keys()].filter((name) => name !== 'originalExpiration')
  return names.toSorted().map((name) => [name, brokerOwn.has(name) ? 'present' : map.get(name)])
}

function evenException(exception: Record<string, unknown>): void {
  exception['message'] = String(exception['message']).replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:PORT')
  exception['stackTrace'] = []
}

/** Without its size. */
const frameOf = (bytes: Buffer): Buffer => Buffer.from(new FrameSplitter(2 ** 30).push(bytes)[0]!)

/** Each direction of each connection has a codec of its own, made from the two recorded WireFormatInfos. */
function decodeFrames(frames: readonly RecordedFrame[]): Recorded[] {
  const infos = new Map<string, WireFormatInfo>()
  const codecs = new Map<string, OpenWireCodec>()
  const initial = new OpenWireCodec(initialWireFormat)
  return frames.map((frame) => {
    const bytes = frameOf(Buffer.from(frame.hex, 'hex'))
    const key = `${frame.conn} ${frame.dir}`
    if (bytes[0] === 1) {
      const info = initial.decode(bytes) as WireFormatInfo
      infos.set(key, info)
      return { frame, command: info }
    }
    let codec = codecs.get(key)
    if (!codec) {
      const [client, broker] = [infos.get(`${frame.conn} C>B`)!, infos.get(`${frame.conn} B>C`)!]
      codec = new OpenWireCodec(negotiate(broker, client))
      codecs.set(key, codec)
    }
    return { frame, command: codec.decode(bytes) as Command }
  })
}
