// The command line of a long run (`npm run interop`, `record`, `bench`, `soak`): `--help` explains, what is not understood is refused
// in one sentence. Both end the process: 0 and 2.
import { parseArgs, type ParseArgsConfig } from 'node:util'

export function parseCommandLine<T extends ParseArgsConfig>(
  script: string,
  help: string,
  config: T,
): ReturnType<typeof parseArgs<T>> {
  if (process.argv.slice(2).some((argument) => argument === '--help' || argument === '-h')) {
    process.stdout.write(help)
    process.exit(0)
  }
  try {
    return parseArgs(config)
  } catch (error) {
    // Node adds how a positional argument may begin with a dash.
    return refuse(script, (error as Error).message.split(/\.? To |\. /)[0]!)
  }
}

export function refuse(script: string, reason: string): never {
  process.stderr.write(`Cannot run: ${reason}. "npm run ${script} -- --help" explains.\n`)
  process.exit(2)
}

export function checkChoices(script: string, option: string, given: readonly string[], known: readonly string[]): void {
  const unknown = given.find((one) => !known.includes(one))
  if (unknown !== undefined) refuse(script, `${option} ${unknown} is none of ${known.join(', ')}`)
}
