// A database server that runs until it is stopped, and what the next command must know of it, in a file beside its data.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { hasMariadb, mariadb } from './mariadb.ts'
import { embeddedPostgresql, hasPostgresql, installedPostgresql } from './postgresql.ts'
import type { ServerKind } from './server-kind.ts'
import { isReachable, serverUser } from './server-user.ts'
import { startDatabase, type DatabaseServer, type StartOptions } from './start-database.ts'

export const serviceNames = ['postgresql', 'mariadb'] as const
export type ServiceName = (typeof serviceNames)[number]

interface Running {
  readonly pid: number
  readonly url: string
}

interface Kept extends Running {
  readonly password: string
  readonly port: number
}

const lookPeriodMs = 20

export class Service {
  readonly title: string
  readonly directory: string
  readonly #kind: ServerKind

  private constructor(title: string, directory: string, kind: ServerKind) {
    this.title = title
    this.directory = directory
    this.#kind = kind
  }

  /** Below `directory`; each in a folder of its own, because they cannot read each other's data. */
  static of(name: ServiceName, directory: string, embedded: boolean): Service {
    if (name === 'mariadb') return new Service('MariaDB', join(directory, 'mariadb'), mariadb)
    return embedded || !hasPostgresql()
      ? new Service('The embedded PostgreSQL', join(directory, 'embedded-postgresql'), embeddedPostgresql)
      : new Service('PostgreSQL', join(directory, 'postgresql'), installedPostgresql)
  }

  /** Whether the server's user gets to the directory. */
  get isReachable(): boolean {
    return serverUser(this.#kind.users) === undefined || isReachable(this.directory)
  }

  /** Goes on when this process ends. With the port and the password of the time before. */
  async start(syncs: boolean): Promise<Running> {
    return this.running() ?? this.#start({ syncs, endsWithParent: false })
  }

  /** The same, but it ends with this process. One that runs is the end of such a one: it is waited for. */
  async startHere(syncs: boolean): Promise<DatabaseServer> {
    await this.stop()
    return this.#start({ syncs, endsWithParent: true })
  }

  /** Another one, without data, which ends with this process and leaves nothing. */
  async startTemporary(syncs: boolean): Promise<DatabaseServer> {
    this.#checkInstalled()
    return startDatabase(this.#kind, { syncs, endsWithParent: true })
  }

  running(): Running | undefined {
    const kept = this.#kept()
    return kept && runs(kept.pid, this.directory) ? kept : undefined
  }

  /** Resolves when it has ended. */
  async stop(): Promise<void> {
    const running = this.running()
    if (!running) return
    process.kill(running.pid, 'SIGTERM')
    while (runs(running.pid, this.directory)) await new Promise((resolve) => setTimeout(resolve, lookPeriodMs))
  }

  async #start(options: Pick<StartOptions, 'syncs' | 'endsWithParent'>): Promise<DatabaseServer> {
    this.#checkInstalled()
    const { directory } = this
    const { password, port } = this.#kept() ?? {}
    const before = password === undefined || port === undefined ? {} : { password, port }
    const server = await startDatabase(this.#kind, { directory, ...options, ...before })
    const { pid, url } = server
    const { port: itsPort } = new URL(url.slice('jdbc:'.length))
    const kept: Kept = { pid, url, port: Number(itsPort), password: server.password }
    writeFileSync(this.#file, JSON.stringify(kept), { mode: 0o600 })
    return server
  }

  #checkInstalled(): void {
    if (this.#kind === mariadb && !hasMariadb())
      throw new Error(
        'Cannot start MariaDB: its server is not installed (Debian: apt install mariadb-server). "hack/services --help" tells how to do it with Docker.',
      )
  }

  get #file(): string {
    return join(this.directory, 'service.json')
  }

  #kept(): Kept | undefined {
    return existsSync(this.#file) ? (JSON.parse(readFileSync(this.#file, 'utf8')) as Kept) : undefined
  }
}

/** Those of this name that run: of PostgreSQL it may be two. */
export const runningServices = (name: ServiceName, directory: string): Service[] =>
  [...(name === 'postgresql' ? [true] : []), false]
    .map((embedded) => Service.of(name, directory, embedded))
    .filter((service) => service.running())

/** Its process, and not another one that got its number since. */
function runs(pid: number, directory: string): boolean {
  try {
    return execFileSync('ps', ['-ww', '-o', 'args=', '-p', String(pid)], { encoding: 'utf8' }).includes(
      `"${directory}"`,
    )
  } catch {
    return false
  }
}
