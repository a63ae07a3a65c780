// Messages of groups: never have two consumers messages of one group at a time, unless its sender closed it in between. The order
// within a group is that of all others (book.ts).
import type { Destination } from '../../../../broker/message/destination.ts'
import { check } from '../../queue-book.ts'
import { accepts, hasRoom, isExpired, nameOf, type BookConsumer, type Copy, type Place } from '../book.ts'
import type { Feature } from '../feature.ts'
import { groupedQueue, reaches } from '../universe.ts'
import { mostConsumers } from './consuming.ts'
import { chosen, withRoom } from './sending.ts'

const destinations: readonly Destination[] = [
  { kind: 'queue', name: groupedQueue },
  { kind: 'queue', name: groupedQueue },
  { kind: 'queue', name: `${groupedQueue},topic://T.1` },
]
const groupIds = ['a', 'a', 'b', 'c'] as const

interface Group {
  /** What was given out; of some it is not noticed yet that they came back, or are gone. By how often the group had been closed. */
  readonly given: Map<Copy, number>
  closed: number
}

/** What was given out of each queue, by group. A queue of another life is another place. */
const known = new WeakMap<Place, Map<string, Group>>()

export const grouping: Feature = {
  commands: {
    sendOfGroup: {
      weight: 10,
      run: (client, model) =>
        withRoom(client, model, () => {
          const group = { groupId: model.pick(groupIds), groupSequence: model.pick([0, 0, 0, 0, 0, 1, -1]) }
          const choice = { ...chosen(model, destinations), ...(model.chance(0.85) && group) }
          if (model.chance(0.3)) client.sendInTransaction(choice)
          else client.send(choice)
        }),
    },
    consumeGroups: {
      weight: 1.5,
      run: (client, model) => {
        if (model.book.consumers.length >= mostConsumers) return
        const prefetch = model.pick([1, 2, 5, 30])
        client.consume({ asked: { kind: 'queue', name: groupedQueue }, prefetch, noLocal: false, wish: null })
      },
    },
  },
  delivered: (copy, consumer) => {
    const group = groupOf(copy)
    if (!group) return
    for (const other of inFlight(group))
      check(
        other.holder === consumer ||
          other.transaction?.state === 'committing' ||
          group.given.get(other)! < group.closed,
        () =>
          `${nameOf(copy)} came to ${consumer.id} while ${other.holder?.id ?? 'a transaction'} has ${nameOf(other)}`,
      )
    group.given.set(copy, group.closed)
    // One that comes again, after others have followed it, closes nothing: then less is checked than could be.
    if (copy.sent.groupSequence < 0) group.closed++
  },
  checkRest: ({ book, world }) => {
    const nowMs = world.clock.nowMs()
    for (const { copies, destination } of book.queues.values()) {
      const users = book.consumers.filter(({ asked }) => reaches(asked, destination))
      if (users.length === 0) continue
      for (const copy of copies.values())
        if (copy.state === 'waiting' && copy.dueByMs < nowMs && !isExpired(copy, nowMs)) checkHasReason(copy, users)
    }
  },
}

/** Whoever owns its group, if anybody does, cannot take it. */
function checkHasReason(copy: Copy, users: readonly BookConsumer[]): void {
  const group = groupOf(copy)
  if (!group) return
  const others = [...inFlight(group)]
  // A consumer that has gone had them; or they are in a commit that is held back, and nobody can say whether it happens.
  if (others.some(({ holder, transaction }) => holder === null || transaction?.state === 'committing')) return
  const owner = others.find((other) => group.given.get(other) === group.closed)?.holder
  const takers = owner ? [owner] : users
  check(
    !takers.every((one) => hasRoom(one) && accepts(one, copy)),
    () => `${nameOf(copy)}, ${copy.lane}, waits although ${takers.map(({ id }) => id).join(' and ')} has room`,
  )
}

function groupOf({ place, sent }: Copy): Group | undefined {
  if (place.kind !== 'queue' || sent.group === null) return undefined
  let groups = known.get(place)
  if (!groups) known.set(place, (groups = new Map()))
  let group = groups.get(sent.group)
  if (!group) groups.set(sent.group, (group = { given: new Map(), closed: 0 }))
  return group
}

/** Also those in a commit that is not answered: they may be gone. */
function* inFlight({ given }: Group): Iterable<Copy> {
  for (const copy of given.keys())
    if (copy.state === 'inFlight') yield copy
    else given.delete(copy)
}
