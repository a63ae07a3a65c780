// What the configuration says of networks, in the terms of bridges and of those who keep them up.
import type { ConfigProblem } from '../config/parse.ts'
import { splitDestinationEntry } from '../config/network-schema.ts'
import type { BrokerConfig, NetworkConnectorConfig, SslContextConfig } from '../config/schema.ts'
import { parseDestination } from '../message/destination.ts'
import type { BridgeSettings, NamedDestination } from '../network/connector-settings.ts'
import { parseDiscoveryUri, type DiscoveryUri } from '../network/discovery-uri.ts'
import type { DrainTarget } from '../network/drain/drain.ts'
import { longestNetworkProperties } from '../network/limits.ts'
import { advisoryFilter, formatNetworkProperties } from '../network/network-properties.ts'

/** One network connector. */
export interface NetworkConnectorSettings {
  readonly settings: BridgeSettings
  readonly discovery: DiscoveryUri
  /** false: it waits to be started by hand. */
  readonly autoStart: boolean
  /** For brokers that are dialled with TLS; of this connector, or of the whole broker. */
  readonly sslContext: SslContextConfig | undefined
}

/** A transport connector that other brokers are told of. */
export interface AnnouncementSettings {
  /** Name of the transport connector. */
  readonly transportConnector: string
  readonly discovery: DiscoveryUri
}

/** @throws {UrlError} for URIs that `networkProblemsOf` tells of. */
export const networkConnectorsOf = ({
  networkConnectors,
  sslContext: common,
}: BrokerConfig): readonly NetworkConnectorSettings[] =>
  networkConnectors.map(({ uri, autoStart, sslContext = common, ...given }) => ({
    settings: bridgeSettingsOf(given),
    discovery: parseDiscoveryUri(uri),
    autoStart,
    sslContext,
  }))

/** @throws {UrlError} for URIs that `networkProblemsOf` tells of. */
export const announcementsOf = ({ transportConnectors }: BrokerConfig): readonly AnnouncementSettings[] =>
  transportConnectors.flatMap(({ name, discoveryUri }) =>
    discoveryUri === undefined ? [] : [{ transportConnector: name, discovery: parseDiscoveryUri(discoveryUri) }],
  )

export type ParsedDrainTargets =
  | { readonly ok: true; readonly targets: readonly DrainTarget[] }
  | { readonly ok: false; readonly problems: readonly string[] }

/** Whom a drain is to give its messages to. Only brokers that are named: who is found by chance may be of another network. */
export function drainTargetsOf(to: readonly string[]): ParsedDrainTargets {
  const targets: DrainTarget[] = []
  const problems: string[] = []
  for (const [index, uri] of to.entries()) {
    const got = `to[${index}]: got ${JSON.stringify(uri)}`
    const [problem] = problemsOfUri(uri, '')
    if (problem) problems.push(`${got}, ${problem.accepted}`)
    else if (to.indexOf(uri) < index) problems.push(`${got} again, expected each once`)
    else {
      const discovery = parseDiscoveryUri(uri)
      if (discovery.kind === 'static') targets.push({ uri, discovery })
      else problems.push(`${got}, expected brokers by name: static:(…) or masterslave:(…)`)
    }
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, targets }
}

/** What the schema cannot see: options of URIs that there are not or that do not take a value, and what other brokers could not be told. */
export const networkProblemsOf = (config: BrokerConfig): readonly ConfigProblem[] => [
  ...config.transportConnectors.flatMap(({ discoveryUri }, index) =>
    discoveryUri === undefined ? [] : problemsOfUri(discoveryUri, `transportConnectors[${index}].discoveryUri`),
  ),
  ...config.networkConnectors.flatMap((connector, index) => [
    ...problemsOfUri(connector.uri, `networkConnectors[${index}].uri`),
    ...problemsOfLength(connector, config.brokerName, `networkConnectors[${index}]`),
  ]),
]

function problemsOfUri(uri: string, path: string): ConfigProblem[] {
  try {
    parseDiscoveryUri(uri)
    return []
  } catch (error) {
    return [{ path, given: JSON.stringify(uri), accepted: `expected a discovery URI: ${(error as Error).message}` }]
  }
}

/** A bridge tells the other broker all of its settings in one text. */
function problemsOfLength(connector: NetworkConnectorConfig, brokerName: string, path: string): ConfigProblem[] {
  const { length } = formatNetworkProperties(bridgeSettingsOf(connector), { brokerName, brokerUrl: '' }, 0)
  if (length <= longestNetworkProperties) return []
  const given = `lists of destinations that are too long together: with the other attributes ${length} characters`
  return [{ path, given, accepted: `the most is ${longestNetworkProperties}; wildcards make them shorter` }]
}

function bridgeSettingsOf({
  networkTTL = 1,
  messageTTL = networkTTL,
  consumerTTL = networkTTL,
  ...same
}: Omit<NetworkConnectorConfig, 'uri' | 'autoStart' | 'sslContext'>): BridgeSettings {
  return {
    ...same,
    messageTTL,
    consumerTTL,
    userName: same.userName ?? null,
    password: same.password ?? null,
    remoteUserName: same.remoteUserName ?? null,
    remotePassword: same.remotePassword ?? null,
    destinationFilter: same.destinationFilter === undefined ? null : advisoryFilter(same.destinationFilter),
    excludedDestinations: same.excludedDestinations.map(destinationOf),
    staticallyIncludedDestinations: same.staticallyIncludedDestinations.map(destinationOf),
    dynamicallyIncludedDestinations: same.dynamicallyIncludedDestinations.map(destinationOf),
  }
}

function destinationOf(text: string): NamedDestination {
  const { name, forceDurable } = splitDestinationEntry(text)
  return { destination: parseDestination(name), forceDurable }
}
