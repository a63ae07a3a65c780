// At rest the broker's figures are the model's: of each queue and topic, of the store, of memory.
import { check } from '../queue-book.ts'
import type { DestinationStatistics } from '../../../broker/region/region.ts'
import type { Book } from './book.ts'
import type { Browse } from './browse.ts'
import type { JmsModel } from './model.ts'
import { reaches } from './universe.ts'

export function checkStatistics({ book, durables, world, browses }: JmsModel): void {
  const { region } = world
  const { used, blockedConnections } = region.memory()
  let sum = 0
  for (const statistics of region.statistics()) {
    sum += statistics.memoryUsed
    if (statistics.kind === 'queue') checkQueue(book, statistics, [...browses.values()])
    // Of those that are held back nobody can say what has happened.
    else if (blockedConnections === 0) checkTopic(book, statistics)
  }
  check(used >= sum, () => `Memory: ${used} bytes are used, the destinations alone have ${sum}`)
  let stored = 0
  let others = 0
  for (const { copies } of book.queues.values())
    for (const { sent, state } of copies.values())
      if (state !== 'coming') {
        if (sent.persistent) stored++
        else others++
      }
  check(world.spilled <= others, () => `The temp store has ${world.spilled} messages, of ${others} that are not stored`)
  const [least, most] = durables.stored()
  const { messages } = world.store.statistics()
  check(
    stored + least <= messages && messages <= stored + most,
    () => `The store has ${messages} messages, not ${stored} and ${least} to ${most} for topics`,
  )
}

function checkQueue(book: Book, statistics: DestinationStatistics, browses: readonly Browse[]): void {
  const { name, size, inFlight, enqueued, dispatched, dequeued, expired, consumers } = statistics
  const counts = book.countsOf(name)
  let waiting = 0
  let inHand = 0
  for (const { state } of book.queue(name).copies.values())
    if (state === 'waiting') waiting++
    else if (state === 'inFlight') inHand++
  const found = { size, inFlight, enqueued, dispatched, dequeued, expired, consumers }
  const expected = {
    size: waiting + inHand,
    inFlight: inHand,
    enqueued: Math.min(Math.max(enqueued, counts.enqueued), counts.enqueued + counts.unsure),
    dispatched: counts.dispatched,
    dequeued: counts.recovered + enqueued - waiting - inHand,
    expired: counts.expired,
    consumers: [...book.consumers, ...browses].filter(({ asked }) => reaches(asked, { kind: 'queue', name })).length,
  }
  check(
    JSON.stringify(found) === JSON.stringify(expected),
    () => `Statistics of ${name} are ${JSON.stringify(found)}, not ${JSON.stringify(expected)}`,
  )
}

function checkTopic(book: Book, { name, enqueued, dispatched, consumers }: DestinationStatistics): void {
  const counts = book.countsOf(name)
  const found = { enqueued, dispatched, consumers }
  const expected = {
    enqueued: Math.min(Math.max(enqueued, counts.enqueued), counts.enqueued + counts.unsure),
    dispatched: counts.dispatched,
    consumers: book.consumers.filter(({ asked }) => reaches(asked, { kind: 'topic', name })).length,
  }
  check(
    JSON.stringify(found) === JSON.stringify(expected),
    () => `Statistics of topic ${name} are ${JSON.stringify(found)}, not ${JSON.stringify(expected)}`,
  )
}
