// The long form of store-faults for `npm run soak`: a process of its own, in network and mount namespaces of its own where root starts
// it, so that no firewall, no volume and no database server of it is left, or seen by others.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { ownNetwork } from './store-faults/database-way.ts'
import { storeNames, type StoreName } from './store-faults/fault.ts'
import { faultsOf, storeFaults, type FaultName } from './store-faults/faults.ts'
import type { Locker } from './store-faults/jdbc-store.ts'
import { runStoreFault, whyNotHere, type StoreFaultFigures } from './store-faults/run.ts'
import type { SoakOptions } from './soak.ts'

export const faultNames = Object.keys(storeFaults) as FaultName[]

export { storeNames }

export const lockers: readonly Locker[] = ['Lease', 'Database']

/** `only`: one of the faults; all that the store has without. */
export async function soakStoreFaults(
  { seed, scale, store, locker, light }: SoakOptions,
  only: FaultName | '' = '',
): Promise<void> {
  const values = { seed: String(seed), scale: String(scale), store, locker, only }
  const flags = Object.entries(values).flatMap(([name, value]) => [`--${name}`, value])
  const command = [process.execPath, import.meta.filename, ...flags, ...(light ? ['--light'] : [])]
  const inside = ['unshare', '--mount', '--propagation', 'private', '--net', '--pid', '--fork', '--kill-child']
  const own = spawnSync(inside[0]!, [...inside.slice(1), 'true']).status === 0
  const [program, ...args] = own ? [...inside, '--mount-proc', ...command] : command
  const env = { ...process.env, ...(own && { [ownNetwork]: '1' }) }
  const child = spawn(program!, args, { stdio: 'inherit', env })
  const [code] = (await once(child, 'exit')) as [number | null]
  if (code !== 0) throw new Error(`Cannot call the store ${store} safe: see above`)
}

async function main(): Promise<number> {
  const { values: flags } = parseArgs({
    options: {
      seed: { type: 'string', default: '1' },
      scale: { type: 'string', default: '1' },
      store: { type: 'string', default: 'journal' },
      locker: { type: 'string', default: 'Lease' },
      only: { type: 'string', default: '' },
      light: { type: 'boolean', default: false },
    },
  })
  if (process.env[ownNetwork] !== undefined) spawnSync('ip', ['link', 'set', 'lo', 'up'])
  const store = flags.store as StoreName
  let failures = 0
  for (const fault of faultsOf(store).filter(({ name }) => flags.only === '' || name === flags.only)) {
    const why = whyNotHere(store, fault)
    if (why !== undefined) {
      console.log(`SKIPPED ${fault.name}: ${why}`)
      continue
    }
    const startedAt = performance.now()
    const rounds = Math.ceil(fault.rounds * Number(flags.scale))
    const { light, seed } = flags
    const terms = { store, locker: flags.locker as Locker, fault, rounds, seed: Number(seed), light }
    try {
      const figures = await runStoreFault({ ...terms, print: (line) => console.log(line) })
      const seconds = Math.round((performance.now() - startedAt) / 1000)
      console.log(`ok ${fault.name} (${fault.about}): ${describe(figures)}, ${seconds} s`)
    } catch (error) {
      failures++
      console.log(`not ok ${fault.name}: ${(error as Error).message}`)
    }
  }
  return failures === 0 ? 0 : 1
}

function describe({ rounds, takeover: { p50, p99, max }, wholeAgain, actors }: StoreFaultFigures): string {
  const sum = (of: 'sends' | 'deliveries' | 'inDoubt' | 'againAfterDoubt'): number =>
    Object.values(actors).reduce((all, figures) => all + figures[of], 0)
  return [
    `${rounds} rounds`,
    `${sum('sends')} sends`,
    `${sum('deliveries')} deliveries`,
    '0 lost',
    `${sum('inDoubt')} in doubt`,
    `${sum('againAfterDoubt')} came again after that`,
    `a client waited p50 ${p50} ms, p99 ${p99} ms, at most ${max} ms`,
    ...(wholeAgain ? [`all in sync again p50 ${wholeAgain.p50} ms, at most ${wholeAgain.max} ms`] : []),
  ].join(', ')
}

if (import.meta.main) process.exit(await main())
