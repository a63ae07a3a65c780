// What is promised of a queue whose consumers have selectors, come and go, and acknowledge in every way. Pure.
import type { Event, Fault } from './history.ts'
import { Reading } from './reading.ts'
import { drainedFaults, orderFaults, placeFaults } from './rules.ts'
import { unwantedFaults } from './selectors.ts'

export function checkSelectorQueue(events: readonly Event[]): Fault[] {
  const reading = new Reading(events)
  return [
    ...placeFaults(reading),
    ...unwantedFaults(reading),
    ...orderFaults(reading, { shared: true }),
    ...drainedFaults(reading),
  ]
}
