// What is promised of a queue with prioritized messages whose messages all stand there before its consumer comes: they come by
// priority, and within one in the order in which they were sent. Pure.
import type { Event, Fault } from './history.ts'
import { Reading, type SentMessage } from './reading.ts'
import { drainedFaults, orderFaults, placeFaults } from './rules.ts'

export function checkPriorities(events: readonly Event[]): Fault[] {
  const reading = new Reading(events)
  return [
    ...placeFaults(reading),
    ...orderFaults(reading, { stream: phaseOf, before: isBefore, shared: false }),
    ...drainedFaults(reading),
  ]
}

/** The standing backlog that it belongs to. */
const phaseOf = ({ facts: { phase } }: SentMessage): string => String(phase)

const urgencyOf = ({ facts }: SentMessage): number => Number(facts['urgency'])

const isBefore = (one: SentMessage, other: SentMessage): boolean =>
  urgencyOf(one) === urgencyOf(other) ? one.n < other.n : urgencyOf(one) > urgencyOf(other)
