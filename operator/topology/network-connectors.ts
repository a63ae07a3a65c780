// What the brokers of a group are told of the network: a connector for each edge that leads from it, and the id by which a
// group is known to the others. Pure, and nothing but edges goes in: a group whose edges stay the same has the same
// configuration, whatever becomes of others.
//
// The id is the same for every member: messages say which brokers they have passed, and do not come back to a group that
// has failed over meanwhile. It names the cluster by its uid, so that no two clusters take each other for themselves.
import { assert } from '../../broker/base/assert.ts'
import { parseDuration } from '../../broker/config/duration-and-size.ts'
import type { ClusterIdentity } from '../api/broker-cluster.ts'
import { statefulSetName } from '../api/names.ts'
import { contentHash } from './content-hash.ts'
import type { EdgePlan, NetworkConfig, NetworkConnectorConfig } from './plan.ts'

/** What the broker takes for a TTL that is not said. */
const brokersTtl = 1

/** `edges` are those of the whole network; without any there is none. */
export function planNetworkConfig(cluster: ClusterIdentity, group: string, edges: readonly EdgePlan[]): NetworkConfig {
  if (edges.length === 0) return {}
  const own = edges.filter(({ from }) => from === group)
  const connectors = own.map((edge) => connectorOf(cluster, edge))
  return {
    brokerId: `ID:${statefulSetName(cluster.name, group)}-${contentHash(cluster.uid)}`,
    ...(connectors.length > 0 && { networkConnectors: connectors }),
  }
}

/** Where the members of a group announce the transport connector of this port; undefined where nobody looks for it. */
export function announcementOf(
  cluster: ClusterIdentity,
  group: string,
  port: number,
  edges: readonly EdgePlan[],
): string | undefined {
  return announcedPorts(group, edges).includes(port) ? multicastOf(cluster, group) : undefined
}

export const announcedPorts = (group: string, edges: readonly EdgePlan[]): number[] => [
  ...new Set(
    edges.filter(({ to, connector }) => to === group && connector.discovery === 'Multicast').map(({ port }) => port),
  ),
]

/** A group of its own, so that an edge finds whom it leads to, and nobody else. */
const multicastOf = ({ namespace, name }: ClusterIdentity, group: string): string =>
  `multicast://${namespace}.${name}.${group}`

function connectorOf(cluster: ClusterIdentity, edge: EdgePlan): NetworkConnectorConfig {
  const { name, duplex, messageTTL, consumerTTL, connector } = edge
  const { discovery: _, reconnect: _r, ...rest } = connector
  return {
    name,
    uri: uriOf(cluster, edge),
    ...(duplex && { duplex }),
    ...(messageTTL !== brokersTtl && { messageTTL }),
    ...(consumerTTL !== brokersTtl && { consumerTTL }),
    ...rest,
  }
}

/** One bridge, to whichever of these hosts is active. `masterslave:` wants two brokers or more. */
export const activeOfUri = (hosts: readonly string[], port: number): string =>
  brokersUri(hosts.length > 1 ? 'masterslave' : 'static', hosts, port)

const brokersUri = (scheme: string, hosts: readonly string[], port: number): string =>
  `${scheme}:(${hosts.map((host) => `tcp://${host}:${port}`).join(',')})`

function uriOf(cluster: ClusterIdentity, { to, hosts, port, connector: { discovery, reconnect } }: EdgePlan): string {
  if (discovery === 'Multicast') return `${multicastOf(cluster, to)}${optionsOf(reconnect)}`
  const uri = discovery === 'Static' ? brokersUri('static', hosts, port) : activeOfUri(hosts, port)
  return `${uri}${optionsOf(reconnect)}`
}

function optionsOf({ initialDelay, maxDelay, exponentialBackOff, backOffMultiplier }: Reconnect = {}): string {
  const options = {
    initialReconnectDelay: initialDelay && milliseconds(initialDelay),
    maxReconnectDelay: maxDelay && milliseconds(maxDelay),
    useExponentialBackOff: exponentialBackOff,
    backOffMultiplier,
  }
  const said = Object.entries(options).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]))
  return said.length === 0 ? '' : `?${said.join('&')}`
}

type Reconnect = NonNullable<EdgePlan['connector']['reconnect']>

function milliseconds(duration: string): number {
  const value = parseDuration(duration)
  assert(value !== undefined, 'A parsed spec has valid durations')
  return value
}
