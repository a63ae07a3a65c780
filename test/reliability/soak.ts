// Long forms of the reliability suites, which are too long for `npm test`:
//
//   npm run soak -- NAME [--seed N] [--scale X]
//
// `--scale 1` is the length that docs/reliability.md has figures of; smaller ones try a suite out. Each prints its seed, so
// that a run that failed can be repeated; it ends with code 1 when a suite failed.
import { parseArgs } from 'node:util'
import { systemClock } from '../../broker/base/clock.ts'
import { soakFencing } from './soak-fencing.ts'
import { soakJournal, soakJournalCrashes, soakJournalFlips, soakJournalKills } from './soak-journal.ts'
import { soakMemory } from './soak-memory.ts'
import { soakQueueModel } from './soak-queue-model.ts'
import { soakStrangers, soakStrangersInProcess, soakStrangersOverSockets } from './soak-strangers.ts'

export interface SoakOptions {
  readonly seed: number
  /** 1 = the whole length. */
  readonly scale: number
  readonly print: (line: string) => void
}

type Soak = (options: SoakOptions) => Promise<void>

const soaks: Readonly<Record<string, Soak>> = {
  fencing: (options) => soakFencing(options),
  'fencing:stopped': (options) => soakFencing(options, 'stopped'),
  'fencing:lock': (options) => soakFencing(options, 'lock taken'),
  'fencing:volume': (options) => soakFencing(options, 'volume'),
  journal: soakJournal,
  'journal:crashes': soakJournalCrashes,
  'journal:flips': soakJournalFlips,
  'journal:kills': soakJournalKills,
  memory: soakMemory,
  'queue-model': soakQueueModel,
  strangers: soakStrangers,
  'strangers:loose': (options) => soakStrangersInProcess('loose', options),
  'strangers:tight': (options) => soakStrangersInProcess('tight', options),
  'strangers:sockets': soakStrangersOverSockets,
}

const usage = `npm run soak -- NAME [--seed N] [--scale X]\nNAME is one of: ${Object.keys(soaks).join(' ')}\n`

function parseSoakArguments(): { soak: Soak; name: string; seed: number; scale: number } | undefined {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { seed: { type: 'string' }, scale: { type: 'string', default: '1' } },
    })
    const [name = ''] = positionals
    const soak = soaks[name]
    const seed = values.seed === undefined ? systemClock.nowMs() % 2 ** 31 : Number(values.seed)
    const scale = Number(values.scale)
    if (!soak || positionals.length !== 1 || !Number.isSafeInteger(seed) || !(scale > 0)) return undefined
    return { soak, name, seed, scale }
  } catch {
    return undefined
  }
}

const parsed = parseSoakArguments()
if (!parsed) {
  process.stderr.write(usage)
  process.exit(2)
}
const { soak, name, seed, scale } = parsed
const print = (line: string): void => void process.stdout.write(`${line}\n`)
print(`${name}: seed ${seed}, scale ${scale}`)
const startMs = systemClock.monotonicMs()
try {
  await soak({ seed, scale, print })
  print(`${name}: passed in ${Math.round((systemClock.monotonicMs() - startMs) / 1000)} s`)
  process.exit(0)
} catch (error) {
  print(`${name}: FAILED with seed ${seed}, scale ${scale}`)
  process.stderr.write(`${(error as Error).stack ?? String(error)}\n`)
  process.exit(1)
}
