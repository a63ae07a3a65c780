// What is promised of transactions that take messages from one queue and send others to the next: all or nothing. Pure.
import type { Event, Fault } from './history.ts'
import { Reading } from './reading.ts'
import { drainedFaults, orderFaults, placeFaults } from './rules.ts'

export function checkTransfers(events: readonly Event[]): Fault[] {
  const reading = new Reading(events)
  return [...placeFaults(reading), ...orderFaults(reading, { shared: true }), ...drainedFaults(reading)]
}
