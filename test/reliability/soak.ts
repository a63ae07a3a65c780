// Long forms of the reliability suites, which are too long for `npm test`:
//
//   npm run soak -- NAME [--seed N] [--scale X] [--schedules N] [--trace] [--store STORE] [--locker LOCKER] [--light]
//
// `--scale 1` is the length that docs/reliability.md has figures of; smaller ones try a suite out. Each prints its seed, so
// that a run that failed can be repeated; it ends with code 1 when a suite failed.
import { systemClock } from '../../broker/base/clock.ts'
import { checkChoices, parseCommandLine, refuse } from '../support/command-line.ts'
import { soakBridgeStrangers } from './soak-bridge-strangers.ts'
import { soakFencing } from './soak-fencing.ts'
import { soakJmsKills, soakJmsKillsOf } from './soak-jms-kills.ts'
import { soakJmsModel } from './soak-jms-model.ts'
import { soakJournal, soakJournalCrashes, soakJournalFlips, soakJournalKills } from './soak-journal.ts'
import { soakMemory } from './soak-memory.ts'
import { soakNetworkModel } from './soak-network-model.ts'
import { soakQueueModel } from './soak-queue-model.ts'
import { soakReplicationModel } from './soak-replication-model.ts'
import { faultNames, lockers, soakStoreFaults, storeNames } from './soak-store-faults.ts'
import { soakStrangers, soakStrangersInProcess, soakStrangersOverSockets } from './soak-strangers.ts'
import { soakThreeServers } from './soak-three-servers.ts'
import type { StoreName } from './store-faults/fault.ts'
import type { Locker } from './store-faults/jdbc-store.ts'

export interface SoakOptions {
  readonly seed: number
  /** 1 = the whole length. */
  readonly scale: number
  /** Of replication-model: how many groups, whatever the scale. */
  readonly schedules: number | undefined
  /** Of replication-model: everything that happens is told. */
  readonly trace: boolean
  /** Of store-faults. */
  readonly store: StoreName
  readonly locker: Locker
  readonly light: boolean
  readonly print: (line: string) => void
}

type Soak = (options: SoakOptions) => Promise<void>

const soaks: Readonly<Record<string, Soak>> = {
  'bridge-strangers': soakBridgeStrangers,
  fencing: (options) => soakFencing(options),
  'fencing:stopped': (options) => soakFencing(options, 'stopped'),
  'fencing:lock': (options) => soakFencing(options, 'lock taken'),
  'fencing:volume': (options) => soakFencing(options, 'volume'),
  'jms-kills': (options) => soakJmsKills(options),
  ...soakJmsKillsOf,
  'jms-model': soakJmsModel,
  journal: soakJournal,
  'journal:crashes': soakJournalCrashes,
  'journal:flips': soakJournalFlips,
  'journal:kills': soakJournalKills,
  memory: soakMemory,
  'network-model': soakNetworkModel,
  'queue-model': soakQueueModel,
  'replication-model': soakReplicationModel,
  'store-faults': (options) => soakStoreFaults(options),
  ...Object.fromEntries(
    faultNames.map((fault) => [`store-faults:${fault}`, (options: SoakOptions) => soakStoreFaults(options, fault)]),
  ),
  strangers: soakStrangers,
  'strangers:loose': (options) => soakStrangersInProcess('loose', options),
  'strangers:tight': (options) => soakStrangersInProcess('tight', options),
  'strangers:sockets': soakStrangersOverSockets,
  'three-servers': soakThreeServers,
}

const help = `npm run soak -- NAME [options]
  NAME        one of: ${Object.keys(soaks).join(' ')}
  --seed N    the seed of a run that is to be repeated
  --scale X   1 is the whole length (1)
  --schedules N   of replication-model: how many groups, instead of a scale
  --trace     of replication-model: prints everything that happens
  --store S   of store-faults: ${storeNames.join(' ')} (journal)
  --locker L  of store-faults in a database: ${lockers.join(' ')} (Lease)
  --light     of store-faults: one client alone, for what a takeover takes
`

const { values: flags, positionals } = parseCommandLine('soak', help, {
  allowPositionals: true,
  options: {
    seed: { type: 'string' },
    scale: { type: 'string', default: '1' },
    schedules: { type: 'string' },
    trace: { type: 'boolean', default: false },
    store: { type: 'string', default: 'journal' },
    locker: { type: 'string', default: 'Lease' },
    light: { type: 'boolean', default: false },
  },
})
if (positionals.length !== 1) refuse('soak', `expected one NAME, not ${positionals.length}`)
checkChoices('soak', 'NAME', positionals, Object.keys(soaks))
const name = positionals[0]!
const soak = soaks[name]!
const seed = flags.seed === undefined ? systemClock.nowMs() % 2 ** 31 : Number(flags.seed)
if (!Number.isSafeInteger(seed)) refuse('soak', `--seed ${flags.seed} is no whole number`)
const scale = Number(flags.scale)
if (!(scale > 0)) refuse('soak', `--scale ${flags.scale} is no number above 0`)
const schedules = flags.schedules === undefined ? undefined : Number(flags.schedules)
if (schedules !== undefined && !(Number.isSafeInteger(schedules) && schedules > 0))
  refuse('soak', `--schedules ${flags.schedules} is no whole number above 0`)
checkChoices('soak', '--store', [flags.store], storeNames)
checkChoices('soak', '--locker', [flags.locker], lockers)
const [store, locker] = [flags.store as StoreName, flags.locker as Locker]
const print = (line: string): void => void process.stdout.write(`${line}\n`)
print(`${name}: seed ${seed}, scale ${scale}`)
const startMs = systemClock.monotonicMs()
try {
  const { light, trace } = flags
  await soak({ seed, scale, schedules, trace, store, locker, light, print })
  print(`${name}: passed in ${Math.round((systemClock.monotonicMs() - startMs) / 1000)} s`)
  process.exit(0)
} catch (error) {
  print(`${name}: FAILED with seed ${seed}, scale ${scale}`)
  process.stderr.write(`${(error as Error).stack ?? String(error)}\n`)
  process.exit(1)
}
