// A broker of a network under test, ActiveMQ's or ours, as a process: configured by the same words, asked the same questions.
// Its ports are known before it starts, so that connectors can name brokers that are not there yet.
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import type { BrokerConfigInput } from '../../../broker/config/schema.ts'
import {
  adminPaths,
  type DestinationRow,
  type InventoryAnswer,
  type SubscriptionRow,
} from '../../../broker/management/contract.ts'
import type { SslContext } from '../../../broker/client/index.ts'
import { activemqJars, activemqVersions, type ActivemqVersion } from '../../support/activemq-broker.ts'
import { BrokerMember } from '../../support/broker-process.ts'
import { compileJava } from '../../support/java-clients.ts'
import { startJava, type JavaProcess } from '../../support/java-process.ts'

export const brokerKinds = ['ours', ...activemqVersions] as const
export type BrokerKind = (typeof brokerKinds)[number]

/** ActiveMQ's attributes of a network connector. */
export interface Connector {
  readonly name: string
  readonly uri: string
  readonly [attribute: string]: string | number | boolean | readonly string[] | SslContext
}

export interface MemberSettings {
  readonly connectors?: readonly Connector[]
  /**
   * Survives being killed. Ours keeps its data also without that: else it answers another broker only when a message is consumed, and
   * most scenes look at what is answered at once.
   */
  readonly keepsData?: boolean
  /** Ours has no store. */
  readonly forgets?: boolean
  /** What came over a bridge goes back when its consumers have left: ours does it anyway. */
  readonly replay?: boolean
  /** Consumers of virtual destinations are announced to bridges. */
  readonly virtualDemand?: boolean
  /** ActiveMQ's only: another transport connector, which wants a certificate of whoever dials. Files in PEM. */
  readonly tls?: {
    readonly port: number
    readonly certificate: string
    readonly key: string
    readonly trustStore: string
  }
  /** ActiveMQ's only: nobody else may come. */
  readonly user?: { readonly userName: string; readonly password: string }
  /** Ours only: for what it dials. */
  readonly sslContext?: SslContext
}

export interface MemberPlace {
  readonly name: string
  readonly url: string
  readonly directory: string
  readonly dataDirectory: string
  readonly openwirePort: number
  readonly adminPort: number
}

export interface NetworkMember {
  readonly name: string
  readonly kind: BrokerKind
  readonly url: string
  /** Resolves when clients can connect. Also again, after it was killed. */
  start(): Promise<void>
  kill(): Promise<void>
  /** How many messages a queue has; -1 when there is none of this name. */
  depth(queue: string): Promise<number>
  /** The durable ones, as CLIENT:NAME. */
  subscriptions(): Promise<readonly string[]>
  /** The last that it said, for who looks into a failure. */
  readonly lastWords: string
}

export const memberOf = (kind: BrokerKind, place: MemberPlace, settings: MemberSettings): NetworkMember =>
  kind === 'ours' ? new OurMember(place, settings) : new ActivemqMember(kind, place, settings)

const sources = join(import.meta.dirname, '..', 'java', 'networks')
const cache = process.env.FLOTILLA_INTEROP_CACHE ?? join(homedir(), '.cache', 'flotilla-interop')

/** Of the Java programs of this suite, with the broker of this version and its client. */
export function networkClasspath(version: ActivemqVersion): string {
  const jars = activemqJars(version)
  return [compileJava(sources, jars, join(cache, `networks-${version}`), version.startsWith('6.')), ...jars].join(
    delimiter,
  )
}

/** It starts faster so, and works for seconds only. */
const javaOptions = [
  '-Xmx256m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  `-Dorg.slf4j.simpleLogger.defaultLogLevel=${process.env.FLOTILLA_INTEROP_LOG ?? 'off'}`,
]

class ActivemqMember implements NetworkMember {
  readonly kind: BrokerKind
  readonly name: string
  readonly url: string
  readonly #classpath: string
  readonly #args: readonly string[]
  #java: JavaProcess | null = null
  /** Answers come in the order of the questions. */
  #asked: Promise<unknown> = Promise.resolve()

  constructor(kind: ActivemqVersion, place: MemberPlace, settings: MemberSettings) {
    this.kind = kind
    this.name = place.name
    this.url = place.url
    this.#classpath = networkClasspath(kind)
    this.#args = [
      `name=${place.name}`,
      `port=${place.openwirePort}`,
      ...(settings.keepsData ? [`data=${place.dataDirectory}`] : []),
      `replay=${settings.replay ?? false}`,
      `virtualDemand=${settings.virtualDemand ?? false}`,
      ...(settings.tls
        ? [
            `trustStore=${settings.tls.trustStore}`,
            `certificate=${settings.tls.certificate}`,
            `key=${settings.tls.key}`,
            `tlsPort=${settings.tls.port}`,
          ]
        : []),
      ...(settings.user ? [`user=${settings.user.userName}:${settings.user.password}`] : []),
      ...(settings.connectors ?? []).flatMap(argumentsOf),
    ]
  }

  get lastWords(): string {
    return this.#java?.lines.slice(-5).join('\n') ?? ''
  }

  async start(): Promise<void> {
    this.#java = startJava(this.#classpath, ['NetworkBroker', ...this.#args], { options: javaOptions })
    await this.#java.line((line) => line === 'started')
  }

  async kill(): Promise<void> {
    this.#java?.kill()
    await this.#java?.ended
  }

  async depth(queue: string): Promise<number> {
    return Number(await this.#ask(`depth ${queue}`))
  }

  async subscriptions(): Promise<readonly string[]> {
    return (await this.#ask('subscriptions')).split(' ').filter((text) => text !== '')
  }

  #ask(question: string): Promise<string> {
    const word = question.split(' ')[0]!
    const answer = this.#asked.then(async () => {
      this.#java!.write(`${question}\n`)
      const line = await this.#java!.line((text) => text.startsWith(word))
      return line.slice(word.length + 1)
    })
    this.#asked = answer.catch(() => {})
    return answer
  }
}

const argumentsOf = ({ uri, ...attributes }: Connector): string[] => [
  `connector=${uri}`,
  ...Object.entries(attributes).map(([name, value]) => `${name}=${textOf(value)}`),
]

const textOf = (value: Connector[string]): string =>
  Array.isArray(value) ? value.join(',') : typeof value === 'object' ? JSON.stringify(value) : String(value)

class OurMember implements NetworkMember {
  readonly kind = 'ours'
  readonly name: string
  readonly #member: BrokerMember

  constructor(place: MemberPlace, settings: MemberSettings) {
    this.name = place.name
    this.#member = new BrokerMember({
      directory: place.directory,
      dataDirectory: place.dataDirectory,
      openwirePort: place.openwirePort,
      adminPort: place.adminPort,
      member: `${place.name}-${place.openwirePort}`,
      config: configurationOf(place, settings),
    })
  }

  get url(): string {
    return this.#member.url
  }

  get lastWords(): string {
    return this.#member.log.slice(-15).join('')
  }

  async start(): Promise<void> {
    this.#member.start()
    const ended = this.#member.exited.then((code) => {
      throw new Error(`${this.name} ended with ${code}: ${this.lastWords}`)
    })
    await Promise.race([this.#member.waitForRole('Active'), ended])
  }

  async kill(): Promise<void> {
    await this.#member.stop('SIGKILL')
  }

  async depth(queue: string): Promise<number> {
    const rows = await this.#inventory<DestinationRow>('destinations')
    return rows.find(({ kind, name }) => kind === 'queue' && name === queue)?.size ?? -1
  }

  async subscriptions(): Promise<readonly string[]> {
    const rows = await this.#inventory<SubscriptionRow>('subscriptions')
    return rows.map(({ clientId, subscriptionName }) => `${clientId}:${subscriptionName}`)
  }

  async #inventory<Row>(what: 'destinations' | 'subscriptions'): Promise<readonly Row[]> {
    const answer = await fetch(`http://127.0.0.1:${this.#member.options.adminPort}${adminPaths[what]}?limit=1000`)
    return ((await answer.json()) as InventoryAnswer<Row>).items
  }
}

const configurationOf = (place: MemberPlace, settings: MemberSettings): BrokerConfigInput => ({
  brokerName: place.name,
  networkConnectors: [...(settings.connectors ?? [])],
  ...(settings.virtualDemand ? { useVirtualDestSubs: true } : {}),
  ...(settings.sslContext ? { sslContext: settings.sslContext } : {}),
  ...(settings.forgets ? { store: { type: 'Memory' } } : {}),
})
