// A PostgreSQL of a test's own, and a standby of it.
import { spawn, type ChildProcess } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { hasPostgresql, installedPrograms } from '../../hack/databases/postgresql.ts'
import { DatabaseServer, linesOf, queryTimeoutMs } from './database-server.ts'

const superuser = 'postgres'
const maxConnections = 30

const program = (name: string): string => join(installedPrograms() ?? '', name)

export const whyNoPostgresql = (): string | undefined =>
  hasPostgresql() ? undefined : 'no PostgreSQL is installed here'

export class PostgresqlServer extends DatabaseServer {
  readonly kind = 'postgresql'

  constructor(directory: string, port: number) {
    super(directory, port, ['postgres', 'nobody'])
  }

  async initialize(): Promise<void> {
    const options = ['-A', 'trust', '-U', superuser, '-E', 'UTF8', '--no-locale', '--no-sync']
    await this.run(program('initdb'), ['-D', this.#data, ...options])
  }

  /** Takes all from that server, in place of whatever this one had, and follows it from when it is started. */
  async followFrom(primary: PostgresqlServer): Promise<void> {
    rmSync(this.#data, { recursive: true, force: true })
    const from = ['-h', '127.0.0.1', '-p', String(primary.port), '-U', superuser]
    await this.run(program('pg_basebackup'), ['-D', this.#data, '-R', '-X', 'stream', '-c', 'fast', ...from])
  }

  /** From now on a commit waits until the standby has it on its disk; resolves when there is one. */
  async waitForStandby(): Promise<void> {
    await this.#setStandbys('*')
    const synchronous = "SELECT 1 FROM pg_stat_replication WHERE state = 'streaming' AND sync_state = 'sync'"
    while ((await this.query(synchronous)).length === 0) await new Promise((resolve) => setTimeout(resolve, 50))
  }

  /** A standby becomes the primary, and waits for no standby, whatever it has of its predecessor's settings. */
  async promote(): Promise<void> {
    await this.query('SELECT pg_promote(true, 30)')
    await this.#setStandbys('')
  }

  query(text: string, database = 'postgres', user = superuser): Promise<string[]> {
    const where = ['-h', '127.0.0.1', '-p', String(this.port), '-U', user, '-d', database]
    const format = ['-X', '-A', '-t', '-q', '-F', '\t', '-v', 'ON_ERROR_STOP=1']
    const env = { PGCONNECT_TIMEOUT: '5' }
    return linesOf(program('psql'), [...format, ...where, '-c', text], { env, timeout: queryTimeoutMs })
  }

  async endSessions(user: string): Promise<number> {
    const text = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${user}'`
    return (await this.query(text)).length
  }

  occupy(user: string, database: string): ChildProcess {
    const where = ['-h', '127.0.0.1', '-p', String(this.port), '-U', user, '-d', database]
    return spawn(program('psql'), ['-X', '-q', ...where, '-c', 'SELECT pg_sleep(600)'], { stdio: 'ignore' })
  }

  /** All that the users make belongs to one role. */
  async createDatabase(name: string, users: readonly string[], place?: string): Promise<void> {
    await this.query(`CREATE ROLE ${name}`)
    // As somebody who is not the user that has logged in, it would not see what that one's sessions do.
    await this.query(`GRANT pg_read_all_stats TO ${name}`)
    for (const user of users) {
      await this.query(`CREATE ROLE ${user} LOGIN IN ROLE ${name}`)
      await this.query(`ALTER ROLE ${user} SET role = ${name}`)
    }
    if (place !== undefined) {
      this.give(place)
      await this.query(`CREATE TABLESPACE ${name} OWNER ${name} LOCATION '${place}'`)
    }
    await this.query(`CREATE DATABASE ${name} OWNER ${name}${place === undefined ? '' : ` TABLESPACE ${name}`}`)
  }

  protected command(): readonly string[] {
    const settings = [
      'listen_addresses=*',
      `max_connections=${maxConnections}`,
      'max_wal_senders=4',
      'wal_level=replica',
      'shared_buffers=64MB',
      'log_min_messages=warning',
    ]
    return [
      program('postgres'),
      `-D${this.#data}`,
      `-p${this.port}`,
      `-k${this.directory}`,
      ...settings.flatMap((setting) => ['-c', setting]),
    ]
  }

  async #setStandbys(names: string): Promise<void> {
    await this.query(`ALTER SYSTEM SET synchronous_standby_names = '${names}'`)
    await this.query('SELECT pg_reload_conf()')
  }

  get #data(): string {
    return join(this.directory, 'data')
  }
}
