// The settings of an operator process: from flags, or from environment variables of the same names
// (`--watch-namespaces` is FLOTILLA_WATCH_NAMESPACES). A flag wins. Every wrong value is reported at once, with the flag,
// what was given and what is accepted. What a single cluster wants stands in its BrokerCluster, never here.
import { hostname } from 'node:os'
import { parseArgs } from 'node:util'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

export interface OperatorSettings {
  /** A kubeconfig file; undefined = $KUBECONFIG, the pod's service account, or ~/.kube/config. */
  readonly kubeconfig: string | undefined
  readonly context: string | undefined
  /** Namespaces looked after; empty = all. */
  readonly watchNamespaces: readonly string[]
  /** What new clusters run that name no image; undefined = the image this operator was released with. */
  readonly brokerImage: string | undefined
  /** User and group of the pods of brokers; assigned = those that the platform gives them. */
  readonly brokerUser: number | 'assigned'
  readonly leaderElection: {
    readonly enabled: boolean
    readonly leaseName: string
    /** undefined = the namespace of the kubeconfig's context or of the pod. */
    readonly leaseNamespace: string | undefined
    readonly identity: string
  }
  readonly health: { readonly host: string; readonly port: number }
  /** Reconciles at the same time. */
  readonly concurrency: number
  readonly logLevel: LogLevel
}

type ParsedSettings =
  | { readonly ok: true; readonly settings: OperatorSettings }
  /** `--help` was asked for; `text` is to be printed. */
  | { readonly ok: 'help'; readonly text: string }
  | { readonly ok: false; readonly problems: readonly string[] }

interface Flag {
  readonly value: string | undefined
  readonly help: string
}

const flags = {
  kubeconfig: {
    value: undefined,
    help: 'kubeconfig file; default: $KUBECONFIG, the service account of the pod, ~/.kube/config',
  },
  context: { value: undefined, help: 'context of the kubeconfig; default: its current one' },
  'watch-namespaces': { value: '', help: 'namespaces to look after, separated by commas; default: all' },
  'broker-image': { value: undefined, help: 'image of new clusters that name none; default: the one of this release' },
  'broker-user': {
    value: '1000',
    help: 'user and group of brokers; assigned: those that the platform gives (OpenShift)',
  },
  'leader-election': { value: 'true', help: 'true or false: whether to wait until no other operator is at work' },
  'lease-name': { value: 'flotilla-operator', help: 'name of the Lease that elects the leader' },
  'lease-namespace': { value: undefined, help: 'its namespace; default: that of the pod or of the context' },
  identity: { value: undefined, help: 'name among the contenders; default: the host and a random number' },
  'health-host': { value: '0.0.0.0', help: 'address of the port for probes and metrics' },
  'health-port': { value: '8081', help: 'port for probes and metrics; 0 = any free one' },
  concurrency: { value: '4', help: 'reconciles at the same time, 1 to 64' },
  'log-level': { value: 'info', help: 'debug, info, warn or error' },
} as const satisfies Record<string, Flag>

type FlagName = keyof typeof flags

const logLevels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error']
/** As far as Kubernetes goes; 0, root, is refused to members anyway. */
const maxUser = 2_147_483_647
const dnsLabel = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/
const dnsSubdomain = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/

/** `args` without the program; `uniqueSuffix` tells two processes of one host apart. */
export function parseOperatorSettings(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  uniqueSuffix: string,
): ParsedSettings {
  const problems: string[] = []
  const given = readFlags(args, problems)
  if (given['help'] === true) return { ok: 'help', text: helpText() }
  const text = (name: FlagName): string | undefined => {
    const flag = given[name]
    const value = typeof flag === 'string' ? flag : env[variableOf(name)]
    return value === undefined || value === '' ? flags[name].value : value
  }
  const refuse = (name: FlagName, accepted: string): void => {
    const source = typeof given[name] === 'string' ? `--${name}` : variableOf(name)
    problems.push(`${source}: got ${JSON.stringify(text(name))}, expected ${accepted}`)
  }
  const check = (name: FlagName, pattern: RegExp, accepted: string): string | undefined => {
    const value = text(name)
    if (value !== undefined && !pattern.test(value)) refuse(name, accepted)
    return value
  }
  const wholeNumber = (name: FlagName, min: number, max: number, other = ''): number => {
    const value = Number(text(name))
    if (!/^\d+$/.test(text(name) ?? '') || value < min || value > max)
      refuse(name, `a whole number from ${min} to ${max}${other}`)
    return value
  }

  const watchNamespaces = (text('watch-namespaces') ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
  if (watchNamespaces.some((name) => !dnsLabel.test(name)))
    refuse('watch-namespaces', 'names of namespaces, separated by commas')
  const logLevel = text('log-level') as LogLevel
  if (!logLevels.includes(logLevel)) refuse('log-level', `one of ${logLevels.join(', ')}`)
  const settings: OperatorSettings = {
    kubeconfig: text('kubeconfig'),
    context: text('context'),
    watchNamespaces: [...new Set(watchNamespaces)],
    brokerImage: check('broker-image', /^\S+$/, 'the reference of an image'),
    brokerUser:
      text('broker-user') === 'assigned' ? 'assigned' : wholeNumber('broker-user', 1, maxUser, ', or assigned'),
    leaderElection: {
      enabled: check('leader-election', /^(true|false)$/, 'true or false') === 'true',
      leaseName: check('lease-name', dnsSubdomain, 'the name of a Lease')!,
      leaseNamespace: check('lease-namespace', dnsLabel, 'the name of a namespace'),
      identity: text('identity') ?? `${hostname()}_${uniqueSuffix}`,
    },
    health: { host: text('health-host')!, port: wholeNumber('health-port', 0, 65_535) },
    concurrency: wholeNumber('concurrency', 1, 64),
    logLevel,
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, settings }
}

const variableOf = (name: string): string => `FLOTILLA_${name.toUpperCase().replaceAll('-', '_')}`

/** What is not a flag, or has no value, becomes a problem. */
function readFlags(args: readonly string[], problems: string[]): Record<string, string | true> {
  const { tokens } = parseArgs({
    args: [...args],
    options: {
      ...Object.fromEntries(Object.keys(flags).map((name) => [name, { type: 'string' as const }])),
      help: { type: 'boolean', short: 'h' },
    },
    strict: false,
    tokens: true,
  })
  const given: Record<string, string | true> = {}
  for (const token of tokens) {
    if (token.kind === 'positional') problems.push(`${token.value}: there are no arguments besides flags, see --help`)
    if (token.kind !== 'option') continue
    if (token.name === 'help') given['help'] = true
    else if (!(token.name in flags)) problems.push(`${token.rawName}: there is no such flag, see --help`)
    else if (token.value === undefined || (!token.inlineValue && token.value.startsWith('--')))
      problems.push(`${token.rawName}: a value is missing`)
    else given[token.name] = token.value
  }
  return given
}

function helpText(): string {
  const rows = (Object.entries(flags) as [string, Flag][]).map(([name, { value, help }]) => {
    const shown = value ? ` (default ${value})` : ''
    return `  --${name.padEnd(18)} ${help}${shown}`
  })
  return [
    'The Flotilla operator: runs broker clusters on Kubernetes.',
    '',
    ...rows,
    '',
    'Each flag may also be set as FLOTILLA_<NAME>, such as FLOTILLA_WATCH_NAMESPACES.',
    '',
  ].join('\n')
}
