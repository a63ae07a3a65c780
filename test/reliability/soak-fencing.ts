// The long form of fencing.ts for `npm run soak`: a process of its own, because that mounts volumes where nobody else sees them.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { SoakOptions } from './soak.ts'

/** `only`: part of a scenario's name. */
export async function soakFencing({ seed, scale }: SoakOptions, only = ''): Promise<void> {
  const args = [
    join(import.meta.dirname, 'fencing.ts'),
    '--seed',
    String(seed),
    '--scale',
    String(scale),
    '--only',
    only,
  ]
  const child = spawn(process.execPath, args, { stdio: 'inherit' })
  const [code] = (await once(child, 'exit')) as [number | null]
  if (code !== 0) throw new Error(`Cannot call it safe: the fencing run ended with ${code}, see above`)
}
