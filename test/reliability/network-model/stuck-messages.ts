// Messages of queues that nobody consumed though a broker has consumers for all: where they are, and whether that is as it has to be.
import type { SentMessage } from './message-book.ts'
import type { NetworkPlan } from './network-plan.ts'
import type { Reach } from './reach.ts'
import { passedBy, type SimulatedNetwork } from './simulated-network.ts'

interface Places {
  readonly network: SimulatedNetwork
  readonly plan: NetworkPlan
  readonly reach: Reach
  /** The broker that has consumers. */
  readonly drainedAt: string
}

export interface StuckMessages {
  readonly violations: readonly string[]
  readonly expired: number
  /** They stay where they are, because bridges may not take them to the consumers. */
  readonly outOfReach: number
}

interface Copy {
  readonly at: string
  readonly path: readonly string[]
}

export async function findStuck(missing: readonly SentMessage[], places: Places): Promise<StuckMessages> {
  if (missing.length === 0) return { violations: [], expired: 0, outOfReach: 0 }
  const { network, reach, drainedAt } = places
  const copies = await copiesIn(network)
  const nowMs = network.clock.nowMs()
  const lost: string[] = []
  const stuck: string[] = []
  let expired = 0
  let outOfReach = 0
  for (const { text, destination, expiration } of missing) {
    // Bridges leave a copy behind until they are answered.
    const farthest = (copies.get(text) ?? []).toSorted((one, other) => other.path.length - one.path.length)[0]
    if (expiration > 0 && expiration <= nowMs) expired++
    else if (!farthest) lost.push(`lost: ${text}`)
    else if (reach.reaches(destination, farthest.at, drainedAt, farthest.path))
      stuck.push(`stuck at ${farthest.at}: ${text}, path ${farthest.path.join(', ')}`)
    else outOfReach++
  }
  if (mayWaitForEachOther(places, outOfReach))
    return { violations: lost, expired, outOfReach: outOfReach + stuck.length }
  return { violations: [...lost, ...stuck], expired, outOfReach }
}

/**
 * A broker that forgets answers for a message when it is gone. One that does not get any farther keeps its place in the window of the
 * bridge that brought it, and others wait behind it.
 */
function mayWaitForEachOther({ plan: { names, lasting, joins } }: Places, outOfReach: number): boolean {
  const hasStatic = joins.some(({ settings }) => settings.staticallyIncludedDestinations.length > 0)
  return lasting.size < names.length && (outOfReach > 0 || hasStatic)
}

async function copiesIn(network: SimulatedNetwork): Promise<Map<string, Copy[]>> {
  const copies = new Map<string, Copy[]>()
  for (const { name, store } of network.brokers.values())
    for (const message of await store.messages()) {
      const text = message.content?.toString() ?? ''
      copies.set(text, [...(copies.get(text) ?? []), { at: name, path: passedBy(message) }])
    }
  return copies
}
