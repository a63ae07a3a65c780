// Whom a database server runs as, and what that user can reach: neither server runs as root.
import { chownSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

export interface ServerUser {
  readonly uid: number
  readonly gid: number
}

/** The first of these users that this machine has, when we are root; as an ordinary user, undefined: that one. */
export function serverUser(names: readonly string[]): ServerUser | undefined {
  if (process.getuid?.() !== 0) return undefined
  const users = new Map(
    readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .map((line) => line.split(':'))
      .map(([name, , uid, gid]) => [name, { uid: Number(uid), gid: Number(gid) }]),
  )
  const name = names.find((name) => users.has(name))
  if (name === undefined)
    throw new Error(`Cannot run a database server as root: this machine has none of the users ${names.join(', ')}`)
  return users.get(name)!
}

/** Whether others than root and their owner get there. */
export function isReachable(path: string): boolean {
  for (let folder = dirname(resolve(path)); ; folder = dirname(folder)) {
    // One that is not there yet will be one of ours.
    const mode = statSync(folder, { throwIfNoEntry: false })?.mode ?? 0o755
    if ((mode & 0o001) === 0) return false
    if (folder === dirname(folder)) return true
  }
}

/** A directory that is the server's alone. */
export function makeServerDirectory(path: string, user: ServerUser | undefined): void {
  mkdirSync(dirname(path), { recursive: true })
  if (!existsSync(path)) mkdirSync(path, { mode: 0o700 })
  if (user && !isReachable(path))
    throw new Error(
      `Cannot keep a database in ${path}: the server does not run as root, and other users cannot get there`,
    )
  if (user) chownSync(path, user.uid, user.gid)
}
