// Strangers that say to be brokers, let loose on a broker in this process at both ends of its bridges: its network connectors dial them,
// and they dial it, one way and duplex. Throws as soon as something is not as it has to be:
//
//   - each stranger is answered or its connection is closed, within the time limits of the broker
//   - nothing is logged as an error, and no connection ends because of one
//   - clients of this broker, and those of a friend behind an honest bridge, get each of their messages once
//   - afterwards nothing of the strangers is left: connections, consumers, demand, messages, temporary destinations, timers; their durable
//     subscriptions stay, as any do, until somebody deletes them
//   - the process has not grown beyond a bound
import type { Random } from '../../../broker/base/random.ts'
import { seededRandom } from '../../../broker/base/random.ts'
import { HonestClient } from '../honest-client.ts'
import { Janitor, settle } from '../janitor.ts'
import { rssGrowthBytes } from '../strangers.ts'
import { BridgeStranger } from './bridge-stranger.ts'
import { BridgeWorld, strangerConnectors } from './bridge-world.ts'
import { HonestTraffic } from './honest-traffic.ts'

export interface BridgeCampaignOptions {
  readonly frames: number
  readonly seed: number
  /** Real frames of stock brokers and clients (with size prefix), as further material for mutations. */
  readonly recorded?: readonly Buffer[]
  /** Told of the progress now and then. */
  readonly progress?: (result: BridgeCampaignResult) => void
}

export type BridgeCampaignResult = ReturnType<typeof noResult>

const noResult = () => ({
  frames: 0,
  mutated: 0,
  /** Of strangers that this broker has dialled, and of those that have dialled it. */
  dialled: 0,
  dialling: 0,
  /** Ended by this broker. */
  dropped: 0,
  /** Bridges that there were: those that connectors have started. */
  bridges: 0,
  forwardedToStrangers: 0,
  /** To clients of this broker, and over the honest bridge. */
  honestMessages: 0,
  durableSubscriptions: 0,
  warmRssBytes: 0,
  maxRssBytes: 0,
})

/** Strangers that dial, at a time. */
const crowd = 8
const framesPerRound = 4000
const warmUpShare = 0.2
const retryMs = 100
const hosts = Object.keys(strangerConnectors)

export async function runBridgeCampaign(options: BridgeCampaignOptions): Promise<BridgeCampaignResult> {
  const { stackTraceLimit } = Error
  // Each refusal is an error object: their stacks would take a third of the time.
  Error.stackTraceLimit = 0
  try {
    return await (await Campaign.prepare(options)).run()
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}

class Campaign {
  readonly #options: BridgeCampaignOptions
  readonly #world: BridgeWorld
  readonly #honest: HonestClient
  readonly #traffic: HonestTraffic
  readonly #janitor: Janitor
  readonly #random: Random
  readonly #dialling: BridgeStranger[] = []
  readonly #dialled = new Map<string, BridgeStranger>()
  readonly #result = noResult()
  readonly #timersBefore: number

  static async prepare(options: BridgeCampaignOptions): Promise<Campaign> {
    const world = await BridgeWorld.start()
    const { network } = world.us.parts
    network.switchConnector('friend', true)
    const traffic = await HonestTraffic.start(world)
    return new Campaign(options, world, traffic)
  }

  private constructor(options: BridgeCampaignOptions, world: BridgeWorld, traffic: HonestTraffic) {
    this.#options = options
    this.#world = world
    this.#traffic = traffic
    this.#random = seededRandom(options.seed)
    this.#honest = new HonestClient(world)
    this.#janitor = new Janitor(world.us.parts.region)
    // Those that only beginnings have come to their end.
    world.clock.advance(40 * 60_000)
    this.#timersBefore = world.clock.pendingTimers
  }

  async run(): Promise<BridgeCampaignResult> {
    const { frames, progress } = this.#options
    for (const host of hosts) this.#world.us.parts.network.switchConnector(host, true)
    for (let round = 1; this.#result.frames < frames; round++) {
      await this.#round(round)
      this.#measure()
      if (round % 50 === 0) progress?.(this.#result)
    }
    await this.#rest()
    this.#checkNothingIsLeft()
    return this.#result
  }

  async #round(round: number): Promise<void> {
    const until = this.#result.frames + framesPerRound
    while (this.#result.frames < until) {
      const at = Math.floor(this.#random.next() * (crowd + hosts.length))
      if (at < crowd) await this.#actAt(at)
      else await this.#actOf(hosts[at - crowd]!)
    }
    await settle()
    await this.#exchange()
    // Now and then all timers fire: sweeps, inactivity, stalls.
    if (round % 10 === 0) {
      this.#world.clock.advance(31_000)
      await this.#janitor.drain()
      await this.#forgetSubscriptions()
    }
  }

  async #actAt(slot: number): Promise<void> {
    const stranger = (this.#dialling[slot] ??= this.#newDialling())
    this.#result.frames += stranger.act()
    if (!stranger.finished) return
    await this.#end(stranger)
    this.#dialling[slot] = this.#newDialling()
  }

  async #actOf(host: string): Promise<void> {
    const stranger = this.#dialled.get(host) ?? this.#answer(host)
    if (!stranger) {
      // So that it is dialled again.
      this.#world.clock.advance(retryMs)
      return
    }
    this.#result.frames += stranger.act()
    if (!stranger.finished) return
    this.#dialled.delete(host)
    await this.#end(stranger)
    await settle()
  }

  #newDialling(): BridgeStranger {
    this.#result.dialling++
    return BridgeStranger.dialling(this.#world, this.#random, this.#strangerOptions())
  }

  #answer(host: string): BridgeStranger | null {
    const peer = this.#world.dialled.get(host)
    if (!peer) return null
    this.#world.dialled.delete(host)
    this.#result.dialled++
    const stranger = BridgeStranger.dialled(peer, this.#random, this.#strangerOptions())
    this.#dialled.set(host, stranger)
    return stranger
  }

  #strangerOptions() {
    const number = this.#result.dialled + this.#result.dialling
    return { number, recorded: this.#options.recorded ?? [], foreign: [this.#honest.connectionId] }
  }

  async #end(stranger: BridgeStranger): Promise<void> {
    this.#result.mutated += stranger.mutated
    if (stranger.isClosed) this.#result.dropped++
    if (!(await stranger.isServed(settle))) {
      this.#world.clock.advance(40 * 60_000)
      if (!stranger.isClosed) throw new Error('A stranger was neither answered nor was its connection closed in time')
    }
    stranger.leave()
  }

  async #exchange(): Promise<void> {
    this.#failOnErrors()
    await this.#honest.exchange()
    await this.#traffic.exchange()
    this.#result.honestMessages += 2 * (this.#honest.messagesPerExchange + this.#traffic.messagesPerExchange)
  }

  /** Strangers go, one after the other, and connectors that would find them again are stopped. */
  async #rest(): Promise<void> {
    const { network } = this.#world.us.parts
    for (const stranger of [...this.#dialled.values(), ...this.#dialling.splice(0)]) await this.#end(stranger)
    for (const { connector, restarts, forwarded } of network.bridges()) {
      if (!hosts.includes(connector)) continue
      this.#result.bridges += restarts + 1
      this.#result.forwardedToStrangers += forwarded
    }
    for (const host of hosts) network.switchConnector(host, false)
    await settle()
    this.#world.clock.advance(40 * 60_000)
    for (let times = 0; times < 2; times++) {
      await this.#janitor.drain()
      await this.#forgetSubscriptions()
    }
    await this.#exchange()
    await this.#traffic.exchangeOverQueue(200)
    await settle()
  }

  /** Durable subscriptions outlive whoever made them: somebody has to delete them. */
  async #forgetSubscriptions(): Promise<void> {
    const { region } = this.#world.us.parts
    for (const { clientId, subscriptionName, active } of region.subscriptionsPage(0, 1_000_000).items) {
      if (active) continue
      this.#result.durableSubscriptions++
      await region.deleteSubscription(clientId, subscriptionName)
    }
  }

  #measure(): void {
    const result = this.#result
    const { rss } = process.memoryUsage()
    if (result.frames < this.#options.frames * warmUpShare) result.warmRssBytes = Math.max(result.warmRssBytes, rss)
    result.maxRssBytes = Math.max(result.maxRssBytes, rss)
    if (result.warmRssBytes > 0 && rss > result.warmRssBytes + rssGrowthBytes)
      throw new Error(`Memory grew from ${mebibytes(result.warmRssBytes)} after the warm-up to ${mebibytes(rss)}`)
  }

  #failOnErrors(): void {
    const [first] = this.#world.errors
    if (first) throw new Error(`The broker met an error: ${first.message} ${JSON.stringify(first.fields, textOf)}`)
  }

  #checkNothingIsLeft(): void {
    this.#failOnErrors()
    const { us, clock } = this.#world
    const { region, registry, network, cluster } = us.parts
    const left: string[] = []
    if (registry.size !== 1) left.push(`${registry.size - 1} connections`)
    for (const found of region.statistics()) {
      if (this.#honest.owns(found.name) || this.#traffic.owns(found)) continue
      const { name, kind, consumers, producers, inFlight, size, memoryUsed } = found
      if (kind.startsWith('temp-')) left.push(`${kind} ${name}`)
      if (consumers > 0 || producers > 0 || inFlight > 0 || memoryUsed > 0 || (size > 0 && kind === 'queue'))
        left.push(JSON.stringify({ name, kind, consumers, producers, inFlight, size, memoryUsed }))
    }
    const { used, blockedConnections } = region.memory()
    if (used !== 0) left.push(`${used} bytes of memory`)
    if (blockedConnections !== 0) left.push(`${blockedConnections} blocked connections`)
    if (region.subscriptionsPage(0, 1).items.length > 0) left.push('durable subscriptions')
    for (const { connector, accepted, state, demandSubscriptions } of network.bridges())
      if (
        accepted ||
        (connector === 'friend' ? demandSubscriptions !== 3 : state !== 'Idle' || demandSubscriptions > 0)
      )
        left.push(`bridge ${connector}: ${state}, ${demandSubscriptions} demands`)
    if (cluster.peers.length !== 1) left.push(`${cluster.peers.length - 1} brokers that clients are told of`)
    if (clock.pendingTimers !== this.#timersBefore) left.push(`${clock.pendingTimers - this.#timersBefore} timers`)
    if (left.length > 0) throw new Error(`Strangers left behind: ${left.slice(0, 10).join('; ')}`)
  }
}

const mebibytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`
const textOf = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value)
