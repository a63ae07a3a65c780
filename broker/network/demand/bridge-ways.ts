// The ways of one bridge, as far as it asks whether there are better ones. All that was heard of a destination over the same
// brokers is one way.
import { destinationKey, isQueue, type Destination } from '../../message/destination.ts'
import type { BridgeSettings } from '../connector-settings.ts'
import type { BridgeWay, Interest } from './demand-group.ts'
import type { NetworkDemands } from './network-demands.ts'

export class BridgeWays {
  readonly #settings: BridgeSettings
  readonly #networkDemands: NetworkDemands
  readonly #changed: (way: BridgeWay) => void
  readonly #ways = new Map<string, BridgeWay>()

  constructor(settings: BridgeSettings, networkDemands: NetworkDemands, changed: (way: BridgeWay) => void) {
    this.#settings = settings
    this.#networkDemands = networkDemands
    this.#changed = changed
  }

  /** null: nobody asks. A new one is entered at once: others may lose theirs by that. */
  of(
    destination: Destination,
    given: { readonly brokerPath: readonly string[]; readonly priority: number; readonly durable: boolean },
  ): BridgeWay | null {
    const { suppressDuplicateQueueSubscriptions, suppressDuplicateTopicSubscriptions } = this.#settings
    if (!(isQueue(destination) ? suppressDuplicateQueueSubscriptions : suppressDuplicateTopicSubscriptions)) return null
    const key = [destinationKey(destination), given.durable, ...given.brokerPath].join('\n')
    const known = this.#ways.get(key)
    if (known) return known
    const way: BridgeWay = {
      ...given,
      owner: this,
      key,
      destinationKey: destinationKey(destination),
      suppressed: false,
      interests: new Set(),
      changed: () => this.#changed(way),
    }
    this.#ways.set(key, way)
    this.#networkDemands.enter(way)
    return way
  }

  /** The last one ends its way: others may get theirs back by that. */
  leave(interest: Interest): void {
    const { way } = interest
    if (!way) return
    way.interests.delete(interest)
    if (way.interests.size > 0) return
    this.#ways.delete(way.key)
    this.#networkDemands.withdraw(way)
  }

  close(): void {
    for (const way of this.#ways.values()) this.#networkDemands.withdraw(way)
    this.#ways.clear()
  }
}
