// RemoveInfo.lastDeliveredSequenceId → what a removed consumer has seen (ActiveMQ: RemoveInfo.LAST_DELIVERED_UNKNOWN and
// LAST_DELIVERED_UNSET).
import type { LastSeen } from '../../region/region.ts'
import type { Long } from '../../wire/openwire/commands.ts'

const unknown = -2

export function lastSeenOf(lastDeliveredSequenceId: Long): LastSeen {
  const sequence = Number(lastDeliveredSequenceId)
  if (sequence > 0) return sequence
  return sequence === unknown ? 'unknown' : 'nothing'
}
