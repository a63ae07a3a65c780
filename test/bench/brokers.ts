// The brokers that the bench compares, each started as its own process on a free loopback port with an OpenWire
// acceptor. Disk syncs are on everywhere, the Java brokers have a heap of 1 GiB, everything else is as it comes:
//
//   flotilla      broker/main.mjs with its defaults
//   activemq-5.17 the packages of Debian, through java/peers/ActiveMqBroker.java
//   activemq-6    from Maven Central, the same way
//   artemis       its own distribution from Maven Central: an instance made by "artemis create", which also tunes the
//                 journal to the disk, with a single acceptor that speaks OpenWire only. Its best journal, ASYNCIO,
//                 needs the library libaio (Debian's libaio1); the page says which it was
import { spawn, type ChildProcess } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import type { BrokerConfigInput } from '../../broker/config/schema.ts'
import { freePorts } from '../../hack/ports/free-ports.ts'
import { BrokerMember } from '../support/broker-process.ts'
import { activemqJars, type ActivemqVersion } from '../support/activemq-broker.ts'
import { jdbcClasspath } from '../support/activemq-on-jdbc.ts'
import { compileJava, runTool } from '../support/java-clients.ts'
import type { DatabaseUse } from './bench-database.ts'
import { limitedConfig, type RoomLimits } from '../support/room-limits.ts'

const cache = process.env.FLOTILLA_BENCH_CACHE ?? join(homedir(), '.cache', 'flotilla-bench')
const javaSources = join(import.meta.dirname, 'java')
export const artemisVersion = '2.56.0'
const heap = '-Xmx1g'

export const brokerIds = ['flotilla', 'activemq-5.17', 'activemq-6', 'artemis'] as const
/** Those of replicated-brokers.ts. */
export const replicatedIds = ['flotilla-replicated', 'artemis-replicated'] as const
export type BrokerId = (typeof brokerIds)[number] | (typeof replicatedIds)[number]

/** What a broker dials: ActiveMQ's attributes by their names, all others as they come on either side. */
export interface NetworkConnector {
  readonly name: string
  /** Of the other broker: a static connector has it as its only address. */
  readonly url: string
  readonly networkTTL?: number
  /** Instead. */
  readonly messageTTL?: number
  readonly duplex?: boolean
}

export interface StartOptions {
  /** Store and logs; a second broker on the same directory shares the store. */
  readonly directory: string
  readonly env: NodeJS.ProcessEnv
  /** Tells members of one directory apart. */
  readonly member?: string
  /** For ActiveMQ only; ours has its default. */
  readonly lockAcquireSleepIntervalMs?: number
  /** Dispatch only what is stored: ours and ActiveMQ's concurrentStoreAndDispatchQueues="false", all that Artemis does. */
  readonly storesFirst?: boolean
  readonly prioritizedMessages?: boolean
  /** For ActiveMQ only, whose browsers see no more than that; the others show a whole queue. */
  readonly maxBrowsePageSize?: number
  /**
   * Otherwise as it comes. ActiveMQ: memoryUsage, tempUsage and storeUsage. Artemis: memory is global-max-size, beyond which its
   * addresses page to disk (PAGE, its default); it has no limit for what all of them page, and none for its journal.
   */
  readonly limits?: RoomLimits
  /** Those of a network need different ones. */
  readonly brokerName?: string
  /** Not for Artemis. */
  readonly network?: readonly NetworkConnector[]
  /** For ActiveMQ only, with enableAudit="false" as its documentation has it; ours always lets stranded messages return. */
  readonly replayWhenNoConsumers?: boolean
  /** The store and its lock are there; for ours, and for ActiveMQ 5.17 with nothing else of these options. */
  readonly jdbcUrl?: string
}

export interface RunningBroker {
  readonly pid: number
  /** Of a group with copies of one store: its other processes. */
  readonly others?: readonly { readonly pid: number }[]
  /** One of the others, which can be away for a while. */
  readonly standby?: StandbyCopy
  readonly port: number
  readonly url: string
  /** The end of what it has written to its output. */
  log(): string
  /** Sends the signal and waits for the end of the process. */
  stop(signal: NodeJS.Signals): Promise<void>
  /** What its database was asked so far, where it has one. */
  database?(): Promise<DatabaseUse>
  /** Starts it again, after it has ended, on the same port and directory. */
  restart(): void
}

export interface StandbyCopy {
  /** Resolves when it is. */
  inSync(): Promise<void>
  /** SIGKILL. */
  leave(): Promise<void>
  /** Resolves with the milliseconds from its start until the active has said that it is in sync, and until it has read what it has. */
  comeBack(): Promise<{ readonly inSyncMs: number; readonly readyMs: number }>
}

export interface BenchBroker {
  readonly id: BrokerId
  /** Name and version, for the table. */
  readonly title: string
  readonly settings: string
  /** Returns as soon as the process exists; of a group when all copies are the same. */
  start(options: StartOptions): Promise<RunningBroker>
}

/** Fetches, compiles and tunes what the broker needs; throws with what is missing. */
export function prepareBroker(id: (typeof brokerIds)[number], workDirectory: string): BenchBroker {
  switch (id) {
    case 'flotilla':
      return flotilla()
    case 'activemq-5.17':
      return activemq(id, '5.17.2')
    case 'activemq-6':
      return activemq(id, '6.3.1')
    case 'artemis':
      return artemis(workDirectory)
  }
}

/** Whether something listens there. */
export function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const end = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('connect', () => end(true)).once('error', () => end(false))
  })
}

/** The first of the brokers that accepts connections. */
export async function firstToAccept(brokers: readonly RunningBroker[], timeoutMs = 60_000): Promise<RunningBroker> {
  const deadline = Date.now() + timeoutMs
  while (Date.now() < deadline) {
    for (const broker of brokers) if (await accepts(broker.port)) return broker
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error(
    `Cannot reach a broker after ${timeoutMs} ms: ${brokers.map((broker) => broker.log()).join('\n---\n')}`,
  )
}

export function flotillaVersion(): string {
  const text = readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

function flotilla(): BenchBroker {
  return {
    id: 'flotilla',
    title: `Flotilla ${flotillaVersion()}`,
    settings: 'Defaults.',
    async start({
      directory,
      env,
      member = 'member-0',
      storesFirst = false,
      prioritizedMessages = false,
      limits,
      ...others
    }) {
      const [openwirePort, adminPort] = (await freePorts(2)) as [number, number]
      const dataDirectory = join(directory, 'data')
      const config: BrokerConfigInput = {
        ...(storesFirst ? { store: { type: 'Journal', concurrentStoreAndDispatchQueues: false } } : {}),
        ...(prioritizedMessages ? { destinationPolicies: [{ queue: '>', prioritizedMessages }] } : {}),
        ...(limits ? limitedConfig(limits) : {}),
        ...(others.jdbcUrl === undefined ? {} : { store: jdbcStore(others.jdbcUrl, storesFirst) }),
        ...(others.brokerName === undefined ? {} : { brokerName: others.brokerName }),
        ...(others.network ? networkConfig(others.network) : {}),
      }
      const process = new BrokerMember({
        member,
        directory,
        dataDirectory,
        config,
        env,
        openwirePort,
        adminPort,
      }).start()
      return {
        get pid() {
          return process.pid
        },
        port: openwirePort,
        url: process.url,
        log: () => process.log.slice(-20).join(''),
        stop: async (signal) => void (await process.stop(signal)),
        restart: () => void process.start(),
      }
    },
  }
}

function activemq(id: BrokerId, version: ActivemqVersion): BenchBroker {
  const jars = activemqJars(version)
  const classes = compileJava(join(javaSources, 'peers'), jars, join(cache, `classes-${version}`))
  const classpath = [classes, ...jars].join(delimiter)
  return {
    id,
    title: `ActiveMQ ${version}`,
    settings: `KahaDB with disk syncs, embedded in a main of ours without destination policies; ${heap}.`,
    async start({ directory, env, lockAcquireSleepIntervalMs, storesFirst = false, limits, ...others }) {
      const [port] = (await freePorts(1)) as [number]
      mkdirSync(directory, { recursive: true })
      if (others.jdbcUrl !== undefined) return activemqOnJdbc(others.jdbcUrl, port, env)
      const interval = lockAcquireSleepIntervalMs
      const settings = [
        // Before its connectors, which take the address of their own broker from it.
        ...(others.brokerName === undefined ? [] : [`brokerName=${others.brokerName}`]),
        ...(others.network ?? []).map(networkSetting),
        ...(others.replayWhenNoConsumers ? ['replayWhenNoConsumers=true'] : []),
        ...(interval === undefined ? [] : [`lockAcquireSleepInterval=${interval}`]),
        ...(storesFirst ? ['concurrentStoreAndDispatchQueues=false'] : []),
        ...(others.prioritizedMessages ? ['prioritizedMessages=true'] : []),
        ...(others.maxBrowsePageSize === undefined ? [] : [`maxBrowsePageSize=${others.maxBrowsePageSize}`]),
        ...(limits ? usageSettings(limits) : []),
      ]
      const options = [heap, '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn']
      const args = [...options, '-cp', classpath, 'ActiveMqBroker', directory, String(port), ...settings]
      return new PeerProcess('java', args, env, port)
    },
  }
}

const jdbcStore = (url: string, storesFirst: boolean): NonNullable<BrokerConfigInput['store']> => ({
  type: 'JDBC',
  url,
  ...(storesFirst ? { concurrentStoreAndDispatchQueues: false } : {}),
})

/** With the lease that ours has by default. */
function activemqOnJdbc(jdbcUrl: string, port: number, env: NodeJS.ProcessEnv): PeerProcess {
  const settings = [
    'name=bench',
    `port=${port}`,
    `url=${jdbcUrl}`,
    'locker=lease',
    'leaseMs=5000',
    'endsWithInput=false',
  ]
  return new PeerProcess('java', [heap, '-cp', jdbcClasspath(), 'JdbcBroker', ...settings], env, port)
}

/** What all instances are made with. */
export const artemisInstance: readonly string[] = [
  ...'--silent --java-memory 1G --user bench --password bench --allow-anonymous'.split(' '),
  ...['web', 'amqp-acceptor', 'mqtt-acceptor', 'stomp-acceptor', 'hornetq-acceptor'].map((part) => `--no-${part}`),
]

/** Where it is installed, which it is by then. */
export function artemisHome(): string {
  const home = join(cache, `apache-artemis-${artemisVersion}`)
  if (!existsSync(join(home, 'bin', 'artemis'))) fetchArtemis()
  return home
}

/** What "artemis create" has found out about this disk. */
export function artemisSettings(instance: string): string {
  const configuration = readFileSync(join(instance, 'etc', 'broker.xml'), 'utf8')
  const setting = (name: string) => new RegExp(`<${name}>(.*?)</${name}>`).exec(configuration)?.[1] ?? '?'
  return `journal ${setting('journal-type')} with datasync ${setting('journal-datasync')}, buffer timeout ${setting('journal-buffer-timeout')} ns; heap 1G.`
}

/** An instance like the template; `change` is given each file of its configuration. */
export function rewriteArtemis(template: string, instance: string, change: (text: string) => string): void {
  cpSync(template, instance, { recursive: true })
  rewrite(instance, (text) => text.replaceAll(template, instance))
  rewrite(join(instance, 'etc'), change)
}

function artemis(workDirectory: string): BenchBroker {
  const home = artemisHome()
  const template = join(workDirectory, 'artemis-instance')
  runTool(join(home, 'bin', 'artemis'), ['create', template, ...artemisInstance])
  return {
    id: 'artemis',
    title: `Artemis ${artemisVersion}`,
    settings: `Instance as "artemis create" makes it here: ${artemisSettings(template)}`,
    async start({ directory, env, limits }) {
      const [port] = (await freePorts(1)) as [number]
      const instance = join(directory, 'instance')
      rewriteArtemis(template, instance, (text) =>
        text
          .replace('tcp://0.0.0.0:61616?', `tcp://127.0.0.1:${port}?`)
          .replace(/protocols=[A-Z,]+/, 'protocols=OPENWIRE')
          .replace(/(?=<acceptors>)/, limits ? `<global-max-size>${limits.memoryBytes}</global-max-size>` : ''),
      )
      return new PeerProcess(join(instance, 'bin', 'artemis'), ['run'], env, port)
    },
  }
}

const staticUri = (url: string): string => `static:(${url})`

const networkConfig = (network: readonly NetworkConnector[]) => ({
  networkConnectors: network.map(({ url, ...attributes }) => ({ ...attributes, uri: staticUri(url) })),
})

function networkSetting({ url, ...attributes }: NetworkConnector): string {
  const words = Object.entries(attributes).map(([name, value]) => `${name}=${value}`)
  return `networkConnector=${[staticUri(url), ...words].join(' ')}`
}

const usageSettings = ({ memoryBytes, tempBytes, storeBytes }: RoomLimits): string[] => [
  `memoryUsage=${memoryBytes}`,
  `tempUsage=${tempBytes}`,
  `storeUsage=${storeBytes}`,
]

function fetchArtemis(): void {
  const artifact = `org.apache.artemis:apache-artemis:${artemisVersion}:tar.gz:bin`
  const plugin = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy'
  mkdirSync(cache, { recursive: true })
  runTool('mvn', ['-q', '-B', plugin, `-Dartifact=${artifact}`, `-DoutputDirectory=${cache}`])
  const archive = join(cache, `apache-artemis-${artemisVersion}-bin.tar.gz`)
  runTool('tar', ['-xzf', archive, '-C', cache])
  rmSync(archive)
}

/** Changes the text files of a folder in place. */
function rewrite(folder: string, change: (text: string) => string): void {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    const before = readFileSync(path, 'utf8')
    const after = change(before)
    if (after !== before) writeFileSync(path, after)
  }
}

/** A peer as a process of its own. */
export class PeerProcess implements RunningBroker {
  readonly port: number
  readonly #command: string
  readonly #args: readonly string[]
  readonly #env: NodeJS.ProcessEnv
  #output: string[] = []
  #child!: ChildProcess
  #ended!: Promise<void>

  constructor(command: string, args: readonly string[], env: NodeJS.ProcessEnv, port: number) {
    this.#command = command
    this.#args = args
    this.#env = env
    this.port = port
    this.restart()
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error(`Cannot start ${this.#command}: it is missing or not executable`)
    return this.#child.pid
  }

  get url(): string {
    return `tcp://127.0.0.1:${this.port}`
  }

  log(): string {
    return this.#output.slice(-20).join('')
  }

  /** Waits for a word in its output, which it has not said long ago. */
  async hasLogged(word: string, timeoutMs: number): Promise<void> {
    const deadline = Date.now() + timeoutMs
    while (!this.#output.some((text) => text.includes(word))) {
      if (Date.now() > deadline) throw new Error(`No ${word} after ${timeoutMs} ms: ${this.log()}`)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }

  restart(): void {
    const child = spawn(this.#command, this.#args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...this.#env },
    })
    this.#child = child
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (data: Buffer) => {
        this.#output.push(data.toString())
        if (this.#output.length > 200) this.#output = this.#output.slice(-100)
      })
    this.#ended = new Promise((resolve) => child.once('exit', () => resolve()).once('error', () => resolve()))
  }

  async stop(signal: NodeJS.Signals): Promise<void> {
    this.#child.kill(signal)
    await this.#ended
  }
}
