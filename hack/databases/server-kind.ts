// What a kind of database server brings for its start, and is told for it.
import { chownSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { KeptServer } from './kept-server.ts'
import type { ServerUser } from './server-user.ts'

export interface ServerFacts {
  readonly directory: string
  readonly data: string
  readonly port: number
  readonly user: ServerUser | undefined
  readonly password: string
  /** No data yet. */
  readonly isNew: boolean
  readonly syncs: boolean
}

export interface ServerKind {
  /** Of the system, that it runs as when we are root. */
  readonly users: readonly string[]
  /** Ends it with all its connections, in order. */
  readonly stopSignal: KeptServer['stopSignal']
  /** At once, with data that nobody wants any more. */
  readonly killSignal: KeptServer['stopSignal']
  prepare(facts: ServerFacts): Pick<KeptServer, 'preparation' | 'program' | 'readyText'>
  /** As JDBC has it, without user and password. */
  address(port: number): string
}

export const userName = 'flotilla'

/** A file that the server's programs read, and no other user. */
export function writeForServer({ directory, user }: ServerFacts, name: string, text: string): string {
  const file = join(directory, name)
  writeFileSync(file, text, { mode: 0o600 })
  if (user) chownSync(file, user.uid, user.gid)
  return file
}
