// The command line of `npm start`.
import { Command, CommanderError, InvalidArgumentError } from 'commander'

export interface StartOptions {
  /** Manifests to apply: files or folders. */
  readonly manifests: readonly string[]
  /** Nothing was named: the manifests are examples. */
  readonly examples: boolean
  /** End after the proof instead of staying up. */
  readonly exit: boolean
  readonly kubeconfig: string | undefined
  readonly data: string
  readonly port: number
}

/** 'help' when the help text was asked for and printed; otherwise options, or the reason why there are none. */
type ParsedArguments =
  | { readonly kind: 'options'; readonly options: StartOptions }
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'refused'; readonly reason: string }

/** Those of examples/ that one sees on a first run; networks of more brokers are started by -f. */
const firstExamples = ['examples/master-slave.yaml', 'examples/standalone.yaml']
const defaultDataDirectory = '.flotilla'
const defaultApiPort = 16_443

const examples = `
Examples:
  npm start                              a pair and a single broker, then the proof; stays up until Ctrl-C
  npm start -- --exit                    the same, but ends after the proof: 0 if nothing was lost, else 1
  npm start -- -f my-cluster.yaml        your own manifest instead of the examples
  npm start -- --kubeconfig ./kube.yaml  says where the kubeconfig goes (default: DATA/kubeconfig)`

export function parseArguments(args: readonly string[]): ParsedArguments {
  let output = ''
  const command = new Command('npm start --')
    .description('Runs Flotilla on this machine: a small Kubernetes stand-in, the real operator and real brokers.')
    .option('-f, --filename <path>', 'manifest to apply, a file or a folder; may be repeated', collect, [])
    .option('--exit', 'end after the proof: 0 if nothing was lost, else 1 and the reason', false)
    .option('--kubeconfig <file>', 'where to write the kubeconfig')
    .option('--data <dir>', 'where objects, volumes and logs are kept', defaultDataDirectory)
    .option('--port <number>', 'port of the API server on 127.0.0.1; 0 = any free one', parsePort, defaultApiPort)
    .helpOption('-h, --help', 'explain')
    .addHelpText('after', examples)
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => (output += text),
      writeErr: (text) => (output += text),
    })
  try {
    command.parse([...args], { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError && error.code === 'commander.helpDisplayed')
      return { kind: 'help', text: output }
    return {
      kind: 'refused',
      reason: `${output
        .trim()
        .replace(/^error: /, '')
        .replace(/\.$/, '')}. "npm start -- --help" explains.`,
    }
  }
  const flags = command.opts<{ filename: string[]; exit: boolean; kubeconfig?: string; data: string; port: number }>()
  return {
    kind: 'options',
    options: {
      manifests: flags.filename.length > 0 ? flags.filename : firstExamples,
      examples: flags.filename.length === 0,
      exit: flags.exit,
      kubeconfig: flags.kubeconfig,
      data: flags.data,
      port: flags.port,
    },
  }
}

const collect = (value: string, before: string[]): string[] => [...before, value]

function parsePort(text: string): number {
  const port = Number(text)
  if (!/^\d+$/.test(text) || port > 65_535) throw new InvalidArgumentError('Expected a port from 0 to 65535')
  return port
}
