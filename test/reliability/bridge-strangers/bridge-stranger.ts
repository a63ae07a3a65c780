// One stranger that says to be a broker, from its first frame to its end: either a broker has dialled it, or it has dialled the broker.
import type { Random } from '../../../broker/base/random.ts'
import {
  buildConsumerInfo,
  buildKeepAlive,
  buildProducerInfo,
  buildResponse,
  buildSessionInfo,
} from '../../../broker/openwire/build-commands.ts'
import type { Command, ConnectionInfo } from '../../../broker/wire/openwire/commands.ts'
import type { OpenWireCodec } from '../../../broker/wire/openwire/openwire-codec.ts'
import type { WireFormatOptions } from '../../../broker/wire/openwire/wire-format.ts'
import { connectionInfo } from '../../broker/session/openwire/session-harness.ts'
import { FrameSource } from '../frame-source.ts'
import { Peer } from '../stranger-world.ts'
import { BridgeCommands } from './bridge-frames.ts'
import type { BridgeWorld } from './bridge-world.ts'
import type { DialledPeer } from './dialled-peer.ts'

/** Its end of the connection. */
interface StrangerEnd {
  readonly codec: OpenWireCodec
  readonly received: Command[]
  readonly closed: boolean
  readonly reading: boolean
  readonly takesBytes: boolean
  readonly lastWritten: Buffer
  /** Nobody ends it while it says nothing: both have agreed on that. */
  readonly mayBeSilent: boolean
  give(bytes: Buffer): void
  leave(): void
}

export interface BridgeStrangerOptions {
  readonly number: number
  readonly recorded: readonly Buffer[]
  readonly foreign: readonly string[]
}

const lastCommandId = 0x7eadbeef
const rememberedAnswers = 50
const advisories = 'ActiveMQ.Advisory.Consumer.>,ActiveMQ.Advisory.TempQueue,ActiveMQ.Advisory.TempTopic'

export class BridgeStranger {
  readonly #end: StrangerEnd
  readonly #source: FrameSource
  readonly #commands: BridgeCommands
  readonly #random: Random
  #left: number

  /** Of a bridge that the broker has dialled. */
  static dialled(peer: DialledPeer, random: Random, options: BridgeStrangerOptions): BridgeStranger {
    const commands = new BridgeCommands(random, { own: idOf(options), foreign: options.foreign }, { dials: false })
    peer.takesBytes = random.next() < 0.95
    peer.open()
    if (random.next() < 0.97) {
      peer.negotiate(someFormat(random))
      if (random.next() < 0.97 && !peer.closed) peer.send(commands.brokerInfo())
    }
    return new BridgeStranger(peer, random, commands, options)
  }

  /** It dials. */
  static dialling(world: BridgeWorld, random: Random, options: BridgeStrangerOptions): BridgeStranger {
    const own = idOf(options)
    const commands = new BridgeCommands(random, { own, foreign: options.foreign }, { dials: true })
    const tightEncodingEnabled = random.next() < 0.5
    const cacheEnabled = random.next() < 0.3
    const peer = new Peer(world, { tightEncodingEnabled, cacheEnabled }, random.next() < 0.4)
    peer.takesBytes = random.next() < 0.95
    const roll = random.next()
    if (roll > 0.03) peer.negotiate({ ...someFormat(random), tightEncodingEnabled, cacheEnabled })
    if (roll > 0.06) peer.send(commands.brokerInfo({ duplexConnection: random.next() < 0.7 }))
    if (roll > 0.09 && !peer.closed) introduce(peer, own)
    return new BridgeStranger(peer, random, commands, options)
  }

  private constructor(end: StrangerEnd, random: Random, commands: BridgeCommands, { recorded }: BridgeStrangerOptions) {
    this.#end = end
    this.#random = random
    this.#commands = commands
    this.#source = new FrameSource(random, commands, recorded)
    this.#left = 1 + this.#below(250)
  }

  get mutated(): number {
    return this.#source.mutated
  }

  get wasDropped(): boolean {
    return this.#end.closed
  }

  get finished(): boolean {
    return this.#left <= 0 || this.#end.closed || !this.#end.reading
  }

  /** Sends a few frames; returns how many. */
  act(): number {
    this.#hear()
    const count = 1 + this.#below(4)
    const bytes = Buffer.concat(Array.from({ length: count }, () => this.#source.next(this.#end.codec)))
    this.#left -= count
    if (this.#random.next() < 0.8) this.#end.give(bytes)
    else {
      const at = this.#below(bytes.length)
      this.#end.give(bytes.subarray(0, at))
      if (!this.#end.closed && this.#end.reading) this.#end.give(bytes.subarray(at))
    }
    return count
  }

  /** False: the broker has neither answered nor closed the connection. */
  async isServed(settle: () => Promise<void>): Promise<boolean> {
    const end = this.#end
    if (end.closed || !end.reading || !end.takesBytes || end.mayBeSilent) return true
    const answer = end.codec.encode(buildKeepAlive(lastCommandId))
    end.give(end.codec.encode({ ...buildKeepAlive(lastCommandId), responseRequired: true }))
    if (end.closed || end.lastWritten.equals(answer)) return true
    await settle()
    return end.closed || end.lastWritten.equals(answer)
  }

  get isClosed(): boolean {
    return this.#end.closed
  }

  leave(): void {
    this.#end.leave()
  }

  #hear(): void {
    for (const command of this.#end.received.splice(0)) {
      if (command.kind === 'ConnectionInfo') {
        this.#admit(command)
        continue
      }
      if (!command.kind.startsWith('ActiveMQ') || !('responseRequired' in command) || !command.responseRequired)
        continue
      if (this.#commands.awaited.push(command.commandId) > rememberedAnswers) this.#commands.awaited.shift()
    }
  }

  /** A one-way bridge begins when it is let in. */
  #admit({ commandId, responseRequired }: ConnectionInfo): void {
    if (!responseRequired || this.#end.closed || !this.#end.reading || this.#random.next() > 0.97) return
    this.#end.give(this.#end.codec.encode(buildResponse(commandId)))
  }

  #below(limit: number): number {
    return Math.floor(this.#random.next() * limit)
  }
}

const idOf = ({ number }: BridgeStrangerOptions): string => `ID:stranger-${number}:1`

const someFormat = (random: Random): Partial<WireFormatOptions> => ({
  version: random.next() < 0.7 ? 12 : 1 + Math.floor(random.next() * 12),
  stackTraceEnabled: false,
  maxInactivityDurationMs: random.next() < 0.5 ? 30_000 : 0,
  maxFrameSize: random.next() < 0.9 ? 2 ** 26 : 3000,
})

function introduce(peer: Peer, own: string): void {
  const consumerId = { kind: 'ConsumerId', connectionId: own, sessionId: 1, value: 1 } as const
  const destination = { kind: 'ActiveMQTopic', physicalName: advisories } as const
  peer.send(
    connectionInfo({ connectionId: { kind: 'ConnectionId', value: own }, clientId: `client of ${own}` }),
    buildSessionInfo(own, 1),
    buildProducerInfo({ kind: 'ProducerId', connectionId: own, sessionId: 1, value: 1 }, null),
    buildConsumerInfo({ consumerId, destination, prefetchSize: 1000 }),
  )
}
