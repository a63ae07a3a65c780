// What the clients of one connector are told of other brokers, so that they know whom to go to when this one is away, or share the
// load now (ActiveMQ: TransportConnector.getConnectionControl, updateClientClusterInfo). New ones hear it when they connect; those
// that can move, because a failover transport is there, hear of changes, too.
//
// Clients are asked to move when a broker joins, each with the list in another order: the first of its list is where it goes. One
// that has just come from elsewhere is not asked again, or it might go back and forth.
import { buildBrokerInfo, buildConnectionControl } from '../../openwire/build-commands.ts'
import type { BrokerInfo, Command, ConnectionControl } from '../../wire/openwire/commands.ts'
import { maxTightStringBytes } from '../../wire/openwire/limits.ts'
import type { ClusterBroker, ClusterBrokers } from '../cluster-brokers.ts'

/** Attributes of ActiveMQ's transport connectors. */
export interface ClusterClientOptions {
  readonly updateClusterClients: boolean
  readonly rebalanceClusterClients: boolean
  /** Clients also hear of a broker that leaves; else they keep it in their list. */
  readonly updateClusterClientsOnRemove: boolean
  /** Comma list of regular expressions, one of which the whole name of a broker has to match; undefined = all. */
  readonly updateClusterFilter?: string | undefined
}

/** A connection of a client. */
export interface ClusterClient {
  /** It has a failover transport that understands what it is told. */
  readonly takesUpdates: boolean
  send(command: Command): void
}

export class ClusterClients {
  readonly #options: ClusterClientOptions
  readonly #brokers: ClusterBrokers
  readonly #filters: readonly RegExp[] | null
  readonly #clients = new Set<ClusterClient>()
  /** Those that clients have been told of, by broker id, without this one. */
  #told: ReadonlyMap<string, readonly string[]> = new Map()
  #turns = 0

  /** @throws {SyntaxError} for a filter that is no regular expression; the configuration has been checked. */
  constructor(options: ClusterClientOptions, brokers: ClusterBrokers) {
    this.#options = options
    this.#brokers = brokers
    this.#filters = filtersOf(options.updateClusterFilter)
    if (!options.updateClusterClients) return
    // This broker's own URL is known once its connectors are open.
    this.#told = this.#present()
    brokers.listen(() => this.#changed())
  }

  /** For a new connection; null: it is told of nobody. */
  peerInfos(): readonly BrokerInfo[] | null {
    if (!this.#options.updateClusterClients) return null
    return this.#permitted().map(({ brokerName, brokerId, urls }) =>
      buildBrokerInfo({ brokerName, brokerId, brokerUrl: urls[0]! }),
    )
  }

  /** For a client that manages its connection. `cameFromElsewhere`: it is not asked to move. */
  control(cameFromElsewhere: boolean): ConnectionControl {
    const { updateClusterClients, rebalanceClusterClients } = this.#options
    if (!updateClusterClients) return buildConnectionControl({})
    return this.#nextControl(rebalanceClusterClients && !cameFromElsewhere)
  }

  joined(client: ClusterClient): void {
    if (this.#options.updateClusterClients) this.#clients.add(client)
  }

  left(client: ClusterClient): void {
    this.#clients.delete(client)
  }

  #changed(): void {
    const before = new Set(urlsOf(this.#told))
    this.#told = this.#known()
    const now = new Set(urlsOf(this.#told))
    const grew = now.difference(before).size > 0
    if (!grew && now.size === before.size) return
    for (const client of this.#clients)
      if (client.takesUpdates) client.send(this.#nextControl(grew && this.#options.rebalanceClusterClients))
  }

  /** With rebalancing, each time beginning with the next broker. */
  #nextControl(rebalanceConnection: boolean): ConnectionControl {
    const lists = [this.#brokers.own.urls, ...this.#told.values()]
    const first = this.#options.rebalanceClusterClients ? this.#turns++ % lists.length : 0
    const urls = new Set([...lists.slice(first), ...lists.slice(0, first)].flat())
    return buildConnectionControl({ connectedBrokers: asManyAsFit(urls), rebalanceConnection })
  }

  /** Those that are there; and those that were, unless clients are told of that. No URL twice. */
  #known(): ReadonlyMap<string, readonly string[]> {
    const present = this.#present()
    if (this.#options.updateClusterClientsOnRemove) return present
    const taken = new Set([...urlsOf(present), ...this.#brokers.own.urls])
    const known = new Map<string, readonly string[]>()
    for (const [brokerId, urls] of this.#told) {
      const left = present.get(brokerId) ?? urls.filter((url) => !taken.has(url))
      if (left.length > 0) known.set(brokerId, left)
    }
    for (const [brokerId, urls] of present) known.set(brokerId, urls)
    return known
  }

  #present(): ReadonlyMap<string, readonly string[]> {
    return new Map(this.#permitted().map(({ brokerId, urls }) => [brokerId, urls]))
  }

  #permitted(): readonly ClusterBroker[] {
    const filters = this.#filters
    return this.#brokers.peers.filter(({ brokerName }) => !filters || filters.some((filter) => filter.test(brokerName)))
  }
}

/** A string of OpenWire has no more: a client that was told of all would lose its connection. */
function asManyAsFit(urls: Iterable<string>): string {
  let list = ''
  for (const url of urls) {
    const longer = list === '' ? url : `${list},${url}`
    if (longer.length > maxTightStringBytes) return list
    list = longer
  }
  return list
}

const urlsOf = (brokers: ReadonlyMap<string, readonly string[]>): string[] => [...brokers.values()].flat()

function filtersOf(filter: string | undefined): readonly RegExp[] | null {
  const parts = (filter ?? '').split(',').filter((part) => part.trim() !== '')
  return parts.length === 0 ? null : parts.map((part) => new RegExp(`^(?:${part.trim()})$`))
}
