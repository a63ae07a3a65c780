// The layout of three servers: A without a store, for consumers; B and C with one store, of which one is active; A is linked to
// whichever that is. Under load each of the three is killed in turn, and the network between them is cut; at the end everything that
// was acknowledged to a producer has been consumed. Real processes, real sockets, real SIGKILLs.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createConnectionFactory, type Connection } from '../../../broker/client/index.ts'
import type { BrokerSnapshot, NetworkBridgeSnapshot } from '../../../broker/management/contract.ts'
import { freePorts } from '../../../hack/ports/free-ports.ts'
import { activeAfter, BrokerMember, settled, startMembers } from '../../support/broker-process.ts'
import { SeverableLink } from '../../support/severable-link.ts'

export interface ThreeServersOptions {
  /** A, B and C in turn; then as many cuts of the network. */
  readonly rounds: number
  readonly print?: (line: string) => void
}

export interface ThreeServersFigures {
  readonly kills: number
  readonly cuts: number
  readonly acknowledged: number
  readonly consumed: number
  readonly duplicates: number
  readonly inDoubt: number
  readonly lost: readonly string[]
  /** From an active B or C, or a mended network, to a bridge that is up again; milliseconds, ascending. */
  readonly bridgeBackMs: readonly number[]
}

const queue = 'queue://ORDERS'
const producers = 4
const consumers = 4
/** Messages that have to come through between two faults. */
const leastProgress = 50
const mostUnderWay = 500
const longestWaitMs = 120_000
const reconnecting = 'initialReconnectDelay=10&maxReconnectDelay=100&useExponentialBackOff=false&timeout=120000'

export async function runThreeServers(options: ThreeServersOptions): Promise<ThreeServersFigures> {
  const directory = mkdtempSync(join(tmpdir(), 'flotilla-three-servers-'))
  const servers = await ThreeServers.start(directory)
  const load = new Load(servers)
  try {
    await load.start()
    const figures = await new Run(servers, load, options).toTheEnd()
    await servers.stop()
    rmSync(directory, { recursive: true, force: true })
    return figures
  } catch (error) {
    await load.abandon()
    await servers.stop()
    throw new Error(`${(error as Error).message}\nLogs of the brokers are in ${directory}\n${servers.lastLogs()}`, {
      cause: error,
    })
  }
}

class ThreeServers {
  readonly a: BrokerMember
  readonly pair: readonly BrokerMember[]
  readonly links: readonly SeverableLink[]

  static async start(directory: string): Promise<ThreeServers> {
    const pair = await startMembers(directory, 2, {
      config: { brokerName: 'bc', brokerId: 'ID:bc', store: { type: 'Journal', maxFileLength: '1Mi' } },
    })
    const links = await Promise.all(pair.map(({ options }) => SeverableLink.to(options.openwirePort)))
    const [openwirePort, adminPort] = await freePorts(2)
    const a = new BrokerMember({
      member: 'a-0',
      directory,
      dataDirectory: join(directory, 'a'),
      config: {
        brokerName: 'a',
        brokerId: 'ID:a',
        store: { type: 'Memory' },
        networkConnectors: [
          {
            name: 'a-to-bc',
            uri: `masterslave:(${links.map(({ url }) => url).join(',')})?minConnectTime=0`,
            duplex: true,
          },
        ],
      },
      openwirePort: openwirePort!,
      adminPort: adminPort!,
      restart: true,
    }).start()
    const servers = new ThreeServers(a, pair, links)
    await settled(pair)
    await servers.bridged()
    return servers
  }

  private constructor(a: BrokerMember, pair: readonly BrokerMember[], links: readonly SeverableLink[]) {
    this.a = a
    this.pair = pair
    this.links = links
  }

  /** Resolves when A has a bridge to the active of the pair. */
  async bridged(): Promise<void> {
    await until('a bridge', async () => (await this.#bridges()).some(({ state }) => state === 'Connected'))
  }

  async stop(): Promise<void> {
    await Promise.all([this.a, ...this.pair].map((member) => member.stop('SIGKILL')))
    await Promise.all(this.links.map((link) => link.close()))
  }

  lastLogs(): string {
    return [this.a, ...this.pair]
      .map(({ options, log }) => `--- ${options.member}\n${log.slice(-15).join('')}`)
      .join('\n')
  }

  async #bridges(): Promise<readonly NetworkBridgeSnapshot[]> {
    try {
      const answer = await fetch(`http://127.0.0.1:${this.a.options.adminPort}/snapshot`)
      return ((await answer.json()) as BrokerSnapshot).networkBridges ?? []
    } catch {
      return []
    }
  }
}

/** Producers at the pair, consumers at A, and what became of each message. */
class Load {
  readonly #servers: ThreeServers
  readonly #connections: Connection[] = []
  readonly #acknowledged = new Set<string>()
  readonly #consumed = new Map<string, number>()
  readonly #inDoubt = new Set<string>()
  #working: Promise<unknown> = Promise.resolve()
  #stopping = false

  constructor(servers: ThreeServers) {
    this.#servers = servers
  }

  get acknowledged(): number {
    return this.#acknowledged.size
  }

  get consumed(): number {
    return this.#consumed.size
  }

  get duplicates(): number {
    let count = 0
    for (const times of this.#consumed.values()) count += times - 1
    return count
  }

  /** A commit whose answer was cut off, of messages that did not come again: their broker had done it. */
  get inDoubt(): number {
    return this.#inDoubt.size
  }

  get lost(): string[] {
    return [...this.#acknowledged].filter((text) => !this.#consumed.has(text) && !this.#inDoubt.has(text))
  }

  async start(): Promise<void> {
    const { a, pair } = this.#servers
    const pairUrl = `failover:(${pair.map(({ url }) => url).join(',')})?${reconnecting}`
    for (let number = 0; number < consumers; number++) await this.#consume(`failover:(${a.url})?${reconnecting}`)
    const work = []
    for (let number = 0; number < producers; number++) work.push(this.#produce(pairUrl, number))
    this.#working = Promise.all(work)
    this.#working.catch(() => {})
  }

  /** Consumers commit each message, and are slower. */
  get #goOn(): boolean {
    return this.#stopping || this.acknowledged - this.consumed <= mostUnderWay
  }

  /** Resolves when so many more were sent, and so many more consumed. */
  async goesOn(): Promise<void> {
    const [sent, consumed] = [this.acknowledged + leastProgress, this.consumed + leastProgress]
    await until('progress', async () => this.acknowledged >= sent && this.consumed >= consumed, this.#working)
  }

  /** Nothing more is sent; resolves when all that was has been consumed, or nothing comes any more. */
  async finish(): Promise<void> {
    this.#stopping = true
    await this.#working
    await until('what was sent last', async () => this.lost.length === 0).catch(() => {})
    await this.abandon()
  }

  async abandon(): Promise<void> {
    this.#stopping = true
    await Promise.all(this.#connections.map((connection) => connection.close().catch(() => {})))
  }

  async #produce(url: string, number: number): Promise<void> {
    const connection = await createConnectionFactory(url).createConnection()
    this.#connections.push(connection)
    connection.start()
    const session = await connection.createSession()
    const producer = await session.createProducer(queue)
    for (let count = 1; !this.#stopping; count++) {
      const text = `${number}-${count}`
      await producer.send(text)
      this.#acknowledged.add(text)
      if (this.acknowledged - this.consumed > mostUnderWay) await until('consumers', async () => this.#goOn)
    }
  }

  async #consume(url: string): Promise<void> {
    const connection = await createConnectionFactory(url).createConnection()
    this.#connections.push(connection)
    const session = await connection.createSession('transacted')
    const consumer = await session.createConsumer(queue)
    connection.start()
    void (async () => {
      for (;;) {
        const message = await consumer.receive()
        if (!message) return
        const text = message.text ?? ''
        try {
          await session.commit()
          this.#inDoubt.delete(text)
          this.#consumed.set(text, (this.#consumed.get(text) ?? 0) + 1)
        } catch {
          // Its broker died: the message comes again, or was gone already.
          this.#inDoubt.add(text)
        }
      }
    })().catch(() => {})
  }
}

class Run {
  readonly #servers: ThreeServers
  readonly #load: Load
  readonly #options: ThreeServersOptions
  readonly #bridgeBackMs: number[] = []

  constructor(servers: ThreeServers, load: Load, options: ThreeServersOptions) {
    this.#servers = servers
    this.#load = load
    this.#options = options
  }

  async toTheEnd(): Promise<ThreeServersFigures> {
    const { rounds, print } = this.#options
    for (let round = 0; round < rounds; round++) {
      await this.#load.goesOn()
      // Of B and C only the active one is in the way of anybody: in turn it is each of them.
      if (round % 3 === 0) await this.#killA()
      else await this.#killActive()
      print?.(`kill ${round + 1}: ${this.#load.acknowledged} acknowledged, ${this.#load.consumed} consumed`)
    }
    for (let round = 0; round < rounds; round++) {
      await this.#load.goesOn()
      await this.#cut()
      print?.(`cut ${round + 1}: ${this.#load.acknowledged} acknowledged, ${this.#load.consumed} consumed`)
    }
    await this.#load.goesOn()
    await this.#load.finish()
    const { acknowledged, consumed, duplicates, inDoubt, lost } = this.#load
    const bridgeBackMs = this.#bridgeBackMs.sort((one, other) => one - other)
    return { kills: rounds, cuts: rounds, acknowledged, consumed, duplicates, inDoubt, lost, bridgeBackMs }
  }

  async #killA(): Promise<void> {
    this.#servers.a.kill('SIGKILL')
    await until('A', async () => (await this.#servers.a.role())?.role === 'Active')
    await this.#bridgeBack()
  }

  async #killActive(): Promise<void> {
    const active = await settled(this.#servers.pair)
    const { term } = (await active.role())!
    active.kill('SIGKILL')
    await activeAfter(this.#servers.pair, term ?? 0)
    await this.#bridgeBack()
  }

  async #cut(): Promise<void> {
    for (const link of this.#servers.links) link.cut()
    await new Promise((resolve) => setTimeout(resolve, 100))
    for (const link of this.#servers.links) link.mend()
    await this.#bridgeBack()
  }

  async #bridgeBack(): Promise<void> {
    const startedAt = performance.now()
    await this.#servers.bridged()
    this.#bridgeBackMs.push(Math.round(performance.now() - startedAt))
  }
}

/** Asks again and again; rejects after a long time, or when `failing` rejects. */
async function until(what: string, condition: () => Promise<boolean>, failing?: Promise<unknown>): Promise<void> {
  const deadline = Date.now() + longestWaitMs
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`${what} has not come within ${longestWaitMs} ms`)
    await Promise.race([new Promise((resolve) => setTimeout(resolve, 5)), failing ?? new Promise(() => {})])
  }
}
