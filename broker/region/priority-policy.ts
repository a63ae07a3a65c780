// Which destinations go by the priority of their messages (ActiveMQ: policyEntry, prioritizedMessages).
import type { PolicyEntry } from '../routing/policy-map.ts'

export interface PriorityPolicy extends PolicyEntry {
  readonly prioritizedMessages: boolean
}
