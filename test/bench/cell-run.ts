// What a run of a cell stands on, whatever its procedure: brokers on fresh stores, drivers, and the conversation with these.
import { join } from 'node:path'
import { startJava, type JavaProcess } from '../support/java-process.ts'
import type { OpenWirePeer } from '../support/openwire-peer.ts'
import { firstToAccept, type BenchBroker, type NetworkConnector, type RunningBroker } from './brokers.ts'
import type { Cell, Figure } from './cells.ts'
import type { SyncCounters } from './usage.ts'

export interface BenchSettings {
  readonly directory: string
  readonly driverClasspath: string
  readonly syncShim: string
  readonly warmupMs: number
  readonly measureMs: number
  readonly backlogMessages: number
  readonly kills: number
  /** Given to our broker only, for profiles. */
  readonly ourEnv: NodeJS.ProcessEnv
  /** How brokers are ended: SIGTERM lets a profile be written. */
  readonly endSignal: NodeJS.Signals
}

export interface RunResult {
  readonly figures: Readonly<Partial<Record<Figure, number>>>
  /** What the driver said, for the raw data. */
  readonly raw: unknown
}

export interface CellRun {
  readonly settings: BenchSettings
  readonly broker: BenchBroker
  readonly cell: Cell
  readonly directory: string
  readonly syncs: SyncCounters
  readonly env: NodeJS.ProcessEnv
  /** Everything that has to be ended afterwards. */
  readonly started: RunningBroker[]
  readonly drivers: JavaProcess[]
  readonly deaf: OpenWirePeer[]
}

const driverHeap = ['-Xmx1g', '-Dslf4j.internal.verbosity=ERROR']
/** One of the brokers of a run. */
export interface StartedAs {
  /** Tells those apart that share a store. */
  readonly member?: string
  /** Name and store of its own, where a run has several. */
  readonly name?: string
  readonly network?: readonly NetworkConnector[]
}

/** Returns when it accepts connections. */
export async function start(run: CellRun, as: StartedAs = {}): Promise<RunningBroker> {
  const broker = await startOne(run, as)
  await firstToAccept([broker])
  return broker
}

/** Returns as soon as the process exists. */
export async function startOne(
  run: CellRun,
  { member = 'member-0', name, network }: StartedAs,
): Promise<RunningBroker> {
  const { procedure, storesFirst, prioritizedMessages } = run.cell
  const interval = procedure.kind === 'takeover' ? { lockAcquireSleepIntervalMs: 500 } : {}
  const limits = procedure.kind === 'neighbours' ? { limits: procedure.neighbours.limits } : {}
  const settings = {
    ...interval,
    ...limits,
    ...(storesFirst === undefined ? {} : { storesFirst }),
    ...(prioritizedMessages === undefined ? {} : { prioritizedMessages }),
    ...(procedure.kind === 'browse' ? { maxBrowsePageSize: procedure.messages } : {}),
    ...(procedure.kind === 'mesh' ? { replayWhenNoConsumers: true } : {}),
    ...(name === undefined ? {} : { brokerName: name }),
    ...(network === undefined ? {} : { network }),
  }
  const directory = join(run.directory, name ?? 'store')
  const broker = await run.broker.start({ directory, env: run.env, member, ...settings })
  run.started.push(broker)
  return broker
}

/** `url` may be a list, where the command takes one. */
export async function drive(run: CellRun, url: string): Promise<JavaProcess> {
  const driver = startJava(run.settings.driverClasspath, ['BenchDriver', url], { options: driverHeap })
  run.drivers.push(driver)
  await expect(driver, 'ready')
  return driver
}

export function command(driver: JavaProcess, name: string, options: object): void {
  driver.write(`${[name, ...Object.entries(options).map(([key, value]) => `${key}=${value}`)].join(' ')}\n`)
}

export async function expect(driver: JavaProcess, word: string): Promise<void> {
  const line = await driver.line((line) => line === word || line.startsWith('{'))
  if (line !== word) throw new Error(`the driver said ${line}`)
}

export async function reply<T>(driver: JavaProcess): Promise<T> {
  const answer = JSON.parse(await driver.line((line) => line.startsWith('{'))) as T & { failed?: string }
  if (answer.failed !== undefined) throw new Error(`the driver failed: ${answer.failed}`)
  return answer
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
