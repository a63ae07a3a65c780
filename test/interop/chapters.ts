// JMS 1.1 chapter by chapter: the JUnit tests of java/chapters, and those of java/frameworks (Spring, pooled-jms), with several
// versions of the stock client, against our broker and against a real ActiveMQ: what they say of ours is then ActiveMQ's behaviour and not our
// opinion of it. Some tests kill their broker: each run has a second one for them.
import { mkdtempSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { activemqJars } from '../support/activemq-broker.ts'
import { freePorts } from '../../hack/ports/free-ports.ts'
import { activeAfter, settled } from '../support/broker-process.ts'
import {
  clientJars,
  compileJava,
  mavenJars,
  oldClientVersions,
  type ClientVersion,
  type OldClientVersion,
} from '../support/java-clients.ts'
import { startJava, type JavaProcess } from '../support/java-process.ts'
import { SeverableLink } from '../support/severable-link.ts'
import { startOnStore, type OurStore } from './our-store.ts'

type Report = (ok: boolean, name: string, detail?: string) => void

/** What the client asks for; both brokers offer all of it. */
const encodings = {
  loose: '?wireFormat.tightEncodingEnabled=false',
  tight: '?wireFormat.cacheEnabled=false',
  'tight and cached': '',
} as const
type Encoding = keyof typeof encodings

interface Cell {
  readonly client: ClientVersion | OldClientVersion
  readonly encoding: Encoding
  readonly broker: 'ours' | 'activemq'
}

/** A minute is usual; a test that hangs must not hold up the others for ever. */
const longestRunMs = 10 * 60_000
const referenceVersion = '5.17.2'
const junit = { 'junit.version': '5.14.4', 'launcher.version': '1.14.4' }
/** Of the time of javax.jms, and of that of jakarta.jms. */
const frameworks = {
  javax: { 'jms.version': '2.0.3', 'spring.version': '5.3.39', 'pooled.version': '1.2.7' },
  jakarta: { 'jms.version': '3.1.0', 'spring.version': '6.2.19', 'pooled.version': '3.2.5' },
} as const

const core = [
  'Chapter4Connections',
  'Chapter4Sessions',
  'Chapter4ProducersAndConsumers',
  'Chapter5PointToPoint',
  'Chapter6PublishSubscribe',
]
const everything = [
  'Chapter3Message',
  'Chapter3Bodies',
  'Chapter3Selectors',
  ...core,
  'Chapter7Exceptions',
  'Chapter8ServerFacilities',
  'Chapter9Examples',
  'ActiveMqTraditions',
  'SpringTemplates',
  'SpringListeners',
  'PooledConnections',
]

/** What CI has time for: each client, each encoding, each broker at least once. */
const fewCells: readonly Cell[] = [
  { client: '5.17.2', encoding: 'tight and cached', broker: 'activemq' },
  { client: '5.17.2', encoding: 'tight', broker: 'ours' },
  { client: '5.19.9', encoding: 'tight and cached', broker: 'ours' },
  { client: '6.3.1', encoding: 'loose', broker: 'ours' },
  { client: '5.8.0', encoding: 'loose', broker: 'ours' },
]

const allCells: readonly Cell[] = (Object.keys(encodings) as Encoding[]).flatMap((encoding): Cell[] => [
  ...(['5.17.2', '5.15.16', '5.11.4', '5.8.0'] as const).map((client): Cell => ({
    client,
    encoding,
    broker: 'activemq',
  })),
  ...(['5.17.2', '5.19.9', '6.3.1', '5.15.16', '5.11.4', '5.8.0'] as const).map((client): Cell => ({
    client,
    encoding,
    broker: 'ours',
  })),
])

export interface ChapterOptions {
  readonly clients: readonly string[]
  /** All cells, not only what CI has time for. */
  readonly wholeMatrix: boolean
  /** Only tests whose "Class.method" has this in it. */
  readonly tests: string
  /** Of our broker. ActiveMQ is not asked again for another than the usual one. */
  readonly store: OurStore
}

const cache = process.env.FLOTILLA_INTEROP_CACHE ?? join(homedir(), '.cache', 'flotilla-interop')
const sources = join(import.meta.dirname, 'java')

export async function checkChapters(
  { clients, wholeMatrix, tests, store }: ChapterOptions,
  report: Report,
): Promise<void> {
  for (const cell of wholeMatrix ? allCells : fewCells) {
    if (!clients.includes(cell.client) || (cell.broker === 'activemq' && store !== 'journal')) continue
    const ours = store === 'journal' ? 'our broker' : `our broker on ${store}`
    const name = `${cell.client} ${cell.encoding} with ${cell.broker === 'ours' ? ours : `ActiveMQ ${referenceVersion}`}`
    try {
      await runCell(cell, name, { tests, store }, report)
    } catch (error) {
      report(false, `chapters: ${name} ran`, String(error))
    }
  }
}

async function runCell(
  cell: Cell,
  name: string,
  { tests, store }: Pick<ChapterOptions, 'tests' | 'store'>,
  report: Report,
): Promise<void> {
  const startedAt = Date.now()
  const { classpath, classes } = prepare(cell.client)
  await inDirectory(async (directory) => {
    const start = cell.broker === 'ours' ? (place: string) => startOurs(place, store) : startActivemq
    const brokers: Broker[] = []
    try {
      for (const purpose of ['lasting', 'mortal']) brokers.push(await start(join(directory, purpose)))
      const [lasting, mortal] = brokers
      const run = startJava(classpath, ['RunChapters', ...classes], {
        options: optionsOf(cell, tests, lasting!, mortal!),
      })
      const tooLong = setTimeout(() => run.kill(), longestRunMs)
      try {
        await follow(run, mortal!, name, report)
      } finally {
        clearTimeout(tooLong)
        run.kill()
      }
    } finally {
      await Promise.all(brokers.map((broker) => broker.stop()))
    }
  })
  console.log(`   chapters: ${name} took ${Math.round((Date.now() - startedAt) / 1000)} s`)
}

function prepare(client: Cell['client']): { classpath: string; classes: readonly string[] } {
  const jakarta = client.startsWith('6.')
  const jars = [
    ...clientJars(client),
    ...mavenJars(join(sources, 'chapters', 'pom.xml'), junit, join(cache, `junit-${junit['junit.version']}`)),
  ]
  const chapters = compileJava(join(sources, 'chapters'), jars, join(cache, `chapters-${client}`), jakarta)
  if (oldClientVersions.some((old) => old === client))
    return { classpath: [chapters, ...jars].join(delimiter), classes: core }
  const generation = frameworks[jakarta ? 'jakarta' : 'javax']
  // Before the client's jars: Spring wants the interfaces of JMS 2, which 5.17 has not.
  const withFrameworks = [
    chapters,
    ...mavenJars(
      join(sources, 'frameworks', 'pom.xml'),
      generation,
      join(cache, `frameworks-${generation['spring.version']}`),
    ),
    ...jars,
  ]
  const classes = compileJava(join(sources, 'frameworks'), withFrameworks, join(cache, `frameworks-${client}`), jakarta)
  return { classpath: [classes, ...withFrameworks].join(delimiter), classes: everything }
}

const optionsOf = (cell: Cell, tests: string, lasting: Broker, mortal: Broker): string[] => [
  '-Xmx512m',
  // Those who know it send no classes to strangers.
  '-Dorg.apache.activemq.SERIALIZABLE_PACKAGES=*',
  `-Dbroker.url=${lasting.url}${encodings[cell.encoding]}`,
  `-Dmortal.url=${mortal.url}${encodings[cell.encoding]}`,
  `-Dbroker.kind=${cell.broker}`,
  `-Dbroker.version=${cell.broker === 'activemq' ? referenceVersion : ''}`,
  `-Dclient.version=${cell.client}`,
  `-Dtests=${tests}`,
]

/** Tells of each test as it ends, and kills the broker when a test asks for it. */
async function follow(run: JavaProcess, mortal: Broker, name: string, report: Report): Promise<void> {
  for (let line = ''; line !== 'chapters ran';) {
    line = await run.line(() => true)
    const [, not, test, detail] = /^(not )?ok (\S+ \(.*?\))(?:: (.*))?$/.exec(line) ?? []
    if (test !== undefined) report(not === undefined, `chapters: ${name}: ${test}`, detail)
    if (line !== 'kill') continue
    await mortal.killAndStart()
    run.write('up\n')
  }
}

interface Broker {
  readonly url: string
  /** SIGKILL; resolves when it is there again, on its data and its port. */
  killAndStart(): Promise<void>
  stop(): Promise<unknown>
}

async function startOurs(directory: string, store: OurStore): Promise<Broker> {
  const { members, stop } = await startOnStore(store, directory, 1, { wire: { cacheEnabled: true } })
  const first = await settled(members)
  // Tests know one address. Where another member may take over it leads to whoever is active, as that of a Service does.
  const way = members.length > 1 ? await SeverableLink.to(first.options.openwirePort) : undefined
  return {
    url: way?.url ?? first.url,
    async killAndStart() {
      const active = await settled(members)
      const term = (await active.role())?.term ?? 0
      active.kill('SIGKILL')
      const next = await activeAfter(members, term)
      way?.leadTo(next.options.openwirePort)
    },
    async stop() {
      await way?.close()
      await stop()
    },
  }
}

async function startActivemq(directory: string): Promise<Broker> {
  const jars = activemqJars(referenceVersion)
  const classpath = [
    compileJava(join(sources, 'reference'), jars, join(cache, `reference-${referenceVersion}`)),
    ...jars,
  ].join(delimiter)
  const [port] = await freePorts(1)
  const start = async (): Promise<JavaProcess> => {
    const broker = startJava(classpath, ['PlainBroker', directory, String(port)])
    await broker.line((line) => line === 'accepts')
    return broker
  }
  const end = async (broker: JavaProcess): Promise<void> => {
    broker.kill()
    await broker.ended
  }
  let broker = await start()
  return {
    url: `tcp://127.0.0.1:${port}`,
    async killAndStart() {
      await end(broker)
      broker = await start()
    },
    stop: () => end(broker),
  }
}

async function inDirectory<T>(body: (directory: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'flotilla-chapters-'))
  try {
    return await body(directory)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
