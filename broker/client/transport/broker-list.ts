// Which brokers a failover client knows, and in which order it tries them: those of its URL, those that a broker announced, and
// those of a list behind a URL of its own. The order itself is in reconnect-plan.ts; connecting is somebody else's.
import { errorMessage, FlotillaError } from '../../base/errors.ts'
import type { Logger } from '../../base/logger.ts'
import type { Random } from '../../base/random.ts'
import type { ConnectionControl } from '../../wire/openwire/commands.ts'
import type { LoadUriList } from './channel.ts'
import type { BrokerUrl, Endpoint } from './parse-broker-url.ts'
import { parseEndpoint } from './parse-broker-url.ts'
import { planCandidates } from './reconnect-plan.ts'
import type { FailoverOptions } from './transport-options.ts'

export interface BrokerListPorts {
  readonly random: Random
  readonly logger: Logger
  readonly loadUriList: LoadUriList
}

export class BrokerList {
  readonly #url: BrokerUrl
  readonly #options: FailoverOptions
  readonly #ports: BrokerListPorts
  readonly #priorityUris: readonly string[]
  #updated: Endpoint[] = []
  /** For one round only: what a broker told us to prefer. */
  #preferred: Endpoint[] | null = null
  #lostUri: string | null = null

  constructor(url: BrokerUrl, options: FailoverOptions, ports: BrokerListPorts) {
    this.#url = url
    this.#options = options
    this.#ports = ports
    const named = options.priorityURIs?.split(',').map((uri) => parseEndpoint(uri).uri)
    this.#priorityUris = options.priorityBackup ? (named ?? url.endpoints.slice(0, 1).map(({ uri }) => uri)) : []
  }

  /** The connection to this broker was lost: it is tried last. */
  lost(uri: string): void {
    this.#lostUri = uri
  }

  /** There is a connection. */
  found(): void {
    this.#lostUri = null
  }

  isPriority(endpoint: Endpoint): boolean {
    return this.#priorityUris.includes(endpoint.uri)
  }

  /** Those to try in the next round. */
  async nextRound(): Promise<Endpoint[]> {
    const preferred = this.#preferred
    this.#preferred = null
    if (preferred) return preferred
    const { updateURIsURL } = this.#options
    if (updateURIsURL !== null) {
      try {
        this.#updated = this.#parse(await this.#ports.loadUriList(updateURIsURL))
      } catch (error) {
        this.#ports.logger.warn('List of brokers cannot be loaded', { updateURIsURL, cause: errorMessage(error) })
      }
    }
    return this.#plan(this.#lostUri)
  }

  /** All of them, none of them lost. */
  all(): Endpoint[] {
    return this.#plan(null)
  }

  /**
   * A broker tells about its cluster, or wants to be left. Returns whom to connect to instead of `currentUri`, which the next
   * round then tries first; null to stay.
   */
  told({ connectedBrokers, reconnectTo, rebalanceConnection }: ConnectionControl, currentUri: string): string | null {
    const { updateURIsSupported, rebalanceUpdateURIs, reconnectSupported } = this.#options
    if (connectedBrokers && updateURIsSupported) this.#updated = this.#parse(connectedBrokers)
    if (reconnectTo && reconnectSupported) {
      const target = this.#parse(reconnectTo)[0]
      if (target && target.uri !== currentUri)
        return this.#prefer([target, ...this.all().filter(({ uri }) => uri !== target.uri)])
    }
    if (!connectedBrokers || !updateURIsSupported || !rebalanceConnection || !rebalanceUpdateURIs) return null
    const candidates = this.all()
    return candidates[0] && candidates[0].uri !== currentUri ? this.#prefer(candidates) : null
  }

  #prefer(candidates: Endpoint[]): string {
    this.#preferred = candidates
    return candidates[0]!.uri
  }

  #plan(failedUri: string | null): Endpoint[] {
    const { endpoints: configured } = this.#url
    const { randomize } = this.#options
    const sources = { updated: this.#updated, configured, failedUri, randomize, priorityUris: this.#priorityUris }
    return planCandidates(sources, this.#ports.random)
  }

  /** What does not parse is left out: brokers may announce connectors for other protocols. */
  #parse(list: string): Endpoint[] {
    return list.split(',').flatMap((uri) => {
      if (uri.trim() === '') return []
      try {
        return [parseEndpoint(uri, this.#url.nestedOptions)]
      } catch (error) {
        if (!(error instanceof FlotillaError)) throw error
        this.#ports.logger.debug('Broker URI is ignored', { uri, cause: error.message })
        return []
      }
    })
  }
}
