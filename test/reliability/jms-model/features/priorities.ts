// A queue and a topic that go by the priority of their messages: whoever gets one gets the highest that waits for sure. Within a
// priority the order is that of all others (book.ts). What was answered may be on its way still, behind what goes to the temp store.
import type { Destination } from '../../../../broker/message/destination.ts'
import { check } from '../../queue-book.ts'
import { mayBeNext, nameOf, type Copy } from '../book.ts'
import type { Feature } from '../feature.ts'
import { isPrioritized, prioritizedQueue, prioritizedTopic } from '../universe.ts'
import { chosen, withRoom } from './sending.ts'

const destinations: readonly Destination[] = [
  { kind: 'queue', name: prioritizedQueue },
  { kind: 'queue', name: prioritizedQueue },
  { kind: 'topic', name: prioritizedTopic },
  { kind: 'topic', name: prioritizedTopic },
  { kind: 'topic', name: `queue://${prioritizedQueue},${prioritizedTopic}` },
]

export const priorities: Feature = {
  commands: {
    sendByPriority: {
      weight: 14,
      run: (client, model) =>
        withRoom(client, model, () => {
          const choice = { ...chosen(model, destinations), priority: model.pick([0, 3, 4, 4, 5, 9]) }
          if (model.chance(0.3)) client.sendInTransaction(choice)
          else client.send(choice)
        }),
    },
  },
  delivered: (copy, consumer, atMs) => {
    const { place, sent } = copy
    if (!isPrioritized(place.destination)) return
    for (const other of place.copies.values())
      check(
        other.sent.priority <= sent.priority ||
          !other.settled ||
          !isComparable(copy, other) ||
          !mayBeNext(other, consumer, atMs),
        () => `${nameOf(copy)}, ${copy.lane}, passed over ${nameOf(other)}, ${other.lane}`,
      )
  },
}

/** What is not stored may pass over what is read for a durable subscription, as JMS allows. */
const isComparable = (copy: Copy, other: Copy): boolean =>
  copy.place.kind === 'queue' || (copy.place.kind === 'durable' && copy.stored === other.stored)
