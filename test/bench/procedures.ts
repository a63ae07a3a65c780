// How one run of a cell goes: start a broker on a fresh store, drive it, read what it has used, remove everything.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { connectDeaf } from '../support/deaf-client.ts'
import type { DatabaseUse } from './bench-database.ts'
import { accepts, firstToAccept, type BenchBroker, type RunningBroker } from './brokers.ts'
import {
  command,
  drive,
  expect,
  pause,
  reply,
  start,
  startOne,
  type BenchSettings,
  type CellRun,
  type RunResult,
} from './cell-run.ts'
import type { Cell, LoadOptions, NeighboursOptions, Procedure } from './cells.ts'
import { measureSyncRate } from './disk-rate.ts'
import { measuredMessages, type LoadAnswer } from './load-answer.ts'
import { judgeNeighbours, type NeighboursAnswer } from './neighbours-answer.ts'
import { runMesh, startChain, windowsOfMesh } from './networks.ts'
import { runRejoin } from './rejoin.ts'
import { percentile } from './statistics.ts'
import {
  bytesPerMiB,
  cpuOfAll,
  cpuSeconds,
  peakMemoryBytes,
  peakMemoryOfAll,
  processesOf,
  SyncCounters,
} from './usage.ts'

/** Beyond what is measured: connecting, draining, slow disks. */
const patienceMs = 300_000
/** Between the start of a Java standby and the moment from which it certainly waits for the lock. */
const standbyStartMs = 3000
const trafficBetweenKillsMs = 1000
/** Of which 20 run at a time. */
const neighbourPairs = 40
const neighbourBytes = 1024
/** Large, so that limits are reached in seconds. */
const troubleBytes = 16 * 1024
/** Those that are persistent and those that are not, alone and beside a flood: each has its part of the time of a window. */
const neighbourWindows = 4

export async function runCell(settings: BenchSettings, cell: Cell, broker: BenchBroker): Promise<RunResult> {
  mkdirSync(settings.directory, { recursive: true })
  const directory = mkdtempSync(join(settings.directory, `${cell.id}-`))
  const syncs = new SyncCounters(join(directory, 'syncs'))
  const env = {
    LD_PRELOAD: settings.syncShim,
    FLOTILLA_SYNC_COUNTS: syncs.path,
    FLOTILLA_SYNC_DELAY_US: String((cell.syncDelayMs ?? 0) * 1000),
    ...(broker.id.startsWith('flotilla') ? settings.ourEnv : {}),
  }
  const run: CellRun = { settings, broker, cell, directory, syncs, env, started: [], drivers: [], deaf: [] }
  const timer = setTimeout(() => run.drivers.forEach((driver) => driver.kill()), limitMs(settings))
  try {
    return await procedure(run)
  } catch (error) {
    const logs = run.started.map((started) => started.log()).join('\n---\n')
    throw new Error(`${cell.id} with ${broker.title}: ${String(error)}\n${logs}`, { cause: error })
  } finally {
    clearTimeout(timer)
    run.deaf.forEach((client) => client.destroy())
    run.drivers.forEach((driver) => driver.kill())
    await Promise.all(run.drivers.map((driver) => driver.ended))
    await Promise.all(run.started.map((started) => started.stop(settings.endSignal)))
    rmSync(directory, { recursive: true, force: true, maxRetries: 5 })
  }
}

function limitMs(settings: BenchSettings): number {
  const windows = settings.warmupMs + settings.measureMs * windowsOfMesh
  // The slowest that a backlog may be is 1,000 messages a second.
  return windows + patienceMs + settings.backlogMessages * 3 + settings.kills * 10_000
}

function procedure(run: CellRun): Promise<RunResult> {
  switch (run.cell.procedure.kind) {
    case 'load':
      return runLoad(run, run.cell.procedure.load)
    case 'backlog':
      return runBacklog(run)
    case 'browse':
      return runBrowse(run, run.cell.procedure)
    case 'start':
      return runStart(run, run.cell.procedure.backlog)
    case 'takeover':
      return runTakeover(run)
    case 'rejoin':
      return runRejoin(run, run.cell.procedure)
    case 'neighbours':
      return runNeighbours(run, run.cell.procedure.neighbours)
    case 'mesh':
      return runMesh(run, run.cell.procedure)
  }
}

async function runLoad(run: CellRun, load: LoadOptions): Promise<RunResult> {
  const { settings } = run
  const wantsShare = run.cell.goals.some((goal) => goal.figure === 'shareOfDisk')
  const disk = wantsShare ? measureSyncRate(run.directory, load.size) : undefined
  const brokers = await startChain(run, load.hops ?? 0)
  const driver = await drive(run, brokers[0]!.url)
  const { warmupMs, measureMs } = settings
  command(driver, 'load', { ...load, consumeFrom: brokers.at(-1)!.url, warmupMs, measureMs })
  await expect(driver, 'begin')
  const processes = processesOf(brokers)
  const eachBefore = processes.map(({ pid }) => cpuSeconds(pid))
  const before = { cpu: cpuOfAll(brokers), syncs: run.syncs.total(), client: cpuSeconds(driver.pid) }
  const databaseBefore = await brokers[0]!.database?.()
  await expect(driver, 'end')
  const cpu = cpuOfAll(brokers) - before.cpu
  const each = processes.map(({ pid }, index) => ({
    cpu: cpuSeconds(pid) - eachBefore[index]!,
    peakMemoryMiB: peakMemoryBytes(pid) / bytesPerMiB,
  }))
  const clientCpu = cpuSeconds(driver.pid) - before.client
  const syncs = run.syncs.total() - before.syncs
  const databaseAfter = await brokers[0]!.database?.()
  const answer = await reply<LoadAnswer>(driver)
  const messages = measuredMessages(load, answer)
  const rate = (messages / answer.elapsedMs) * 1000
  const figures: RunResult['figures'] = {
    rate,
    cpuPer100k: (cpu / messages) * 100_000,
    peakMemoryMiB: peakMemoryOfAll(brokers) / bytesPerMiB,
    syncsPer1000: (syncs / messages) * 1000,
    ...databaseFigures(databaseBefore, databaseAfter, messages),
    ...(disk ? { shareOfDisk: rate / disk.perSecond } : {}),
    ...(answer.delivery ? { p50Ms: answer.delivery.p50Us / 1000, p99Ms: answer.delivery.p99Us / 1000 } : {}),
    ...(answer.answer ? { answerP50Ms: answer.answer.p50Us / 1000, answerP99Ms: answer.answer.p99Us / 1000 } : {}),
  }
  return { figures, raw: { ...answer, cpu, clientCpu, syncs: run.syncs.read(), disk, each } }
}

async function runBacklog(run: CellRun): Promise<RunResult> {
  const broker = await start(run)
  const driver = await drive(run, broker.url)
  const count = run.settings.backlogMessages
  const before = { cpu: cpuOfAll([broker]), syncs: run.syncs.total() }
  const databaseBefore = await broker.database?.()
  command(driver, 'fill', { count, transaction: 100, size: 1024 })
  const fill = await reply<{ elapsedMs: number }>(driver)
  command(driver, 'drain', { count, transaction: 100 })
  const drain = await reply<{ elapsedMs: number; outOfOrder: number }>(driver)
  const databaseAfter = await broker.database?.()
  if (drain.outOfOrder > 0) throw new Error(`${drain.outOfOrder} messages were out of order`)
  const cpu = cpuOfAll([broker]) - before.cpu
  const figures = {
    fillRate: (count / fill.elapsedMs) * 1000,
    drainRate: (count / drain.elapsedMs) * 1000,
    cpuPer100k: (cpu / count) * 100_000,
    peakMemoryMiB: peakMemoryOfAll([broker]) / bytesPerMiB,
    syncsPer1000: ((run.syncs.total() - before.syncs) / count) * 1000,
    ...databaseFigures(databaseBefore, databaseAfter, count),
  }
  return { figures, raw: { fill, drain, cpu, syncs: run.syncs.read() } }
}

function databaseFigures(
  before: DatabaseUse | undefined,
  after: DatabaseUse | undefined,
  messages: number,
): RunResult['figures'] {
  if (!before || !after) return {}
  return {
    packetsPerMessage: (after.packets - before.packets) / messages,
    commitsPerMessage: (after.commits - before.commits) / messages,
    databaseCpuPer100k: ((after.cpu - before.cpu) / messages) * 100_000,
  }
}

async function runBrowse(
  run: CellRun,
  { messages: count, rounds }: Procedure & { kind: 'browse' },
): Promise<RunResult> {
  const broker = await start(run)
  const driver = await drive(run, broker.url)
  command(driver, 'fill', { count, transaction: 100, size: 1024 })
  await reply(driver)
  const before = cpuSeconds(broker.pid)
  command(driver, 'browse', { count, rounds })
  const browse = await reply<{ elapsedMs: number; messages: number }>(driver)
  const cpu = cpuSeconds(broker.pid) - before
  const figures = {
    rate: (browse.messages / browse.elapsedMs) * 1000,
    cpuPer100k: (cpu / browse.messages) * 100_000,
    peakMemoryMiB: peakMemoryBytes(broker.pid) / bytesPerMiB,
  }
  return { figures, raw: { browse, cpu } }
}

/** The driver has worked with a first process before, so that its own start is not part of the time. */
async function runStart(run: CellRun, backlog: boolean): Promise<RunResult> {
  const broker = await start(run)
  const driver = await drive(run, broker.url)
  command(driver, 'first', { url: broker.url, send: true, destination: 'WARM' })
  await reply(driver)
  if (backlog) {
    command(driver, 'fill', { count: run.settings.backlogMessages, transaction: 100, size: 1024 })
    await reply(driver)
    await broker.stop('SIGKILL')
    broker.restart()
  } else {
    await broker.stop('SIGKILL')
    run.started.push(await run.broker.start({ directory: join(run.directory, 'second'), env: run.env }))
  }
  const startedAt = performance.now()
  const again = run.started.at(-1)!
  command(driver, 'first', { url: again.url, send: !backlog })
  await expect(driver, 'received')
  const timeMs = performance.now() - startedAt
  const raw = await reply(driver)
  return { figures: { timeMs, peakMemoryMiB: peakMemoryBytes(again.pid) / bytesPerMiB }, raw }
}

interface TakeoverAnswer {
  messages: number
  lost: number
  gaps: { client: string; endedAt: number; ms: number }[]
}

async function runTakeover(run: CellRun): Promise<RunResult> {
  const pair = [await startOne(run, {}), await startOne(run, { member: 'member-1' })]
  const first = await firstToAccept(pair)
  await waitForStandby(run)
  const driver = await drive(run, `failover:(${pair.map((broker) => broker.url).join(',')})`)
  command(driver, 'takeover', {})
  await expect(driver, 'running')
  let active = first
  const killedAt: number[] = []
  for (let kill = 0; kill < run.settings.kills; kill++) {
    await pause(trafficBetweenKillsMs)
    killedAt.push(Date.now())
    await active.stop('SIGKILL')
    const killed = active
    active = await firstToAccept(pair.filter((broker) => broker !== killed))
    await pause(trafficBetweenKillsMs)
    killed.restart()
    await waitForStandby(run)
    if (await accepts(killed.port)) throw new Error('both brokers accept connections')
  }
  await pause(trafficBetweenKillsMs)
  driver.write('stop\n')
  const answer = await reply<TakeoverAnswer>(driver)
  if (answer.lost > 0) throw new Error(`${answer.lost} acknowledged messages were lost`)
  const gaps = killedAt.map((at) => longestGap(answer, at)).sort((a, b) => a - b)
  return { figures: { p50Ms: percentile(gaps, 0.5), p99Ms: percentile(gaps, 0.99) }, raw: { ...answer, killedAt } }
}

/** How long the producer's send that met this kill took; 0 when no send was notably slow. */
function longestGap(answer: TakeoverAnswer, killedAt: number): number {
  const met = answer.gaps.filter(({ client, endedAt, ms }) => {
    const beganAt = endedAt - ms
    return client === 'producer' && endedAt >= killedAt && beganAt <= killedAt + trafficBetweenKillsMs
  })
  return Math.max(0, ...met.map(({ ms }) => ms))
}

/** The pairs rest while the troublemaker takes what it can get: on few cores its speed would be what is measured. */
async function runNeighbours(run: CellRun, options: NeighboursOptions): Promise<RunResult> {
  const broker = await start(run)
  const pairs = await drive(run, broker.url)
  const { warmupMs, measureMs } = run.settings
  command(pairs, 'neighbours', {
    pairs: neighbourPairs,
    size: neighbourBytes,
    warmupMs: warmupMs / neighbourWindows,
    measureMs: measureMs / neighbourWindows,
  })
  await expect(pairs, 'alone')
  const state = options.troublemaker === 'nobody' ? null : await makeTrouble(run, broker, options)
  pairs.write('again\n')
  const answer = await reply<NeighboursAnswer>(pairs)
  const peakMemoryMiB = peakMemoryBytes(broker.pid) / bytesPerMiB
  return { figures: { ...judgeNeighbours(answer), peakMemoryMiB }, raw: { ...answer, troublemaker: state } }
}

/** Resolves with what it says when it has got what it can; it goes on until the end of the run. */
async function makeTrouble(run: CellRun, broker: RunningBroker, options: NeighboursOptions): Promise<object> {
  const { troublemaker, topic = false, persistent = false, upToMiB } = options
  const destination = 'TROUBLE'
  if (troublemaker === 'deaf')
    run.deaf.push(await connectDeaf(broker.port, { kind: topic ? 'topic' : 'queue', name: destination }))
  const trouble = await drive(run, broker.url)
  const stuck = troublemaker === 'stuck'
  command(trouble, 'trouble', { destination, topic, persistent, stuck, size: troubleBytes, upTo: upToMiB })
  return reply<object>(trouble)
}

async function waitForStandby(run: CellRun): Promise<void> {
  await pause(run.broker.id === 'flotilla' ? standbyStartMs / 2 : standbyStartMs)
}
