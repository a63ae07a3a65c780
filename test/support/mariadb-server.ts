// A MariaDB of a test's own.
import { spawn, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { hasMariadb, programPath } from '../../hack/databases/mariadb.ts'
import { DatabaseServer, linesOf, queryTimeoutMs } from './database-server.ts'

const superuser = 'root'
const maxConnections = 30

const program = (name: string): string => programPath(name) ?? name

export const whyNoMariadb = (): string | undefined => (hasMariadb() ? undefined : 'no MariaDB is installed here')

export class MariadbServer extends DatabaseServer {
  readonly kind = 'mariadb'

  constructor(directory: string, port: number) {
    super(directory, port, ['mysql', 'nobody'])
  }

  async initialize(): Promise<void> {
    const options = ['--auth-root-authentication-method=normal', '--skip-test-db']
    await this.run(program('mariadb-install-db'), [
      '--no-defaults',
      `--datadir=${this.#data}`,
      `--tmpdir=${this.directory}`,
      ...options,
    ])
  }

  query(text: string, database = '', user = superuser): Promise<string[]> {
    const where = ['--no-defaults', `--socket=${this.#socket}`, `-u${user}`, '--connect-timeout=5']
    const format = ['-N', '-B']
    const of = database === '' ? [] : ['-D', database]
    return linesOf(program('mariadb'), [...where, ...format, ...of, '-e', text], { timeout: queryTimeoutMs })
  }

  async endSessions(user: string): Promise<number> {
    const ids = await this.query(`SELECT ID FROM information_schema.PROCESSLIST WHERE USER = '${user}'`)
    // One of them may have ended meanwhile.
    await Promise.allSettled(ids.map((id) => this.query(`KILL ${id}`)))
    return ids.length
  }

  occupy(user: string, database: string): ChildProcess {
    const where = ['--no-defaults', '-h127.0.0.1', `-P${this.port}`, `-u${user}`, '-D', database]
    return spawn(program('mariadb'), [...where, '-e', 'SELECT SLEEP(600)'], { stdio: 'ignore' })
  }

  async createDatabase(name: string, users: readonly string[]): Promise<void> {
    await this.query(`CREATE DATABASE ${name} CHARACTER SET utf8mb4`)
    for (const user of users) {
      await this.query(`CREATE USER ${user}@'%'`)
      await this.query(`GRANT ALL ON ${name}.* TO ${user}@'%'`)
    }
  }

  protected command(): readonly string[] {
    return [
      program('mariadbd'),
      '--no-defaults',
      `--datadir=${this.#data}`,
      `--tmpdir=${this.directory}`,
      `--port=${this.port}`,
      `--socket=${this.#socket}`,
      '--bind-address=*',
      `--max-connections=${maxConnections}`,
      '--innodb-flush-log-at-trx-commit=1',
      '--innodb-buffer-pool-size=64M',
      '--innodb-log-file-size=16M',
      // Names are not looked up: no firewall of the test is to be in the way of that.
      '--skip-name-resolve',
    ]
  }

  get #data(): string {
    return join(this.directory, 'data')
  }

  /** Its path may have 107 characters at most. */
  get #socket(): string {
    return join(this.directory, 'socket')
  }
}
