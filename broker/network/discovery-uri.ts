// Which brokers a network connector builds bridges to, from its URI (base/discovery-outline.ts has the grammar), with the names and
// defaults of ActiveMQ's SimpleDiscoveryAgent, MasterSlaveDiscoveryAgent and MulticastDiscoveryAgent. Nothing is dialled here.
//
// failover:(…) inside static:(…) is one bridge with several brokers to try. Nothing reconnects below a bridge, whatever its
// maxReconnectAttempts says: a bridge that loses its broker ends, and the next one asks for all demand anew.
import { outlineOfDiscoveryUri, type DiscoveryOutline } from '../base/discovery-outline.ts'
import { parseBrokerUrl, parseEndpoint, type Endpoint } from '../client/transport/parse-broker-url.ts'
import {
  booleanOption,
  factorOption,
  numberOption,
  parseOptions,
  parseQuery,
  UrlError,
  type OptionKind,
  type OptionValues,
} from '../client/transport/parse-options.ts'

export interface ReconnectDelays {
  readonly initialReconnectDelayMs: number
  readonly maxReconnectDelayMs: number
  readonly useExponentialBackOff: boolean
  readonly backOffMultiplier: number
  /** 0 = for ever */
  readonly maxReconnectAttempts: number
  /** A bridge that lived longer than this begins with the shortest delay again. */
  readonly minConnectTimeMs: number
}

/** One bridge: its brokers are tried in this order. */
export interface BridgeTarget {
  /** As shown: `masterslave:(tcp://b:61616,tcp://c:61616)` or `tcp://b:61616`. */
  readonly uri: string
  readonly endpoints: readonly Endpoint[]
  /** In another order each time. */
  readonly randomize: boolean
}

export type DiscoveryUri =
  | { readonly kind: 'static'; readonly targets: readonly BridgeTarget[]; readonly reconnect: ReconnectDelays }
  | {
      readonly kind: 'multicast'
      readonly address: string
      readonly port: number
      readonly group: string
      readonly keepAliveIntervalMs: number
      readonly timeToLive: number
      /** true: not to brokers on the same machine (what Java's MulticastSocket.setLoopbackMode means by it). */
      readonly loopBackMode: boolean
      /** Address or name of the network interface to send from and to listen on; null = the system's choice. */
      readonly interface: string | null
      readonly reconnect: ReconnectDelays
    }

/** Throws UrlError that says what is accepted. */
export function parseDiscoveryUri(uri: string): DiscoveryUri {
  if (typeof uri !== 'string') throw new UrlError(`Cannot use ${typeof uri} as discovery URI: accepted are texts`)
  const outline = outlineOfDiscoveryUri(uri)
  switch (outline.kind) {
    case 'wrong':
      throw new UrlError(`Cannot use discovery URI ${shortened(uri)}: ${shortened(outline.problem)}`)
    case 'static':
      return listed(uri, outline, outline.members.map(targetOf))
    case 'masterslave':
      return listed(uri, outline, [
        targetOfList(
          'masterslave',
          outline.members.map((member) => parseEndpoint(member)),
          false,
        ),
      ])
    case 'multicast':
      return multicast(outline)
  }
}

type Outline<Kind extends DiscoveryOutline['kind']> = Extract<DiscoveryOutline, { kind: Kind }>

/** ActiveMQ's -1 and 0 both mean: for ever. */
const attemptsOption = numberOption(0, -1)

const listOptionTable = {
  initialReconnectDelay: numberOption(1000, 0),
  maxReconnectDelay: numberOption(30_000, 0),
  useExponentialBackOff: booleanOption(true),
  backOffMultiplier: factorOption(2),
  maxReconnectAttempts: attemptsOption,
  minConnectTime: numberOption(5000, 0),
}

/** What stands in each datagram, and is written like the names of levels. */
const groupOption: OptionKind<string> = {
  fallback: 'default',
  parse: (text) => (/^[^%\s\p{Cc}]{1,255}$/u.test(text) ? text : null),
  accepts: 'a name of 1 to 255 characters without "%" and spaces',
}

const interfaceOption: OptionKind<string | null> = {
  fallback: null,
  parse: (text) => (text === '' ? null : text),
  accepts: 'a network interface',
}

/** More often than every 10 ms nobody needs to hear of a broker. */
const shortestKeepAliveIntervalMs = 10

const multicastOptionTable = {
  group: groupOption,
  keepAliveInterval: numberOption(500, shortestKeepAliveIntervalMs),
  timeToLive: numberOption(1, 0, 255),
  loopBackMode: booleanOption(false),
  interface: interfaceOption,
  networkInterface: interfaceOption,
  joinNetworkInterface: interfaceOption,
  initialReconnectDelay: numberOption(5000, 0),
  maxReconnectDelay: numberOption(30_000, 0),
  useExponentialBackOff: booleanOption(false),
  backOffMultiplier: factorOption(2),
  maxReconnectAttempts: attemptsOption,
}

/** As long as a broker must have been reachable to count as recovered (MulticastDiscoveryAgent.RemoteBrokerData). */
const multicastRecoveryMs = 60_000

function listed(
  uri: string,
  { kind, query }: Outline<'static' | 'masterslave'>,
  targets: readonly BridgeTarget[],
): DiscoveryUri {
  const seen = new Set<string>()
  for (const { endpoints } of targets)
    for (const endpoint of endpoints) {
      if (seen.has(endpoint.uri))
        throw new UrlError(`Cannot use discovery URI ${shortened(uri)}: it names ${endpoint.uri} twice`)
      seen.add(endpoint.uri)
    }
  const options = parseOptions(listOptionTable, parseQuery(query), `${kind}:(…)`)
  return { kind: 'static', targets, reconnect: delaysOf(options, options.minConnectTime) }
}

function targetOf(member: string): BridgeTarget {
  if (member.startsWith('failover:')) return failoverTarget(member)
  const endpoint = parseEndpoint(member)
  return { uri: endpoint.uri, endpoints: [endpoint], randomize: false }
}

const targetOfList = (scheme: string, endpoints: readonly Endpoint[], randomize: boolean): BridgeTarget => ({
  uri: `${scheme}:(${endpoints.map(({ uri }) => uri).join(',')})`,
  endpoints,
  randomize,
})

/** Of the options those of each broker (nested.) and randomize mean something here. */
function failoverTarget(member: string): BridgeTarget {
  const { endpoints, failover, connectionOptions } = parseBrokerUrl(member)
  const { backup, priorityBackup, updateURIsURL, randomize } = failover!
  const lost = [
    ...(backup ? ['backup'] : []),
    ...(priorityBackup ? ['priorityBackup'] : []),
    ...(updateURIsURL === null ? [] : ['updateURIsURL']),
    ...[...connectionOptions.keys()].map((name) => `jms.${name}`),
  ]
  if (lost.length > 0)
    throw new UrlError(
      `Cannot use option ${lost[0]} of ${shortened(member)}: a bridge tries the brokers inside, and goes to no others; accepted is randomize`,
    )
  return targetOfList('failover', endpoints, randomize)
}

function multicast({ address, port, group, query }: Outline<'multicast'>): DiscoveryUri {
  const given = parseQuery(query)
  const place = `multicast://${group ?? address}`
  if (group !== null && given.has('group'))
    throw new UrlError(
      `Cannot use option group=${given.get('group')} of ${place}: its group is ${group}; accepted is multicast://default?group=${given.get('group')}`,
    )
  const options = parseOptions(multicastOptionTable, given, place)
  return {
    kind: 'multicast',
    address,
    port,
    group: group ?? options.group,
    keepAliveIntervalMs: options.keepAliveInterval,
    timeToLive: options.timeToLive,
    loopBackMode: options.loopBackMode,
    interface: interfaceOf(options, place),
    reconnect: delaysOf(options, multicastRecoveryMs),
  }
}

/** ActiveMQ may listen on another one than it sends from: interface is an address, the others are names. */
function interfaceOf(
  given: Pick<OptionValues<typeof multicastOptionTable>, 'interface' | 'networkInterface' | 'joinNetworkInterface'>,
  place: string,
): string | null {
  const named = new Set(
    [given.interface, given.networkInterface, given.joinNetworkInterface].filter((one) => one !== null),
  )
  if (named.size > 1)
    throw new UrlError(
      `Cannot use options of ${place}: interface, networkInterface and joinNetworkInterface name ${[...named].join(' and ')}; accepted is one for sending and listening`,
    )
  return [...named][0] ?? null
}

const delaysOf = (
  options: Omit<OptionValues<typeof listOptionTable>, 'minConnectTime'>,
  minConnectTimeMs: number,
): ReconnectDelays => ({
  initialReconnectDelayMs: options.initialReconnectDelay,
  maxReconnectDelayMs: options.maxReconnectDelay,
  useExponentialBackOff: options.useExponentialBackOff,
  backOffMultiplier: options.backOffMultiplier,
  maxReconnectAttempts: Math.max(0, options.maxReconnectAttempts),
  minConnectTimeMs,
})

/** For messages. */
const shortened = (text: string): string => (text.length > 200 ? `${text.slice(0, 200)}…` : text)
