// The ways to other brokers' consumers that all bridges of this broker know of. In a network with circles consumers are heard of
// over several of them, and a message that took each would arrive more than once. Two ways of different bridges that lead over one
// and the same broker lead to the same consumers of a destination: the one with the higher priority is taken, of equal ones
// the one that was there first (ActiveMQ: DemandForwardingBridgeSupport.duplicateSuppressionIsRequired, which compares the
// consumers' ids; of merged consumers only one id travels on, and it is outlived by the others). The other way is not forgotten:
// it is taken when the better one ends.
//
// A durable way that is in use stays in use: what it has kept would be lost with it. It does not keep a better one out of use:
// two brokers that heard of a subscriber over each other first would send each other what they then have no way for. What comes over
// both is told by its id where it arrives (region/network-arrivals.ts).
// Only ways of bridges that suppress duplicates are entered here; the others take no part.
import { maxRememberedBytesOfAll, maxWaysToOneDestination } from './limits.ts'

/** How consumers of a destination were heard of. */
export interface Way {
  /** The bridge that heard of them. */
  readonly owner: object
  /** The key of the destination that is listened to. */
  readonly destinationKey: string
  /** Brokers from the consumers to us; the last one is the bridge's other end. */
  readonly brokerPath: readonly string[]
  readonly priority: number
  readonly durable: boolean
  /** There is a better one. Said by NetworkDemands only. */
  suppressed: boolean
  /** It came into use, or out of use, because of another one. */
  changed(): void
}

export class NetworkDemands {
  /** By destination, the oldest first. */
  readonly #ways = new Map<string, Way[]>()
  /** Of what all bridges remember of other brokers, estimated. */
  rememberedBytes = 0

  hasRoom(bytes: number): boolean {
    return this.rememberedBytes + bytes <= maxRememberedBytesOfAll
  }

  /** Says at once whether it is `suppressed`. */
  enter(way: Way): void {
    const ways = this.#ways.get(way.destinationKey)
    way.suppressed = ways !== undefined && ways.length < maxWaysToOneDestination
    if (!ways) this.#ways.set(way.destinationKey, [way])
    else if (way.suppressed) {
      ways.push(way)
      decide(ways, way)
    }
  }

  withdraw(way: Way): void {
    const ways = this.#ways.get(way.destinationKey)
    const at = ways?.indexOf(way) ?? -1
    if (!ways || at < 0) return
    ways.splice(at, 1)
    if (ways.length === 0) this.#ways.delete(way.destinationKey)
    else decide(ways, null)
  }

  /** Destinations with ways. */
  get size(): number {
    return this.#ways.size
  }
}

/**
 * Takes the best first, and then each that is no second way to where one of those leads, or has been in use and keeps something. By
 * broker, not by pairs of ways: paths are as long as other brokers say.
 */
function decide(ways: readonly Way[], entered: Way | null): void {
  /** Whose ways in use lead over a broker: those of two bridges would be ways to the same consumers. */
  const ownerOver = new Map<string, object>()
  const changed: Way[] = []
  for (const way of ways.toSorted(better)) {
    const { owner, brokerPath } = way
    const suppressed = !isEstablished(way) && brokerPath.some((id) => (ownerOver.get(id) ?? owner) !== owner)
    if (!suppressed)
      for (const id of brokerPath) ownerOver.set(id, (ownerOver.get(id) ?? owner) === owner ? owner : several)
    if (way.suppressed !== suppressed && way !== entered) changed.push(way)
    way.suppressed = suppressed
  }
  for (const way of changed) way.changed()
}

/** More than one bridge has a way in use over a broker: nobody else gets another one. */
const several = {}

/** The sort is stable: of equals the older one. */
const better = (one: Way, other: Way): number =>
  other.priority - one.priority ||
  one.brokerPath.length - other.brokerPath.length ||
  Number(isEstablished(other)) - Number(isEstablished(one))

const isEstablished = (way: Way): boolean => way.durable && !way.suppressed
