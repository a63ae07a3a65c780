// What bridges of other brokers are told of consumers and temporary destinations here: of all advisories those that the bridge does
// something with. What it would drop for the brokers that it has passed, or because it is a browser, is not told (ActiveMQ drops it at
// the bridge, some of it before: NetworkBridgeFilter).
//
// To a bridge with conduit subscriptions the consumers that clients have for a destination are one, which comes with the first of them
// and goes with the last: all that it makes of the others is to count them. It has an id of its own, which is the same for all bridges,
// so that ways to it can be compared. Durable subscriptions, and consumers of bridges of this broker, are told one by one: they
// are told apart by their subscribers, and by what is behind them.
//
// Who is told is decided here; how, and when, is the business of advisories.ts.
import { mayPass, type DemandTerms } from '../message/demand-terms.ts'
import { isTemporary } from '../message/destination.ts'
import { buildConsumerInfo, buildRemoveInfo } from '../openwire/build-commands.ts'
import type { ConsumerIdText, ConsumerOptions } from '../region/region.ts'
import type { WildcardPattern } from '../routing/wildcard.ts'
import type { ConsumerId, ConsumerInfo, DestinationInfo } from '../wire/openwire/commands.ts'
import type { Advisory } from './advisory-message.ts'
import { advisoryPatterns, matchesAny } from './advisory-subscribers.ts'
import { destinationAdvisory, type ConsumerAdvisory, type PresentState } from './present-state.ts'

/** An advisory, and the consumers of bridges that are told. */
export interface DemandNews {
  readonly advisory: Advisory
  readonly to: readonly ConsumerIdText[]
}

interface Listener {
  readonly consumerId: ConsumerIdText
  readonly patterns: readonly WildcardPattern[]
  readonly terms: DemandTerms
}

/** The consumers that count as one. */
interface Conduit {
  readonly advisory: Advisory
  readonly consumerId: ConsumerId
  consumers: number
}

export class DemandListeners {
  readonly #connectionId: string
  readonly #listeners = new Map<ConsumerIdText, Listener>()
  readonly #conduits = new Map<string, Conduit>()
  #lastConduit = 0

  /** `connectionId`: nobody else's; consumers that stand for others have ids of it. */
  constructor(connectionId: string) {
    this.#connectionId = connectionId
  }

  /** Remembers a consumer that is a bridge's. */
  add({ consumerId, destination, demandTerms: terms }: ConsumerOptions): void {
    if (terms) this.#listeners.set(consumerId, { consumerId, terms, patterns: advisoryPatterns(destination) })
  }

  remove(consumerId: ConsumerIdText): void {
    this.#listeners.delete(consumerId)
  }

  has(consumerId: ConsumerIdText): boolean {
    return this.#listeners.has(consumerId)
  }

  consumerAdded(advisory: ConsumerAdvisory): readonly DemandNews[] {
    const { topic, dataStructure: info } = advisory
    if (info.browser) return []
    if (!isMerged(info)) return this.#toAll(advisory, info)
    const key = conduitKey(topic, info)
    const known = this.#conduits.get(key)
    if (known) known.consumers++
    if (this.#listeners.size === 0 && known) return []
    const single = this.#news(advisory, ({ terms }) => !terms.conduit)
    if (known) return single
    const conduit = this.#newConduit(advisory)
    this.#conduits.set(key, conduit)
    return [...single, ...this.#news(conduit.advisory, ({ terms }) => terms.conduit)]
  }

  /** `info`: what was told of it, or null when nobody knows it. */
  consumerRemoved(gone: Advisory, info: ConsumerInfo | null): readonly DemandNews[] {
    if (info?.browser) return []
    if (info === null || !isMerged(info)) return this.#toAll(gone, info)
    const single = this.#news(gone, ({ terms }) => !terms.conduit)
    const key = conduitKey(gone.topic, info)
    const conduit = this.#conduits.get(key)
    if (!conduit || --conduit.consumers > 0) return single
    this.#conduits.delete(key)
    const dataStructure = buildRemoveInfo(conduit.consumerId)
    return [...single, ...this.#news({ topic: gone.topic, dataStructure }, ({ terms }) => terms.conduit)]
  }

  /** A temporary destination that has come or gone. */
  destinationChanged(advisory: Advisory, info: DestinationInfo): readonly DemandNews[] {
    return this.#toAll(advisory, info)
  }

  /** A durable subscription that was deleted: only its name is known. */
  subscriptionRemoved(advisory: Advisory): readonly DemandNews[] {
    return this.#toAll(advisory, null)
  }

  /** What a bridge that had listened all the time would know; null for each that is not told to it. */
  *present(consumerId: ConsumerIdText, state: PresentState): Generator<Advisory | null, undefined> {
    const listener = this.#listeners.get(consumerId)
    if (!listener) return
    const { terms } = listener
    for (const present of state.destinations.values()) {
      if (!isTemporary(present.destination)) continue
      const advisory = destinationAdvisory('add', present)
      yield mayCome(terms, advisory.dataStructure) ? advisory : null
    }
    for (const advisory of state.consumerAdvisories()) {
      const { dataStructure: info } = advisory
      const isTold = !info.browser && !(terms.conduit && isMerged(info)) && mayCome(terms, info)
      yield isTold ? advisory : null
    }
    if (terms.conduit) for (const { advisory } of this.#conduits.values()) yield advisory
  }

  #newConduit({ topic, dataStructure: info }: ConsumerAdvisory): Conduit {
    const { destination, prefetchSize, priority, exclusive, retroactive } = info
    const consumerId: ConsumerId = {
      kind: 'ConsumerId',
      connectionId: this.#connectionId,
      sessionId: 1,
      value: ++this.#lastConduit,
    }
    const dataStructure = buildConsumerInfo({
      consumerId,
      destination,
      prefetchSize,
      priority,
      exclusive,
      retroactive,
    })
    return { advisory: { topic, dataStructure }, consumerId, consumers: 1 }
  }

  #toAll(advisory: Advisory, about: Travelled | null): readonly DemandNews[] {
    return this.#news(advisory, ({ terms }) => mayCome(terms, about))
  }

  #news(advisory: Advisory, isTold: (listener: Listener) => boolean): readonly DemandNews[] {
    const to: ConsumerIdText[] = []
    for (const listener of this.#listeners.values())
      if (isTold(listener) && matchesAny(listener.patterns, advisory.topic)) to.push(listener.consumerId)
    return to.length === 0 ? [] : [{ advisory, to }]
  }
}

type Travelled = Pick<ConsumerInfo | DestinationInfo, 'brokerPath'>

const mayCome = ({ consumerTTL, brokerId }: DemandTerms, about: Travelled | null): boolean => {
  const path = about?.brokerPath
  return (
    !path ||
    mayPass(
      path.flatMap((id) => (id?.value ? [id.value] : [])),
      consumerTTL,
      brokerId,
    )
  )
}

/** A client's, that is no durable subscriber. */
const isMerged = ({ networkSubscription, subscriptionName, brokerPath }: ConsumerInfo): boolean =>
  !networkSubscription && subscriptionName === null && (brokerPath === null || brokerPath.length === 0)

/** What a bridge may take over into its own consumer goes with it; selectors it drops. */
const conduitKey = (topic: string, { destination, priority, exclusive, retroactive }: ConsumerInfo): string =>
  `${topic}\n${destination?.kind}\n${priority}\n${exclusive}\n${retroactive}`
