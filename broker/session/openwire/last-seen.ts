// RemoveInfo.lastDeliveredSequenceId → what a removed consumer has seen (ActiveMQ: RemoveInfo.LAST_DELIVERED_UNKNOWN and
// LAST_DELIVERED_UNSET).
import type { LastSeen } from '../../region/region.ts'
import type { Long } from '../../wire/openwire/commands.ts'

const unknown = -2
const unset = 0

/** A client that does not say it (0) may have seen all that a durable subscription gave it: DurableTopicSubscription.deactivate. */
export function lastSeenOf(lastDeliveredSequenceId: Long, durable: boolean): LastSeen {
  const sequence = Number(lastDeliveredSequenceId)
  if (sequence > 0) return sequence
  return sequence === unknown || (durable && sequence === unset) ? 'unknown' : 'nothing'
}
