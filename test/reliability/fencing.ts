// "Two never write": real broker processes, real clients, and an active member that is stopped, robbed of its lock, or left
// with a volume that is read-only or does not answer. `npm run soak -- fencing [--seed N] [--scale X]` runs all of it; a
// scenario by itself: `--only NAME`. Prints a line per scenario; ends with 1 if anything was not as it has to be.
//
// In every scenario: never two active members (roles, terms), nothing acknowledged is missing, no duplicate of a committed
// delivery, order per producer, and the old active is back as a standby.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { seededRandom } from '../../broker/base/random.ts'
import { clientVersions, type ClientVersion } from '../support/java-clients.ts'
import { LoopVolume, whyNoVolume } from '../support/loop-volume.ts'
import {
  expireLease,
  lockHarms,
  loseLock,
  moveDirectory,
  stopAndContinue,
  stopAndReplace,
  type Fault,
} from './fencing-faults.ts'
import { FencingGroup } from './fencing-group.ts'
import { startJavaLoad, startOwnLoad, type Load, type LoadAccount } from './fencing-load.ts'
import { failReadOnly, hang } from './fencing-volume-faults.ts'

export interface FencingScenario {
  readonly name: string
  /** At scale 1. */
  readonly rounds: number
  readonly faults: (volume: LoopVolume | undefined) => readonly Fault[]
  readonly needsVolume?: boolean
  /** Stopped for longer than the clients wait for a sign of life: some wait, some come back. */
  readonly maxStopMs?: number
  readonly urlOptions?: string
  readonly supervised?: boolean
}

/**
 * The stock client hands the messages of a rolled back transaction out again after a delay of 1 s, from its own memory. If
 * a second failover happens meanwhile, it delivers them twice in one transaction: from memory and from the broker.
 */
const javaPauseMs = 1500

const shortInactivity = '?wireFormat.maxInactivityDuration=2000'

const roundsPerLine = 10

/** The issue asks for 30 s without an answer. */
const hangMs = 30_000

export const fencingScenarios: readonly FencingScenario[] = [
  {
    name: 'stopped and continued',
    rounds: 50,
    faults: () => [stopAndContinue],
    maxStopMs: 4000,
    urlOptions: shortInactivity,
  },
  { name: 'stopped, killed and replaced', rounds: 50, faults: () => [stopAndReplace], maxStopMs: 2000 },
  { name: 'lock taken away', rounds: 60, faults: () => Object.values(lockHarms).map(loseLock) },
  {
    name: 'lock taken away, in a pod',
    rounds: 24,
    faults: () => Object.values(lockHarms).map(loseLock),
    supervised: true,
  },
  { name: 'directory moved away', rounds: 20, faults: () => [moveDirectory] },
  { name: 'stopped, and its lock expired', rounds: 50, faults: () => [expireLease], maxStopMs: 2000 },
  {
    name: 'stopped, and its lock expired, in a pod',
    rounds: 20,
    faults: () => [expireLease],
    maxStopMs: 2000,
    supervised: true,
  },
  { name: 'volume read-only', rounds: 50, faults: (volume) => [failReadOnly(volume!)], needsVolume: true },
  {
    name: 'volume takes no writes for 30 s',
    rounds: 50,
    faults: (volume) => [hang((forMs) => volume!.freeze(forMs), hangMs)],
    needsVolume: true,
  },
  {
    name: 'volume answers nothing for 30 s',
    rounds: 50,
    faults: (volume) => [hang((forMs) => volume!.hang(forMs), hangMs)],
    needsVolume: true,
  },
]

export interface FencingRun {
  readonly rounds: number
  readonly seed: number
  readonly maxStopMs?: number
  readonly flowPerRound: number
  /** Undisturbed time before each fault; default 0. */
  readonly pauseMs?: number
  readonly load: (url: string) => Promise<Load>
  readonly volume?: LoopVolume
  readonly progress?: (text: string) => void
}

export interface FencingResult extends LoadAccount {
  readonly rounds: number
  readonly acknowledgedDirectly: number
  readonly violations: readonly string[]
  readonly polls: number
  readonly coldTakeovers: number
}

/** One group, one load, `rounds` faults in turn. */
export async function runFencing(scenario: FencingScenario, run: FencingRun): Promise<FencingResult> {
  const directory = mkdtempSync(join(tmpdir(), 'flotilla-fencing-'))
  const dataDirectory = join(run.volume?.directory ?? directory, 'data')
  mkdirSync(dataDirectory, { recursive: true })
  const supervised = scenario.supervised ?? false
  const group = await FencingGroup.start({ directory, dataDirectory, supervised })
  const random = seededRandom(run.seed)
  const faults = scenario.faults(run.volume)
  let load: Load | undefined
  try {
    load = await run.load(group.failoverUrl(scenario.urlOptions))
    await load.flows(run.flowPerRound)
    for (let round = 0; round < run.rounds; round++) {
      await new Promise((resolve) => setTimeout(resolve, run.pauseMs ?? 0))
      await faults[round % faults.length]!({ group, random, maxStopMs: run.maxStopMs ?? scenario.maxStopMs ?? 0 })
      group.checkTerms()
      await load.flows(run.flowPerRound)
      if ((round + 1) % roundsPerLine === 0) run.progress?.(`${scenario.name}: ${round + 1} of ${run.rounds} rounds`)
      if (group.violations.length > 0) break
    }
    const account = await load.finish()
    await group.checkDirect()
    group.checkTerms()
    const { violations, polls, acknowledgedDirectly, coldTakeovers } = group
    return { ...account, rounds: run.rounds, violations, polls, acknowledgedDirectly, coldTakeovers }
  } catch (error) {
    const logs = group.members.map(({ options, log }) => `--- ${options.member}\n${log.slice(-30).join('')}`)
    throw new Error(`${scenario.name}: ${String(error)}\n${group.violations.join('\n')}\n${logs.join('\n')}`, {
      cause: error,
    })
  } finally {
    load?.kill()
    await group.stop()
    rmSync(directory, { recursive: true, force: true })
    if (run.volume) rmSync(dataDirectory, { recursive: true, force: true })
  }
}

export const isClean = (result: FencingResult): boolean =>
  result.violations.length === 0 && result.lost + result.duplicates + result.outOfOrder === 0

async function main(): Promise<number> {
  const { values: flags } = parseArgs({
    options: {
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      scale: { type: 'string', default: '1' },
      only: { type: 'string', default: '' },
      client: { type: 'string', default: clientVersions[0] },
      inside: { type: 'boolean', default: false },
    },
  })
  // Volumes are mounted where nobody else sees them, and are gone with this process.
  if (!flags.inside && process.getuid?.() === 0) {
    const command = [
      '-m',
      '--propagation',
      'private',
      process.execPath,
      ...process.argv.slice(1),
      '--inside',
      '--seed',
      flags.seed,
    ]
    const { status, error } = spawnSync('unshare', command, { stdio: 'inherit' })
    if (!error) return status ?? 1
  }
  const seed = Number(flags.seed)
  console.log(`fencing: seed ${seed}, scale ${flags.scale}, client ${flags.client}`)
  const load = (url: string): Promise<Load> =>
    flags.client === 'own' ? startOwnLoad(url) : startJavaLoad(flags.client as ClientVersion, url)
  const pauseMs = flags.client === 'own' ? 0 : javaPauseMs
  const noVolume = whyNoVolume()
  let failures = 0
  for (const scenario of fencingScenarios.filter(({ name }) => name.includes(flags.only))) {
    if (scenario.needsVolume && noVolume !== undefined) {
      console.log(`SKIPPED ${scenario.name}: ${noVolume}`)
      continue
    }
    const startedAt = Date.now()
    const rounds = Math.max(1, Math.round(scenario.rounds * Number(flags.scale)))
    const volume = scenario.needsVolume ? new LoopVolume() : undefined
    try {
      const result = await runFencing(scenario, {
        rounds,
        seed,
        load,
        pauseMs,
        flowPerRound: 500,
        progress: (text) => console.log(text),
        ...(volume && { volume }),
      })
      const seconds = Math.round((Date.now() - startedAt) / 1000)
      console.log(`${isClean(result) ? 'ok' : 'not ok'} ${scenario.name}: ${describe(result)}, ${seconds} s`)
      if (!isClean(result)) failures++
      if (!isClean(result)) console.log(`   ${[...result.violations, result.details].join('\n   ')}`)
    } catch (error) {
      failures++
      console.log(`not ok ${String(error)}`)
    } finally {
      volume?.remove()
    }
  }
  return failures === 0 ? 0 : 1
}

const describe = ({
  rounds,
  acknowledged,
  acknowledgedDirectly,
  lost,
  duplicates,
  outOfOrder,
  longestGapMs,
  violations,
  polls,
  coldTakeovers,
}: FencingResult): string =>
  `${rounds} rounds, ${acknowledged} + ${acknowledgedDirectly} acknowledged, ${lost} lost, ${duplicates} duplicates, ${outOfOrder} out of order, ${violations.length} violations in ${polls} polls of roles, ${coldTakeovers} cold takeovers, longest gap ${longestGapMs} ms`

if (import.meta.main) process.exit(await main())
