// The bench: `npm run bench` fills the whole table, which takes about five hours; `npm run bench -- --short` is a
// minute that only shows that it runs; see --help for the rest. Raw data goes to data/bench, the table of a complete
// run to docs/benchmarks.md. Ends with 1 when a run of our broker failed, never because of a figure.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { arch, cpus, loadavg, release, tmpdir, totalmem, type } from 'node:os'
import { join, relative } from 'node:path'
import { assert } from '../../broker/base/assert.ts'
import { checkChoices, parseCommandLine, refuse } from '../support/command-line.ts'
import { prepareJavaClient, type JavaClient } from '../support/java-clients.ts'
import { brokerIds, prepareBroker, type BenchBroker, type BrokerId } from './brokers.ts'
import { onDatabase, startBenchDatabase, type BenchDatabase } from './bench-database.ts'
import type { BenchSettings, RunResult } from './cell-run.ts'
import { cells as fileCells, figures, type Cell, type Figure } from './cells.ts'
import { findings, jdbcFindings } from './findings.ts'
import { jdbcCells, jdbcPage } from './jdbc-cells.ts'
import { sectionOf, withSection } from './operator/report.ts'
import { runCell } from './procedures.ts'
import {
  replicatedArtemis,
  replicatedFlotilla,
  startBenchZooKeeper,
  type BenchZooKeeper,
} from './replicated-brokers.ts'
import { replicatedBrokers, replicatedCells, replicatedRatios } from './replicated-cells.ts'
import { buildReport, type BenchData, type BenchRun } from './report.ts'
import { buildSyncShim } from './usage.ts'

const help = `npm run bench -- [options]
  --short              one run of a few cells and brokers, seconds each; writes no page
  --cell ID            only this cell; may be repeated: ${fileCells.map((cell) => cell.id).join(' ')}
  --broker ID          only this broker; may be repeated: ${brokerIds.join(' ')}
  --runs N             runs that count, after one that is thrown away (3)
  --keep-first         throw no run away
  --warmup-seconds N   (8)
  --seconds N          measured, of a load (15)
  --backlog N          messages (500000)
  --kills N            of each takeover run (20)
  --store jdbc         stores in a database: ${jdbcCells.map((cell) => cell.id).join(' ')}; flotilla and activemq-5.17 on one PostgreSQL
  --store replicated   stores with copies, and ours without: ${replicatedCells.map((cell) => cell.id).join(' ')}; ${replicatedBrokers.join(' ')}; prints ratios, writes no page
  --directory PATH     where the stores are; the disk that is measured (the system's folder for temporary files)
  --profile            writes a CPU profile of our broker for each run to data/bench/profiles
  --page               writes docs/benchmarks.md even from an incomplete run
  --report FILE        runs nothing: writes docs/benchmarks.md from that raw data
`

const root = join(import.meta.dirname, '../..')
const dataDirectory = join(root, 'data', 'bench')
const clientVersion = '5.19.9'
/** Running threads, on average, of a machine with nothing else to do: two cores just do for a broker and its clients. */
const quietLoad = 0.5
const memoryFileSystem = 0x01_02_19_94
const shortCells = ['queue-1x1', 'persistent-4x4', 'transacted-1x1', 'latency', 'backlog', 'start-empty']
const shortBrokers: readonly BrokerId[] = ['flotilla', 'activemq-5.17']
const jdbcBrokers = shortBrokers

const { values: flags } = parseCommandLine('bench', help, {
  options: {
    short: { type: 'boolean', default: false },
    cell: { type: 'string', multiple: true, default: [] },
    broker: { type: 'string', multiple: true, default: [] },
    runs: { type: 'string' },
    'keep-first': { type: 'boolean', default: false },
    'warmup-seconds': { type: 'string' },
    seconds: { type: 'string' },
    backlog: { type: 'string' },
    kills: { type: 'string' },
    store: { type: 'string', default: 'file' },
    directory: { type: 'string', default: tmpdir() },
    profile: { type: 'boolean', default: false },
    page: { type: 'boolean', default: false },
    report: { type: 'string' },
  },
})

checkChoices('bench', '--store', [flags.store], ['file', 'jdbc', 'replicated'])
const onJdbc = flags.store === 'jdbc'
const isReplicated = flags.store === 'replicated'
const page = join(root, 'docs', onJdbc ? 'benchmarks-jdbc.md' : 'benchmarks.md')
const cells = isReplicated ? replicatedCells : onJdbc ? jdbcCells : fileCells
const takingBrokers: readonly BrokerId[] = isReplicated ? replicatedBrokers : onJdbc ? jdbcBrokers : brokerIds

const amounts = ['runs', 'warmup-seconds', 'seconds', 'backlog', 'kills'] as const
for (const flag of amounts)
  if (flags[flag] !== undefined && !(Number(flags[flag]) > 0))
    refuse('bench', `--${flag} ${flags[flag]} is no number above 0`)

if (flags.report !== undefined) writePage(JSON.parse(readFileSync(flags.report, 'utf8')) as BenchData)
else process.exitCode = await bench()

async function bench(): Promise<number> {
  const startedAt = new Date()
  const machine = describeMachine()
  const busy = (loadavg()[0] ?? 0) > quietLoad
  const chosenCells = choose('--cell', flags.cell, cells, flags.short ? shortCells : [], (cell) => cell.id)
  const chosenBrokers = choose('--broker', flags.broker, takingBrokers, flags.short ? shortBrokers : [], (id) => id)
  const work = mkdtempSync(join(flags.directory, 'flotilla-bench-'))
  let database: BenchDatabase | undefined
  let zooKeeper: BenchZooKeeper | undefined
  try {
    const client = prepareDriver()
    database = onJdbc ? await startBenchDatabase() : undefined
    zooKeeper = isReplicated ? await startBenchZooKeeper() : undefined
    const brokers = prepareBrokers(chosenBrokers, work, { database, zooKeeper })
    const settings = buildSettings(work, client)
    const runs: BenchRun[] = []
    const data = (): BenchData => ({
      startedAt: startedAt.toISOString(),
      endedAt: new Date().toISOString(),
      command: ['npm run bench', ...(process.argv.length > 2 ? ['--', ...process.argv.slice(2)] : [])].join(' '),
      busy,
      machine,
      settings: describeSettings(settings),
      brokers: brokers.map(({ id, title, settings }) => ({ id, title, settings })),
      runs,
    })
    const raw = join(dataDirectory, `${startedAt.toISOString().replaceAll(':', '-')}.json`)
    mkdirSync(dataDirectory, { recursive: true })
    for (const cell of chosenCells)
      for (const run of await runBrokers(settings, cell, brokers)) {
        runs.push(run)
        writeFileSync(raw, JSON.stringify(data(), undefined, 1))
      }
    console.log(`raw data: ${relative(root, raw)}`)
    const complete = chosenCells.length === cells.length && brokers.length === takingBrokers.length && !flags.short
    if (isReplicated) for (const line of replicatedRatios(runs)) console.log(line)
    else if (complete || flags.page) writePage(data())
    // What a peer cannot do is in the report; only ours have to run.
    const ours = runs.filter((run) => isOurs(run.broker))
    const failed = ours.filter((run) => run.failed !== undefined)
    console.log(`${ours.length - failed.length} passed, ${failed.length} failed`)
    return failed.length > 0 || ours.length === 0 ? 1 : 0
  } finally {
    await database?.server.stop()
    await zooKeeper?.stop()
    rmSync(work, { recursive: true, force: true })
  }
}

/** All runs of a cell; each round begins with the next broker, so that none always comes first. */
async function runBrokers(settings: BenchSettings, cell: Cell, brokers: readonly BenchBroker[]): Promise<BenchRun[]> {
  const thrownAway = flags.short || flags['keep-first'] ? 0 : 1
  const rounds = thrownAway + amount('runs', 3, 1)
  const taking = brokers.filter((broker) => !cell.without?.includes(broker.id))
  const runs: BenchRun[] = []
  for (let round = 0; round < rounds; round++)
    for (let turn = 0; turn < taking.length; turn++) {
      const broker = taking[(round + turn) % taking.length]!
      const run = { cell: cell.id, broker: broker.id, run: round, thrownAway: round < thrownAway }
      try {
        const result = await runCell(settings, cell, broker)
        console.log(`${cell.id}, run ${round}, ${broker.title}: ${describeResult(result)}`)
        runs.push({ ...run, ...result })
      } catch (error) {
        console.log(`${cell.id}, run ${round}, ${broker.title}: FAILED ${String(error)}`)
        runs.push({ ...run, failed: String(error) })
      }
    }
  return runs
}

function describeResult(result: RunResult): string {
  const values = Object.entries(result.figures) as [Figure, number][]
  return values.map(([figure, value]) => `${Number(value.toPrecision(4))} ${figures[figure].title}`).join(', ')
}

function prepareDriver(): JavaClient {
  return prepareJavaClient(clientVersion, join(import.meta.dirname, 'java', 'driver'))
}

interface Servers {
  readonly database: BenchDatabase | undefined
  readonly zooKeeper: BenchZooKeeper | undefined
}

/** A peer that cannot be had is left out, with the reason; ours cannot be left out. */
function prepareBrokers(ids: readonly BrokerId[], work: string, servers: Servers): BenchBroker[] {
  return ids.flatMap((id) => {
    try {
      return [prepare(id, work, servers)]
    } catch (error) {
      if (isOurs(id)) throw error
      console.log(`${id} is left out: ${String(error)}`)
      return []
    }
  })
}

function isOurs(broker: string): boolean {
  return broker === 'flotilla' || broker === 'flotilla-replicated'
}

function prepare(id: BrokerId, work: string, { database, zooKeeper }: Servers): BenchBroker {
  if (id === 'artemis-replicated') return replicatedArtemis(work)
  if (id === 'flotilla-replicated') {
    assert(zooKeeper, 'A replicated store has somebody who elects')
    return replicatedFlotilla(zooKeeper)
  }
  const broker = prepareBroker(id, work)
  return database ? onDatabase(broker, database) : broker
}

function buildSettings(work: string, client: JavaClient): BenchSettings {
  const profiles = join(dataDirectory, 'profiles')
  return {
    directory: work,
    driverClasspath: client.classpath,
    syncShim: buildSyncShim(work),
    warmupMs: amount('warmup-seconds', 8, 1) * 1000,
    measureMs: amount('seconds', 15, 2) * 1000,
    backlogMessages: amount('backlog', onJdbc ? 100_000 : 500_000, 2000),
    kills: amount('kills', 20, 1),
    ourEnv: flags.profile ? { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profiles}` } : {},
    endSignal: flags.profile ? 'SIGTERM' : 'SIGKILL',
  }
}

function amount(flag: (typeof amounts)[number], full: number, short: number): number {
  const text = flags[flag]
  if (text === undefined) return flags.short ? short : full
  return Number(text)
}

function choose<T>(
  flag: string,
  wanted: readonly string[],
  all: readonly T[],
  few: readonly string[],
  idOf: (one: T) => string,
): T[] {
  const ids = all.map(idOf)
  checkChoices('bench', flag, wanted, ids)
  const taken = wanted.length > 0 ? wanted : few.length > 0 ? few : ids
  return all.filter((one) => taken.includes(idOf(one)))
}

function describeMachine(): Record<string, string> {
  const processors = cpus()
  const inMemory = statfsSync(flags.directory).type === memoryFileSystem
  return {
    Processors: `${processors.length} × ${processors[0]?.model ?? 'unknown'}, ${arch()}`,
    Memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    System: `${type()} ${release()}`,
    'Stores on': inMemory
      ? 'a file system in memory: syncs cost nothing, figures of persistent messages mean nothing'
      : 'a disk',
    'Load before': (loadavg()[0] ?? 0).toFixed(1),
    Node: process.version,
    Java: /version "([^"]+)"/.exec(spawnSync('java', ['-version'], { encoding: 'utf8' }).stderr)?.[1] ?? 'unknown',
  }
}

function describeSettings(settings: BenchSettings): Record<string, string> {
  return {
    Client: `activemq-client ${clientVersion}, defaults`,
    Runs: `${amount('runs', 3, 1)} that count, ${flags.short || flags['keep-first'] ? 'none' : 'one'} thrown away before`,
    Window: `${settings.measureMs / 1000} s measured after ${settings.warmupMs / 1000} s of warm-up`,
    Backlog: `${settings.backlogMessages.toLocaleString('en-US')} messages`,
    Takeover: `${settings.kills} kills in each run`,
  }
}

function writePage(data: BenchData): void {
  const other = existsSync(page) ? sectionOf(readFileSync(page, 'utf8')) : ''
  const text = onJdbc ? buildReport(data, jdbcFindings, jdbcPage) : withSection(buildReport(data, findings), other)
  writeFileSync(page, text)
  console.log(`written: ${relative(root, page)}`)
}
