// What is promised of message groups: at any time one consumer has a group, it gets its messages in their order, and is told
// when it is given the group. A message with a negative sequence closes the group: what follows is a group of its own, with
// an owner of its own (`term`). Pure.
import type { Event, Fault } from './history.ts'
import { Reading, type Handed, type SentMessage } from './reading.ts'
import { consumedOrderFaults, drainedFaults, orderFaults, placeFaults } from './rules.ts'

export function checkGroups(events: readonly Event[]): Fault[] {
  const reading = new Reading(events)
  return [
    ...placeFaults(reading),
    ...orderFaults(reading, { stream: groupOf, shared: false }),
    ...consumedOrderFaults(reading, groupOf),
    ...ownerFaults(reading),
    ...drainedFaults(reading),
  ]
}

/** Facts: `group` and `term`, which counts how often it was closed. Each group has one producer. */
const groupOf = ({ facts: { group, term } }: SentMessage): string => `${group} (${term})`

function ownerFaults(reading: Reading): Fault[] {
  const faults: Fault[] = []
  const newest = new Map<string, Handed>()
  const told = new Set<string>()
  for (const handed of reading.deliveries) {
    const { message, by, index, since, id } = handed
    if (!message) continue
    const group = groupOf(message)
    const before = newest.get(group)
    // What a client hands out that has not noticed yet that its broker was killed says nothing of the present owner.
    if (before && since < before.index) continue
    newest.set(group, handed)
    if (before && before.by !== by && !reading.endedBetween(before.by, before.since, index)) {
      const text = `${by.id} got ${id} of ${group}, which ${before.by.id} has`
      faults.push({ rule: 'two owners', text, id, index })
    }
    // Closed or not, a consumer is told when the group is given to it, in each life of its connection.
    const life = `${message.facts['group']} ${by.id} ${reading.lossesBefore(by.connection, index)}`
    if (told.has(life)) continue
    told.add(life)
    if (!handed.first)
      faults.push({
        rule: 'first',
        text: `${by.id} got ${id} of ${group} first, without JMSXGroupFirstForConsumer`,
        id,
        index,
      })
  }
  return faults
}
