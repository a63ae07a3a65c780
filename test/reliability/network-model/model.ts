// Random networks of brokers with applications that come, go and move, links that break and brokers that are killed, against a naive
// model (network-plan.ts says what there is, reach.ts how far things go, message-book.ts what a message may do):
//
//   - what was acknowledged to its producer is consumed somewhere in the end, when everybody rests and one broker has consumers for all
//     of it; what does not come there is in some broker, where TTL, lists or options keep it; or it has expired
//   - nobody gets what he did not ask for, or what came over a bridge that may not take it along, or what has expired
//   - it is consumed once, unless it was under way when a link broke or a broker died
//   - a broker with a store has what it answered for when it comes back; of one without only what was sent to it may be gone, not what
//     others have sent there
//   - durable subscribers: durable-subscribers.ts
//
// The same seed gives the same run.
import { seededRandom, type Random } from '../../../broker/base/random.ts'
import { silentLogger } from '../../../broker/base/logger.ts'
import { DialledBridge } from '../../../broker/network/dialled-bridge.ts'
import { formatNetworkProperties } from '../../../broker/network/network-properties.ts'
import type { RegionConnection } from '../../../broker/region/region.ts'
import { testMessage } from '../../support/test-message.ts'
import { Violation } from '../queue-book.ts'
import { DurableSubscribers } from './durable-subscribers.ts'
import { MessageBook } from './message-book.ts'
import { describePlan, drawPlan, queueOf, queues, topic, type Join, type NetworkPlan } from './network-plan.ts'
import { QueueConsumers } from './queue-consumers.ts'
import { Reach } from './reach.ts'
import { placesOf, SimulatedNetwork, type SimulatedBroker } from './simulated-network.ts'
import { findStuck } from './stuck-messages.ts'

export interface NetworkModelOptions {
  readonly seed: number
  readonly runs: number
  /** Told of the seed of each run. */
  readonly began?: (seed: number) => void
}

export type NetworkFigures = ReturnType<typeof noFigures>

const noFigures = () => ({
  runs: 0,
  brokers: 0,
  bridges: 0,
  sent: 0,
  consumed: 0,
  forwarded: 0,
  moved: 0,
  cuts: 0,
  killsWithStore: 0,
  killsWithoutStore: 0,
  repeated: 0,
  expired: 0,
  outOfReach: 0,
  durableSubscribers: 0,
  receivedByThem: 0,
  networkSubscriptions: 0,
})

const stepsPerRun = 90
/** Deliveries of bytes until a network must have come to rest. */
const longestRest = 20_000
/** Time that goes on in one step, at most, where messages expire. */
const longestStepMs = 200
const longestLifeMs = 3000

/** Runs so many networks; throws a Violation at the first thing that is not allowed. */
export async function runNetworkModel({ seed, runs, began }: NetworkModelOptions): Promise<NetworkFigures> {
  const figures = noFigures()
  for (let run = 0; run < runs; run++) {
    const runSeed = seed + run
    began?.(runSeed)
    const model = new NetworkModel(seededRandom(runSeed), figures)
    try {
      await model.run()
    } catch (error) {
      const text = error instanceof Violation ? error.message : String((error as Error).stack ?? error)
      throw new Violation(`seed ${runSeed}: ${text}\n${model.history.slice(-historyLines).join('\n')}`)
    }
    figures.runs++
  }
  return figures
}

const historyLines = Number(process.env['FLOTILLA_HISTORY'] ?? 60)

interface Link extends Join {
  bridge: DialledBridge | null
}

class NetworkModel {
  readonly history: string[] = []
  readonly #random: Random
  readonly #figures: NetworkFigures
  readonly #plan: NetworkPlan
  readonly #network: SimulatedNetwork
  readonly #reach: Reach
  readonly #book: MessageBook
  readonly #consumers: QueueConsumers
  readonly #subscribers: DurableSubscribers
  readonly #links: Link[]
  readonly #producers = new Map<string, RegionConnection>()
  #bridges = 0

  constructor(random: Random, figures: NetworkFigures) {
    this.#random = random
    this.#figures = figures
    this.#plan = drawPlan(random)
    this.#network = new SimulatedNetwork(random, this.#plan.replays)
    this.#reach = new Reach(this.#plan)
    this.#book = new MessageBook(this.#reach)
    const tell = (what: string): void => void this.history.push(what)
    const parts = { random, network: this.#network, book: this.#book, tell }
    this.#consumers = new QueueConsumers(parts)
    this.#subscribers = new DurableSubscribers({ ...parts, plan: this.#plan, reach: this.#reach })
    this.#links = this.#plan.joins.map((join) => ({ ...join, bridge: null }))
  }

  async run(): Promise<void> {
    this.history.push(describePlan(this.#plan))
    for (const name of this.#plan.names)
      this.#addProducer(await this.#network.addBroker(name, this.#plan.lasting.has(name)))
    this.#restart()
    for (let step = 0; step < stepsPerRun; step++) {
      await this.#step()
      await settle()
      this.#book.check()
    }
    await this.#check(await this.#drain())
    for (const link of this.#links) this.#stop(link)
    this.#count()
  }

  async #step(): Promise<void> {
    const roll = this.#random.next()
    if (roll < 0.25) this.#send()
    else if (this.#plan.hasSubscribers && roll < 0.35) this.#subscribers.step()
    else if (roll < 0.72) for (let piece = this.#below(8); piece >= 0; piece--) this.#network.deliver()
    else if (roll < 0.8) this.#addConsumer()
    else if (roll < 0.85) this.#consumers.removeOne()
    else if (roll < 0.92) this.#consumers.acknowledgeOne()
    else if (roll < 0.94) await this.#cut()
    else if (roll < 0.955) await this.#kill()
    else if (roll < 0.965) this.#restart()
    else if (roll > 0.985 && this.#plan.hasSubscribers) await this.#pause(roll > 0.995)
    else this.#sync(this.#pick(this.#plan.names))
    // Disks are quick, but not always.
    if ((roll * 1000) % 1 < 0.7) for (const name of this.#plan.names) this.#sync(name)
    if (this.#plan.hasExpiry) this.#network.clock.advance(this.#below(longestStepMs))
  }

  #sync(name: string): boolean {
    return this.#network.brokers.get(name)!.store.sync()
  }

  #addProducer(broker: SimulatedBroker): void {
    const connection = broker.service.region.connect(
      { connectionId: `ID:producer-${broker.name}`, clientId: broker.name, failoverReconnect: false },
      { deliver() {}, deliverNothing() {}, pause() {}, resume() {} },
    )
    this.#producers.set(broker.name, connection)
  }

  #send(): void {
    const { names, hasSubscribers } = this.#plan
    const at = this.#pick(names)
    const expiration = this.#drawExpiration()
    const destination = hasSubscribers && this.#random.next() < 0.4 ? topicDestination : queueOf(this.#pick(queues))
    const sent = this.#book.sends({ at, destination, priority: this.#below(10), expiration })
    const owed = destination.kind === 'topic' ? this.#subscribers.sending(sent) : null
    const message = testMessage({
      destination,
      producerId: `ID:producer-${at}:1:1`,
      producerSequenceId: sent.number,
      persistent: true,
      priority: sent.priority,
      expiration,
      body: sent.text,
    })
    this.history.push(`send ${sent.text}`)
    this.#producers.get(at)!.send(message, null, (error) => {
      this.#book.require(!error, () => `${sent.text} was refused: ${error?.message}`)
      sent.answered = true
      owed?.()
      this.#figures.sent++
    })
  }

  #drawExpiration(): number {
    const isShort = this.#plan.hasExpiry && this.#random.next() < 0.3
    return isShort ? this.#network.clock.nowMs() + 1 + this.#below(longestLifeMs) : 0
  }

  #addConsumer(): void {
    const abovePriority = this.#random.next() < 0.25 ? this.#below(10) : null
    this.#consumers.add(this.#pick(this.#plan.names), this.#pick(queues), abovePriority)
  }

  #start(link: Link): void {
    const { from, to, settings } = link
    const broker = this.#network.brokers.get(from)!
    const { service } = broker
    link.bridge = new DialledBridge(
      {
        dial: this.#network.dialFrom(from),
        clock: this.#network.clock,
        logger: silentLogger,
        region: service.region,
        local: service.identity,
        settings,
        demands: broker.demands,
        networkProperties: formatNetworkProperties(settings, service.identity, 0),
        subscribers: () => broker.subscribers(),
        nextIdSeed: () => `${from}->${to}-${++this.#bridges}`,
      },
      this.#network.endpointOf(to),
      { started: () => this.#figures.bridges++, ended: (reason) => this.#bridgeEnded(link, reason) },
    )
  }

  #bridgeEnded(link: Link, reason: Error): void {
    this.#figures.forwarded += link.bridge?.statistics.forwarded ?? 0
    this.history.push(`bridge ${link.from}->${link.to} ended: ${reason.message}`)
    link.bridge = null
  }

  async #cut(): Promise<void> {
    const { from, to } = this.#pick(this.#links)
    this.history.push(`cut ${from}-${to}`)
    for (const name of [from, to]) await this.#mayRepeat(name)
    this.#network.cut(from, to)
    this.#network.mend(from, to)
    this.#figures.cuts++
  }

  /** All of a broker's messages are now perhaps at another one, too. */
  async #mayRepeat(name: string): Promise<void> {
    for (const { content } of await this.#network.brokers.get(name)!.store.messages())
      this.#book.find(content?.toString() ?? '').mayRepeat = true
  }

  async #kill(): Promise<void> {
    const { name, isLasting } = this.#pick([...this.#network.brokers.values()])
    this.history.push(`kill ${name}`)
    this.#figures[isLasting ? 'killsWithStore' : 'killsWithoutStore']++
    for (const broker of this.#plan.names) await this.#mayRepeat(broker)
    const broker = await this.#network.replace(name)
    await this.#checkRecovered(broker)
    for (const sent of this.#book.all()) {
      if (sent.at !== name) continue
      if (!isLasting) sent.mayBeLost = true
      if (!sent.answered) sent.inDoubt = true
    }
    this.#consumers.killed(name)
    this.#subscribers.killed(broker)
    for (const link of this.#links) if (link.from === name) this.#stop(link)
    this.#addProducer(broker)
  }

  /** What was not under way, and whose consumption there was answered, does not come again. */
  async #checkRecovered({ name, store }: SimulatedBroker): Promise<void> {
    for (const message of await store.messages()) {
      const sent = this.#book.find(message.content?.toString() ?? '')
      if (sent.answeredOver.has(placesOf(message, name)) && !sent.mayRepeat)
        throw new Violation(`${name} has ${sent.text} again`)
      sent.mayRepeat = true
    }
  }

  #stop(link: Link): void {
    this.#figures.forwarded += link.bridge?.statistics.forwarded ?? 0
    link.bridge?.stop()
    link.bridge = null
  }

  /** What has ended is made anew, as a supervisor would. */
  #restart(): void {
    for (const link of this.#links) if (!link.bridge) this.#start(link)
  }

  /**
   * Not in a mesh where brokers forget: while these are full of what nobody there wants, messages for others go to and fro between the
   * rest, and there is no rest until somebody wants everything (docs/reliability.md).
   */
  async #pause(anew: boolean): Promise<void> {
    const { shape, names, lasting } = this.#plan
    if (shape === 'mesh' && lasting.size < names.length) return
    await (anew ? this.#renew() : this.#rest())
  }

  /**
   * All bridges are made anew while nothing else happens, as often as it takes until everybody has heard of what was left over at the
   * farthest broker: brokers tell their subscriptions before they tell of changes, and what changes in between is not told.
   */
  async #renew(): Promise<void> {
    await this.#rest()
    for (let hops = 1; hops < this.#plan.names.length; hops++) {
      this.history.push('all bridges anew')
      for (const name of this.#plan.names) await this.#mayRepeat(name)
      for (const link of this.#links) this.#stop(link)
      await this.#rest(hops === this.#plan.names.length - 1)
    }
  }

  /** All bridges are up, all disks have written, and all that was given was acknowledged. */
  async #rest(anew = false): Promise<void> {
    this.history.push('rest')
    for (let rest = 0; rest < longestRest; rest++) {
      this.#restart()
      const delivered = this.#network.deliver()
      for (let more = this.#below(3); more > 0; more--) this.#network.deliver()
      await settle()
      let isBusy = this.#consumers.acknowledgeAll()
      if (this.#subscribers.acknowledge()) isBusy = true
      for (const name of this.#plan.names) if (this.#sync(name)) isBusy = true
      if (isBusy) await settle()
      this.#book.check()
      if (!delivered && !isBusy) return this.#subscribers.rested(anew)
    }
    throw new Violation('the network does not come to rest')
  }

  /** All consumers go but those of one broker, which has some for everything; all subscribers come back. */
  async #drain(): Promise<string> {
    this.#consumers.removeAll()
    const last = this.#pick(this.#plan.names)
    this.history.push(`drain at ${last}`)
    for (const queue of queues) this.#consumers.add(last, queue, null)
    this.#subscribers.comeBack()
    await this.#rest()
    return last
  }

  async #check(drainedAt: string): Promise<void> {
    this.#subscribers.check()
    const missing = [...this.#book.all()].filter(
      ({ destination, answered, consumed, mayBeLost }) =>
        destination.kind === 'queue' && answered && consumed === 0 && !mayBeLost,
    )
    const found = await findStuck(missing, {
      network: this.#network,
      plan: this.#plan,
      reach: this.#reach,
      drainedAt,
    })
    this.#figures.expired += found.expired
    this.#figures.outOfReach += found.outOfReach
    if (found.violations.length > 0) throw new Violation(`${found.violations.join('\n')}\n${this.#describe()}`)
  }

  #describe(): string {
    const describe = ({ name, parts }: SimulatedBroker): string => {
      const full = parts.region.statistics().filter(({ size }) => size > 0)
      return `${name}: ${full.map((of) => `${of.name} ${of.size} (${of.inFlight} in flight, ${of.consumers} consumers)`).join(', ')}`
    }
    return [...this.#network.brokers.values()].map(describe).join('\n')
  }

  #count(): void {
    this.#figures.brokers += this.#plan.names.length
    const { moved, consumed, repeated } = this.#consumers
    this.#figures.moved += moved
    this.#figures.consumed += consumed
    this.#figures.repeated += repeated
    this.#figures.durableSubscribers += this.#subscribers.count
    this.#figures.receivedByThem += this.#subscribers.received
    this.#figures.networkSubscriptions += this.#subscribers.networkSubscriptions
  }

  #below(count: number): number {
    return Math.floor(this.#random.next() * count)
  }

  #pick<T>(values: readonly T[]): T {
    return values[this.#below(values.length)]!
  }
}

const topicDestination = { kind: 'topic', name: topic } as const

/** Lets what the regions put off run. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 6; turn++) await Promise.resolve()
}
