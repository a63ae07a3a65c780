// Strangers let loose on a broker in this process: random, mutated and truncated frames in one encoding, on connections in
// every state, with an honest client beside them. Throws as soon as something is not as it has to be:
//
//   - each stranger is answered or its connection is closed, within the time limits of the broker
//   - what the broker sends can be decoded
//   - nothing is logged as an error
//   - the honest client gets each of its messages once, and its answers
//   - afterwards nothing of the strangers is left, and the process has not grown beyond a bound
import type { Random } from '../../broker/base/random.ts'
import { seededRandom } from '../../broker/base/random.ts'
import type { Command } from '../../broker/wire/openwire/commands.ts'
import { outboundHighWaterBytes } from '../../broker/session/limits.ts'
import { connectionInfo, receiveBytes } from '../broker/session/openwire/session-harness.ts'
import { FrameSource } from './frame-source.ts'
import { HonestClient } from './honest-client.ts'
import { settle } from './janitor.ts'
import { StrangerCommands } from './stranger-frames.ts'
import { Peer, StrangerWorld } from './stranger-world.ts'

export type Encoding = 'loose' | 'tight'

export interface CampaignOptions {
  readonly encoding: Encoding
  readonly frames: number
  readonly seed: number
  /** Real frames of stock clients (with size prefix), as further material for mutations. */
  readonly recorded?: readonly Buffer[]
  /** Told of the progress now and then. */
  readonly progress?: (result: CampaignResult) => void
}

export interface CampaignResult {
  frames: number
  mutated: number
  conversations: number
  /** Ended by the broker. */
  dropped: number
  honestMessages: number
  /** Resident set after the warm-up, and the largest afterwards. */
  warmRssBytes: number
  maxRssBytes: number
  limits: Readonly<Record<string, number>>
}

/** Strangers at a time. */
const crowd = 16
const framesPerRound = 4000
/** Part of a run after which memory must not grow any more than by `rssGrowthBytes`. */
const warmUpShare = 0.2
export const rssGrowthBytes = 256 * 2 ** 20
const lastCommandId = 0x7eadbeef

export async function runCampaign(options: CampaignOptions): Promise<CampaignResult> {
  const { stackTraceLimit } = Error
  // Each refusal is an error object: their stacks would take a third of the time.
  Error.stackTraceLimit = 0
  try {
    return await new Campaign(options, await StrangerWorld.start()).run()
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}

class Campaign {
  readonly #options: CampaignOptions
  readonly #world: StrangerWorld
  readonly #random: Random
  readonly #honest: HonestClient
  readonly #strangers: Stranger[] = []
  readonly #result: CampaignResult = {
    frames: 0,
    mutated: 0,
    conversations: 0,
    dropped: 0,
    honestMessages: 0,
    warmRssBytes: 0,
    maxRssBytes: 0,
    limits: {},
  }

  constructor(options: CampaignOptions, world: StrangerWorld) {
    this.#options = options
    this.#world = world
    this.#random = seededRandom(options.seed)
    this.#honest = new HonestClient(world)
  }

  async run(): Promise<CampaignResult> {
    const { frames, progress } = this.#options
    for (let round = 1; this.#result.frames < frames; round++) {
      await this.#round(round)
      this.#measure()
      if (round % 50 === 0) progress?.(this.#result)
    }
    for (const stranger of this.#strangers.splice(0)) await this.#end(stranger)
    await this.#world.drain()
    await this.#world.drain()
    await this.#honest.exchange()
    this.#checkNothingIsLeft()
    return this.#result
  }

  async #round(round: number): Promise<void> {
    const until = this.#result.frames + framesPerRound
    while (this.#result.frames < until) {
      const at = Math.floor(this.#random.next() * crowd)
      const stranger = (this.#strangers[at] ??= this.#begin())
      this.#result.frames += stranger.act()
      if (!stranger.finished) continue
      await this.#end(stranger)
      this.#strangers[at] = this.#begin()
    }
    await settle()
    this.#failOnErrors()
    await this.#honest.exchange()
    this.#result.honestMessages += this.#honest.messagesPerExchange
    // Now and then all timers fire: sweeps, inactivity, stalls.
    if (round % 10 === 0) {
      this.#world.clock.advance(31_000)
      await this.#world.drain()
    }
  }

  #begin(): Stranger {
    this.#result.conversations++
    const foreign = [this.#honest.connectionId, ...this.#strangers.flatMap((other) => (other ? [other.id] : []))]
    return new Stranger(this.#world, this.#random, {
      number: this.#result.conversations,
      encoding: this.#options.encoding,
      recorded: this.#options.recorded ?? [],
      foreign,
    })
  }

  async #end(stranger: Stranger): Promise<void> {
    await stranger.end()
    this.#result.mutated += stranger.mutated
    if (stranger.peer.drops.length > 0) this.#result.dropped++
  }

  #measure(): void {
    const result = this.#result
    const { rss } = process.memoryUsage()
    if (result.frames < this.#options.frames * warmUpShare) result.warmRssBytes = Math.max(result.warmRssBytes, rss)
    result.maxRssBytes = Math.max(result.maxRssBytes, rss)
    result.limits = Object.fromEntries(this.#world.limits.totals)
    if (result.warmRssBytes > 0 && rss > result.warmRssBytes + rssGrowthBytes)
      throw new Error(`Memory grew from ${mebibytes(result.warmRssBytes)} after the warm-up to ${mebibytes(rss)}`)
  }

  #failOnErrors(): void {
    const [first] = this.#world.errors
    if (first) throw new Error(`The broker logged an error: ${first.message} ${JSON.stringify(first.fields, textOf)}`)
  }

  #checkNothingIsLeft(): void {
    this.#failOnErrors()
    const { region, registry } = this.#world
    const left: string[] = []
    if (registry.size !== 1) left.push(`${registry.size - 1} connections`)
    for (const { name, kind, consumers, producers, inFlight, size, memoryUsed } of region.statistics()) {
      if (this.#honest.owns(name)) continue
      if (kind.startsWith('temp-')) left.push(`${kind} ${name}`)
      if (consumers > 0 || producers > 0 || inFlight > 0 || memoryUsed > 0 || (size > 0 && kind === 'queue'))
        left.push(JSON.stringify({ name, kind, consumers, producers, inFlight, size, memoryUsed }))
    }
    const { used, blockedConnections } = region.memory()
    if (used !== 0) left.push(`${used} bytes of memory`)
    if (blockedConnections !== 0) left.push(`${blockedConnections} blocked connections`)
    if (left.length > 0) throw new Error(`Strangers left behind: ${left.slice(0, 10).join('; ')}`)
  }
}

interface StrangerOptions {
  readonly number: number
  readonly encoding: Encoding
  readonly recorded: readonly Buffer[]
  readonly foreign: readonly string[]
}

type Phase = 'mute' | 'negotiated' | 'connected'

/** One hostile connection from its first frame to its end. */
class Stranger {
  readonly id: string
  readonly peer: Peer
  readonly #world: StrangerWorld
  readonly #random: Random
  readonly #options: StrangerOptions
  readonly #source: FrameSource
  #left: number

  constructor(world: StrangerWorld, random: Random, options: StrangerOptions) {
    const { encoding, number, foreign } = options
    this.id = `ID:stranger-${number}:1`
    this.#world = world
    this.#random = random
    this.#options = options
    this.#source = new FrameSource(random, new StrangerCommands(random, { own: this.id, foreign }), options.recorded)
    this.#left = 1 + this.#below(150)
    const cacheEnabled = random.next() < 0.4
    const tightEncodingEnabled = encoding === 'tight'
    this.peer = new Peer(world, { tightEncodingEnabled, cacheEnabled }, random.next() < 0.25)
    this.peer.takesBytes = random.next() < 0.95
    const phases: Phase[] = ['mute', 'negotiated', ...Array.from({ length: 8 }, () => 'connected' as const)]
    const phase = phases[this.#below(phases.length)]!
    if (phase !== 'mute')
      this.peer.negotiate({
        tightEncodingEnabled,
        cacheEnabled,
        version: random.next() < 0.6 ? 12 : 1 + this.#below(12),
        stackTraceEnabled: false,
        maxInactivityDurationMs: random.next() < 0.5 ? 30_000 : 0,
      })
    if (phase === 'connected') this.#connect()
  }

  get mutated(): number {
    return this.#source.mutated
  }

  get finished(): boolean {
    return this.#left <= 0 || this.peer.closed || !this.peer.reading
  }

  /** Sends a few frames; returns how many. */
  act(): number {
    const count = 1 + this.#below(4)
    const chunks: Buffer[] = []
    for (let index = 0; index < count; index++) chunks.push(this.#source.next(this.peer.codec))
    this.#left -= count
    const bytes = Buffer.concat(chunks)
    this.#hear()
    if (this.#random.next() < 0.8) receiveBytes(this.peer.session, bytes)
    else {
      const at = this.#below(bytes.length)
      receiveBytes(this.peer.session, bytes.subarray(0, at))
      if (!this.peer.closed && this.peer.reading) receiveBytes(this.peer.session, bytes.subarray(at))
    }
    return count
  }

  /** The broker has to answer now, or to close the connection when its time is up. */
  async end(): Promise<void> {
    const { peer } = this
    if (!peer.closed && peer.reading) await this.#askForLife()
    if (!peer.closed && peer.untakenBytes >= outboundHighWaterBytes) this.#waitForClose('a client that does not read')
    peer.session.close()
  }

  #hear(): void {
    for (const command of this.peer.received.splice(0)) {
      const id = command.kind === 'MessageDispatch' ? command.message?.messageId : null
      if (id && this.#source.commands.heard.push(id) > 20) this.#source.commands.heard.shift()
    }
  }

  #connect(): void {
    this.peer.send(
      connectionInfo({ connectionId: { kind: 'ConnectionId', value: this.id }, clientId: `client of ${this.id}` }),
    )
    for (const value of [1, 2])
      this.peer.send({
        kind: 'SessionInfo',
        commandId: value,
        responseRequired: false,
        sessionId: { kind: 'SessionId', connectionId: this.id, value },
      })
  }

  async #askForLife(): Promise<void> {
    const { peer } = this
    const alive: Command = { kind: 'KeepAliveInfo', commandId: lastCommandId, responseRequired: true }
    const answer = peer.codec.encode({ ...alive, responseRequired: false })
    const initial = Buffer.from([0, 0, 0, 6, 10, ...intBytes(lastCommandId), 0])
    receiveBytes(peer.session, peer.codec.encode(alive))
    if (peer.closed || peer.lastWritten.equals(answer) || peer.lastWritten.equals(initial)) return
    await settle()
    if (!peer.closed) this.#waitForClose('a connection that got no answer')
  }

  #waitForClose(what: string): void {
    this.#world.clock.advance(40 * 60_000)
    if (!this.peer.closed) throw new Error(`Stranger ${this.#options.number}: ${what} was not closed in time`)
  }

  #below(limit: number): number {
    return Math.floor(this.#random.next() * limit)
  }
}

const intBytes = (value: number): number[] => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255]
const mebibytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`
const textOf = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value)
