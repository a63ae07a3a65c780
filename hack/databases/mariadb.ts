// MariaDB, where its package is installed.
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { userName, writeForServer, type ServerFacts, type ServerKind } from './server-kind.ts'

const database = 'flotilla'

const withoutSync = ['--innodb-flush-log-at-trx-commit=2', '--skip-innodb-doublewrite', '--sync-frm=0']

export const mariadb: ServerKind = {
  users: ['mysql', 'nobody'],
  stopSignal: 'SIGTERM',
  killSignal: 'SIGKILL',
  prepare,
  address: (port) => `jdbc:mariadb://127.0.0.1:${port}/${database}`,
}

export const hasMariadb = (): boolean =>
  programPath('mariadbd') !== undefined && programPath('mariadb-install-db') !== undefined

function prepare(facts: ServerFacts): ReturnType<ServerKind['prepare']> {
  const { directory, data, port, user, syncs } = facts
  const install = {
    command: programPath('mariadb-install-db')!,
    args: [
      '--no-defaults',
      `--datadir=${data}`,
      '--auth-root-authentication-method=normal',
      '--skip-test-db',
      '--skip-name-resolve',
    ],
    user,
  }
  const program = {
    command: programPath('mariadbd')!,
    args: [
      '--no-defaults',
      `--datadir=${data}`,
      // Inside of its own directory, where no other server's is.
      `--socket=${join(data, 'socket')}`,
      `--pid-file=${join(data, 'pid')}`,
      `--port=${port}`,
      '--bind-address=127.0.0.1',
      '--skip-name-resolve',
      // As Debian's package sets it.
      '--character-set-server=utf8mb4',
      '--collation-server=utf8mb4_general_ci',
      '--max-connections=200',
      '--innodb-buffer-pool-size=32M',
      '--innodb-log-file-size=32M',
      `--init-file=${writeForServer(facts, 'init.sql', initialStatements(facts.password))}`,
      ...(syncs ? [] : withoutSync),
    ],
    user,
    environment: { HOME: directory },
  }
  return { preparation: facts.isNew ? [install] : [], program, readyText: 'ready for connections' }
}

/** A user who may do everything, with a password, in place of those who need none. */
function initialStatements(password: string): string {
  return [
    `CREATE USER IF NOT EXISTS '${userName}'@'%' IDENTIFIED BY '${password}';`,
    `GRANT ALL ON *.* TO '${userName}'@'%' WITH GRANT OPTION;`,
    `DROP USER IF EXISTS 'root'@'localhost', 'root'@'127.0.0.1', 'root'@'::1';`,
    `CREATE DATABASE IF NOT EXISTS ${database};`,
    '',
  ].join('\n')
}

/** Debian has the server where the PATH of ordinary users does not lead. */
export const programPath = (name: string): string | undefined =>
  [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin']
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path))
