// What a bridge may take along of what its consumer here would get (ActiveMQ: NetworkBridgeFilter): nothing that has been where it
// goes, nothing that has passed enough brokers already, and no advisory that bridges understand themselves. What a queue may
// send back all the same is told in queue/network-consumers.ts.
import { isForBridges } from '../../message/bridge-advisories.ts'
import type { Destination } from '../../message/destination.ts'
import type { Message } from '../../message/message.ts'

export interface NetworkTerms {
  /** The broker that the messages go to. */
  readonly brokerId: string
  /** Brokers that a message may have passed; -1 = no limit. */
  readonly messageTTL: number
  /** The brokers on the way to whoever consumes it, the nearest one last; empty when nobody can say. */
  readonly route: readonly string[]
  /** false: nobody is known to want them there, so that what has been there does not go back. Left out: true. */
  readonly takesBack?: boolean
  /** It takes everything, wherever it has been and however fast. Left out: false. */
  readonly drains?: boolean
  /**
   * How long after our answer a message may go back there: until the other broker has taken the answer in, it has the message itself,
   * takes the one that comes back for the same, and then removes both. Left out: at any time. Brokers of ours know them apart.
   */
  readonly returnGraceMs?: number
  /**
   * Whether it may take along messages of a destination that it listens to at all: what is excluded may be covered by a wildcard.
   * Of one queue the answer is always the same. Left out: all but advisories that are for bridges.
   */
  readonly permits?: (destination: Destination) => boolean
}

/** Whether it may go on, going forward only. Most messages have passed no broker, which is cheap to see. */
export function passesForward({ brokerId, messageTTL }: NetworkTerms, message: Message): boolean {
  if (!message.hasBrokerPath) return messageTTL !== 0
  const path = message.brokerPath
  return !path.includes(brokerId) && (messageTTL < 0 || mayPassMore(path, messageTTL))
}

/** What came back has passed some brokers twice, which are counted once: a message may come to all brokers if they are so few. */
const mayPassMore = (path: readonly string[], messageTTL: number): boolean =>
  path.length < messageTTL || new Set(path).size < messageTTL

/**
 * Whether a message that goes back would come through to whoever consumes it: on the way a broker lets it in that it has passed,
 * or while it may pass one more. Where it would be held up it would only go to and fro. `here`: the broker where it is.
 */
export function passesBack({ messageTTL, route }: NetworkTerms, path: readonly string[], here: string): boolean {
  if (messageTTL < 0) return true
  const passed = new Set(path)
  let leaves = here
  for (let index = route.length - 1; index >= 0; index--) {
    const next = route[index]!
    if (passed.size >= messageTTL && !passed.has(next)) return false
    passed.add(leaves)
    leaves = next
  }
  return true
}

/** As `passesForward`, for a message of a topic; advisories that are for bridges would bring about twice what they tell. */
export const passesFromTopic = (terms: NetworkTerms, message: Message): boolean =>
  passesForward(terms, message) &&
  (terms.permits ? terms.permits(message.destination) : !isForBridges(message.destination))
