// Random networks of brokers with consumers that come, go and move, and links that break, against a naive model: what was
// acknowledged to its producer is consumed somewhere in the end, when everybody rests and one broker has consumers for all of it. It is
// consumed once, unless a link broke or a consumer went while it was under way. Brokers without a store are killed too: then only what
// was sent to that one may be gone, not what others have sent there. The same seed gives the same run.
import { seededRandom, type Random } from '../../../broker/base/random.ts'
import { silentLogger } from '../../../broker/base/logger.ts'
import type { Destination } from '../../../broker/message/destination.ts'
import { DialledBridge } from '../../../broker/network/dialled-bridge.ts'
import { formatNetworkProperties } from '../../../broker/network/network-properties.ts'
import type { BridgeSettings } from '../../../broker/network/connector-settings.ts'
import type { Delivery, RegionConnection } from '../../../broker/region/region.ts'
import { bridgeSettings } from '../../broker/network/bridge-settings.ts'
import { testMessage } from '../../support/test-message.ts'
import { Violation } from '../queue-book.ts'
import { SimulatedNetwork, type SimulatedBroker } from './simulated-network.ts'

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
  delivered: 0,
  forwarded: 0,
  moved: 0,
  cuts: 0,
  kills: 0,
  duplicates: 0,
})

const stepsPerRun = 100
/** Deliveries of bytes until a network must have come to rest. */
const longestRest = 20_000
const queues = ['Q.1', 'Q.2'] as const

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
      throw new Violation(`seed ${runSeed}: ${text}\n${model.history.slice(-60).join('\n')}`)
    }
    figures.runs++
  }
  return figures
}

interface Link {
  readonly from: string
  readonly to: string
  readonly settings: BridgeSettings
  bridge: DialledBridge | null
}

interface Consumer {
  readonly id: string
  readonly broker: string
  readonly queue: string
  readonly abovePriority: number | null
  readonly connection: RegionConnection
  readonly unacknowledged: Delivery[]
}

class NetworkModel {
  readonly history: string[] = []
  readonly #random: Random
  readonly #figures: NetworkFigures
  readonly #network: SimulatedNetwork
  readonly #links: Link[] = []
  readonly #consumers: Consumer[] = []
  readonly #producers = new Map<string, RegionConnection>()
  /** By text of the message: how often it was consumed. */
  readonly #acknowledged = new Map<string, number>()
  /** Sent to a broker that forgot it. */
  readonly #mayBeLost = new Set<string>()
  /** A message may have been consumed more than once. */
  #mayRepeat = false
  #lastNumber = 0
  #bridges = 0

  constructor(random: Random, figures: NetworkFigures) {
    this.#random = random
    this.#figures = figures
    this.#network = new SimulatedNetwork(random)
  }

  async run(): Promise<void> {
    await this.#build()
    for (let step = 0; step < stepsPerRun; step++) {
      await this.#step()
      await settle()
    }
    await this.#drain()
    this.#check()
    for (const link of this.#links) this.#stop(link)
  }

  /** Brokers in a line, a ring, a star or a full mesh, each pair joined one way twice or by one duplex bridge. */
  async #build(): Promise<void> {
    const names = ['a', 'b', 'c', 'd'].slice(0, 2 + this.#below(3))
    for (const name of names) {
      const isLasting = this.#random.next() < 0.6
      this.#addProducer(await this.#network.addBroker(name, isLasting))
      this.history.push(`${name} has a store that ${isLasting ? 'keeps everything' : 'forgets'}`)
    }
    const shape = this.#below(3)
    const ttl = names.length
    const conduitSubscriptions = this.#random.next() < 0.6
    const suppressDuplicateQueueSubscriptions = this.#random.next() < 0.2
    for (const [index, from] of names.entries())
      for (const [other, to] of names.entries()) {
        if (other <= index || !isJoined(shape, index, other)) continue
        const prefetchSize = this.#pick([1, 2, 5, 1000])
        const ways = { conduitSubscriptions, suppressDuplicateQueueSubscriptions }
        const settings = { messageTTL: ttl, consumerTTL: ttl, prefetchSize, ...ways }
        if (this.#random.next() < 0.5) this.#join(from, to, { ...settings, duplex: true })
        else {
          this.#join(from, to, settings)
          this.#join(to, from, settings)
        }
      }
    this.#figures.brokers += names.length
    this.history.push(
      `network ${names.join(' ')}, conduit ${conduitSubscriptions}, suppressed ${suppressDuplicateQueueSubscriptions}: ${this.#links.map(({ from, to, settings }) => `${from}${settings.duplex ? '<' : ''}>${to} prefetch ${settings.prefetchSize}`).join(', ')}`,
    )
  }

  #addProducer(broker: SimulatedBroker): void {
    const connection = this.#connect(broker, `ID:producer-${broker.name}`, () => {})
    this.#producers.set(broker.name, connection)
  }

  #join(from: string, to: string, settings: Partial<BridgeSettings>): void {
    const link: Link = { from, to, settings: bridgeSettings({ name: `${from}-${to}`, ...settings }), bridge: null }
    this.#links.push(link)
    this.#start(link)
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
        subscribers: () => [],
        nextIdSeed: () => `${from}->${to}-${++this.#bridges}`,
      },
      this.#network.endpointOf(to),
      { started: () => this.#figures.bridges++, ended: (reason) => this.#bridgeEnded(link, reason) },
    )
  }

  #bridgeEnded(link: Link, reason: Error): void {
    this.#figures.forwarded += link.bridge?.statistics.forwarded ?? 0
    this.history.push(`bridge ${link.from}->${link.to} ended: ${reason.message}`)
    this.#mayRepeat = true
    link.bridge = null
  }

  async #step(): Promise<void> {
    const roll = this.#random.next()
    if (roll < 0.25) this.#send()
    else if (roll < 0.75) for (let piece = this.#below(8); piece >= 0; piece--) this.#network.deliver()
    else if (roll < 0.83) this.#addConsumer()
    else if (roll < 0.88) this.#removeConsumer()
    else if (roll < 0.95) this.#acknowledge()
    else if (roll < 0.97) this.#cut()
    else if (roll < 0.98) await this.#kill()
    else this.#restart()
  }

  #send(): void {
    const broker = this.#pick([...this.#network.brokers.keys()])
    const destination: Destination = { kind: 'queue', name: this.#pick(queues) }
    const number = ++this.#lastNumber
    const priority = this.#below(10)
    const text = `${number} of ${priority} to ${destination.name} at ${broker}`
    const message = testMessage({
      destination,
      producerId: `ID:producer-${broker}:1:1`,
      producerSequenceId: number,
      persistent: true,
      priority,
      body: text,
    })
    this.history.push(`send ${text}`)
    this.#producers.get(broker)!.send(message, null, (error) => {
      if (error) throw new Violation(`a send was refused: ${error.message}`)
      this.#acknowledged.set(text, 0)
      this.#figures.sent++
    })
  }

  #addConsumer(): void {
    const broker = this.#pick([...this.#network.brokers.keys()])
    this.#addConsumerOf(broker, this.#pick(queues), this.#random.next() < 0.25 ? this.#below(10) : null)
  }

  /** `abovePriority`: it wants only what has a higher one; null: everything. */
  #addConsumerOf(broker: string, queue: string, abovePriority: number | null): void {
    const id = `ID:consumer-${this.#consumers.length}-${++this.#lastNumber}`
    const unacknowledged: Delivery[] = []
    const connection = this.#connect(this.#network.brokers.get(broker)!, id, (delivery) =>
      unacknowledged.push(delivery),
    )
    this.#consumers.push({ id, broker, queue, abovePriority, connection, unacknowledged })
    this.history.push(`consumer ${id} of ${queue} above ${abovePriority} at ${broker}`)
    connection.addConsumer({
      consumerId: `${id}:1:1`,
      destination: { kind: 'queue', name: queue },
      prefetchSize: this.#pick([1, 3, 1000]),
      priority: 0,
      exclusive: false,
      noLocal: false,
      maximumPendingMessageLimit: 0,
      selector: abovePriority === null ? null : `JMSPriority > ${abovePriority}`,
      browser: false,
      subscriptionName: null,
    })
    this.#network.brokers.get(broker)!.parts.advisories.flush()
  }

  #removeConsumer(): void {
    const consumer = this.#consumers.splice(this.#below(this.#consumers.length), 1)[0]
    if (!consumer) return
    this.history.push(`consumer ${consumer.id} at ${consumer.broker} leaves with ${consumer.unacknowledged.length}`)
    consumer.connection.close()
    this.#figures.moved++
  }

  #acknowledge(consumer = this.#pick(this.#consumers)): void {
    if (!consumer) return
    for (const delivery of consumer.unacknowledged.splice(0)) {
      const { consumerId, message, sequence } = delivery
      this.#consumed(message.content?.toString() ?? '', message.priority, consumer)
      consumer.connection.acknowledge(
        {
          outcome: 'accepted',
          consumerId,
          transactionId: null,
          scope: 'single',
          first: null,
          last: { messageId: message.messageId, sequence },
          messageCount: 1,
          credit: 0,
          cause: null,
          responseRequired: true,
        },
        () => {},
      )
    }
  }

  #consumed(text: string, priority: number, { id, broker, queue, abovePriority }: Consumer): void {
    const times = this.#acknowledged.get(text)
    if (times === undefined) throw new Violation(`${text} was delivered before it was answered`)
    if (!text.includes(` to ${queue} `)) throw new Violation(`${text} was delivered to a consumer of ${queue}`)
    if (abovePriority !== null && priority <= abovePriority)
      throw new Violation(`${text} was delivered to a consumer of what is above ${abovePriority}`)
    this.history.push(`${id} at ${broker} consumes ${text}`)
    this.#acknowledged.set(text, times + 1)
    this.#figures.delivered++
    if (times > 0) this.#figures.duplicates++
    if (times > 0 && !this.#mayRepeat) throw new Violation(`${text} was consumed ${times + 1} times`)
  }

  #cut(): void {
    const link = this.#pick(this.#links)
    this.history.push(`cut ${link.from}-${link.to}`)
    this.#network.cut(link.from, link.to)
    this.#network.mend(link.from, link.to)
    this.#figures.cuts++
  }

  /** Of a broker without a store: what was sent to it may be gone, what was sent to others is not. */
  async #kill(): Promise<void> {
    const { name, isLasting } = this.#pick([...this.#network.brokers.values()])
    if (isLasting) return
    this.history.push(`kill ${name}`)
    this.#figures.kills++
    this.#mayRepeat = true
    for (const text of this.#acknowledged.keys()) if (text.endsWith(` at ${name}`)) this.#mayBeLost.add(text)
    for (const consumer of this.#consumers.splice(0)) if (consumer.broker !== name) this.#consumers.push(consumer)
    const broker = await this.#network.replace(name)
    for (const link of this.#links) if (link.from === name) this.#stop(link)
    this.#addProducer(broker)
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

  /** All consumers go but those of one broker, which has some for everything. */
  async #drain(): Promise<void> {
    while (this.#consumers.length > 0) this.#removeConsumer()
    const last = this.#pick([...this.#network.brokers.keys()])
    this.history.push(`drain at ${last}`)
    for (const queue of queues) this.#addConsumerOf(last, queue, null)
    for (let rest = 0; rest < longestRest; rest++) {
      this.#restart()
      const delivered = this.#network.deliver()
      for (let more = this.#below(3); more > 0; more--) this.#network.deliver()
      await settle()
      const waits = this.#consumers.filter(({ unacknowledged }) => unacknowledged.length > 0)
      for (const consumer of waits) this.#acknowledge(consumer)
      if (waits.length > 0) await settle()
      if (!delivered && waits.length === 0) return
    }
    throw new Violation('the network does not come to rest')
  }

  #check(): void {
    const missing: string[] = []
    for (const [text, times] of this.#acknowledged) if (times === 0 && !this.#mayBeLost.has(text)) missing.push(text)
    if (missing.length === 0) return
    const where = [...this.#network.brokers.values()].map(
      ({ name, parts }) =>
        `${name}: ${parts.region
          .statistics()
          .filter(({ size }) => size > 0)
          .map((of) => `${of.name} ${of.size} (${of.inFlight} in flight, ${of.consumers} consumers)`)
          .join(', ')}`,
    )
    throw new Violation(`not consumed: ${missing.join('; ')}\n${where.join('\n')}`)
  }

  #connect({ service }: SimulatedBroker, id: string, deliver: (delivery: Delivery) => void): RegionConnection {
    return service.region.connect(
      { connectionId: id, clientId: id, failoverReconnect: false },
      { deliver, deliverNothing() {}, pause() {}, resume() {} },
    )
  }

  #below(count: number): number {
    return Math.floor(this.#random.next() * count)
  }

  #pick<T>(values: readonly T[]): T {
    return values[this.#below(values.length)]!
  }
}

/** Line, star, full mesh. */
function isJoined(shape: number, one: number, other: number): boolean {
  if (shape === 0) return other === one + 1
  if (shape === 1) return one === 0
  return true
}

/** Lets what the regions put off run. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 6; turn++) await Promise.resolve()
}
