// One network of a scene: its brokers, and the applications that work with them. All ends with it.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  createConnectionFactory,
  type Connection,
  type ConnectionFactoryOptions,
  type MessageConsumer,
  type OutgoingMessage,
  type ReceivedMessage,
  type SendOptions,
  type Session,
} from '../../../broker/client/index.ts'
import { freePorts } from '../../../hack/ports/free-ports.ts'
import { DemandWatch } from './demand-watch.ts'
import {
  memberOf,
  type BrokerKind,
  type Connector,
  type MemberPlace,
  type MemberSettings,
  type NetworkMember,
} from './network-member.ts'

const mostMembers = 4
const longestWaitMs = 20_000
const pollMs = 20
/** Bridges are tried again at once: suites must not wait for what an hour of outage is paced for. */
export const quickRetries = 'initialReconnectDelay=100&useExponentialBackOff=false'
/** Nobody answers it when a scene has failed. */
const quickGoodbye = 'jms.closeTimeout=2000'

export class Network {
  readonly #directory: string
  readonly #ports: number[]
  readonly #members: NetworkMember[] = []
  readonly #connections: Connection[] = []
  readonly #sessions = new Map<string, Promise<Session>>()

  private constructor(directory: string, ports: number[]) {
    this.#directory = directory
    this.#ports = ports
  }

  static async run(body: (network: Network) => Promise<void>): Promise<void> {
    const network = new Network(mkdtempSync(join(tmpdir(), 'flotilla-networks-')), await freePorts(2 * mostMembers))
    try {
      await body(network)
    } finally {
      await network.#end()
    }
  }

  /** Where a member will be, for connectors of others. Those of one name share their data. */
  place(name: string): MemberPlace {
    const directory = join(this.#directory, name)
    const [openwirePort, adminPort] = this.#ports.splice(0, 2) as [number, number]
    const url = `tcp://127.0.0.1:${openwirePort}`
    return { name, url, directory, dataDirectory: join(directory, 'data'), openwirePort, adminPort }
  }

  /** Not started yet. Of those that share their data the one that starts later waits for the death of the other. */
  member(kind: BrokerKind, at: string | MemberPlace, settings: MemberSettings = {}): NetworkMember {
    const member = memberOf(kind, typeof at === 'string' ? this.place(at) : at, settings)
    this.#members.push(member)
    return member
  }

  /** A connection of an application, started. */
  async connect(to: NetworkMember | string, options: ConnectionFactoryOptions = {}): Promise<Connection> {
    const url = typeof to === 'string' ? to : `${to.url}?${quickGoodbye}`
    const connection = await createConnectionFactory(url, options).createConnection()
    // Brokers are killed here; who waits for something fails by itself.
    connection.on('exception', () => {})
    connection.start()
    this.#connections.push(connection)
    return connection
  }

  /** One for all that is small, of each broker or URL. */
  session(to: NetworkMember | string): Promise<Session> {
    const url = typeof to === 'string' ? to : to.url
    const made = this.#sessions.get(url) ?? this.connect(to).then((connection) => connection.createSession('auto'))
    this.#sessions.set(url, made)
    return made
  }

  async consumer(at: NetworkMember | string, destination: string, selector?: string): Promise<MessageConsumer> {
    return (await this.session(at)).createConsumer(destination, { selector })
  }

  /** What one broker is asked for by applications and by bridges. */
  async demandAt(member: NetworkMember, destination: string): Promise<DemandWatch> {
    return DemandWatch.start(await this.connect(member), destination)
  }

  /** Resolves when a bridge has learned at `member` that somebody elsewhere wants this. */
  async demanded(member: NetworkMember, ...destinations: readonly string[]): Promise<void> {
    for (const destination of destinations) {
      const watch = await this.demandAt(member, destination)
      await watch.until((demand) => demand.some(({ network }) => network), `demand of a bridge for ${destination}`)
      await watch.stop()
    }
  }

  /** All at once, and answered; the message ids in order. */
  async send(
    at: NetworkMember | string,
    destination: string,
    messages: readonly (OutgoingMessage | string)[],
    options: SendOptions = {},
  ): Promise<readonly string[]> {
    const producer = await (await this.session(at)).createProducer(destination)
    const ids = await Promise.all(messages.map((message) => producer.send(message, options)))
    await producer.close()
    return ids
  }

  /** What each broker said last, for who looks into a failure. */
  get lastWords(): string {
    return this.#members.map(({ name, url, lastWords }) => `${name} at ${url}: ${lastWords}`).join('\n')
  }

  async #end(): Promise<void> {
    await Promise.all(this.#connections.map((connection) => connection.close()))
    await Promise.all(this.#members.map((member) => member.kill()))
    rmSync(this.#directory, { recursive: true, force: true })
  }
}

type Attributes = Readonly<Record<string, string | number | boolean | readonly string[]>>
type Addressed = Pick<NetworkMember, 'url'>

export const to = (member: Addressed, attributes: Attributes = {}): Connector => toEach([member], attributes)

/** A bridge to each of them. */
export const toEach = (members: readonly Addressed[], attributes: Attributes = {}): Connector => ({
  name: 'NC',
  uri: `static:(${members.map(({ url }) => url).join(',')})?${quickRetries}`,
  ...attributes,
})

/** For applications that outlive the death of these. */
export const failover = (...members: readonly NetworkMember[]): string =>
  `failover:(${members.map(({ url }) => url).join(',')})?initialReconnectDelay=50&useExponentialBackOff=false&${quickGoodbye}`

/** One bridge to whichever is active. */
export const toActiveOf = (members: readonly Addressed[], attributes: Attributes = {}): Connector => ({
  name: 'NC',
  uri: `masterslave:(${members.map(({ url }) => url).join(',')})?${quickRetries}`,
  ...attributes,
})

/** So many, or an error that says how many came. */
export async function receive(consumer: MessageConsumer, count: number): Promise<ReceivedMessage[]> {
  const received: ReceivedMessage[] = []
  while (received.length < count) {
    const message = await consumer.receive(longestWaitMs)
    if (message === null) throw new Error(`${received.length} of ${count} messages came: ${textsOf(received)}`)
    received.push(message)
  }
  return received
}

/** All until this text, which is sent last. */
export async function receiveUntil(consumer: MessageConsumer, last: string): Promise<ReceivedMessage[]> {
  const received: ReceivedMessage[] = []
  for (;;) {
    const [message] = await receive(consumer, 1)
    if (message!.text === last) return received
    received.push(message!)
  }
}

export const textsOf = (messages: readonly ReceivedMessage[]): string =>
  messages.map(({ text }) => text ?? '?').join(' ')

export const sorted = (texts: readonly string[]): string[] =>
  texts.toSorted((one, other) => (one < other ? -1 : one > other ? 1 : 0))

/** For what may come in any order. */
export const sortedTextsOf = (messages: readonly ReceivedMessage[]): string[] =>
  sorted(messages.map(({ text }) => text ?? '?'))

/** Asks again and again until it is so. */
export async function eventually<T>(what: string, ask: () => Promise<T>, isSo: (answer: T) => boolean): Promise<T> {
  const deadline = Date.now() + longestWaitMs
  for (;;) {
    const answer = await ask()
    if (isSo(answer)) return answer
    if (Date.now() > deadline) throw new Error(`${what}: still ${JSON.stringify(answer)}`)
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
}

export const numbered = (count: number, what = 'message'): string[] =>
  Array.from({ length: count }, (_, n) => `${what} ${n}`)
