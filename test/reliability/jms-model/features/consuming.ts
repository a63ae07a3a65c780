// Consumers of queues and ordinary subscribers of topics: by name, list and wildcard, with selectors, noLocal, any prefetch; pulls.
import { check } from '../../queue-book.ts'
import { accepts, hasRoom, isExpired, nameOf, type Book } from '../book.ts'
import type { Feature } from '../feature.ts'
import type { JmsModel } from '../model.ts'
import { consumedQueues, reaches, subscribedTopics, wishes } from '../universe.ts'

/** Of all clients together. */
export const mostConsumers = 14

export const consuming: Feature = {
  commands: {
    consume: {
      weight: 4,
      run: (client, model) => {
        if (model.book.consumers.length >= mostConsumers) return closeAny(model)
        const ofTopics = model.chance(0.4)
        client.consume({
          asked: model.pick(ofTopics ? subscribedTopics : consumedQueues),
          prefetch: model.pick(ofTopics ? [1, 3, 30] : [0, 1, 2, 5, 30]),
          noLocal: model.chance(0.08),
          wish: model.chance(0.2) ? model.pick(wishes) : null,
        })
      },
    },
    closeConsumer: { weight: 3, run: (_client, model) => closeAny(model) },
    pull: {
      weight: 6,
      run: (client, model) => {
        const pulling = client.consumers.filter(({ prefetch }) => prefetch === 0)
        if (pulling.length === 0) return
        const consumer = model.pick(pulling)
        const timeoutMs = model.pick([-1, 0, 50, 500])
        model.note(`${consumer.id} pull ${timeoutMs}`)
        consumer.pull = { timeoutMs, dueMs: model.world.clock.nowMs() + timeoutMs }
        client.connection.pull(consumer.id, timeoutMs)
      },
    },
    prefetch: {
      weight: 3,
      run: (client, model) => {
        if (client.consumers.length === 0) return
        const consumer = model.pick(client.consumers)
        const prefetch = model.pick(consumer.isDurable || consumer.asked.kind === 'queue' ? [0, 1, 3, 10] : [1, 3, 10])
        model.note(`${consumer.id} prefetch ${prefetch}`)
        consumer.prefetch = prefetch
        if (prefetch > 0) consumer.pull = null
        else consumer.extension = 0
        client.connection.setPrefetch(consumer.id, prefetch)
      },
    },
    closeClient: { weight: 1, run: (client, model) => model.replace(client) },
  },
  checkRest: ({ book, subscribers, world }) => {
    subscribers.checkRest()
    checkNobodyWaits(book, world.clock.nowMs())
  },
}

function closeAny(model: JmsModel): void {
  const closable = model.clients.filter(({ consumers }) => consumers.length > 0)
  if (closable.length === 0) return
  const client = model.pick(closable)
  const consumer = model.pick(client.consumers)
  const { length } = consumer.dispatched
  const at = model.below(length + 2)
  client.closeConsumer(consumer, at < length ? at : at === length ? 'nothing' : 'unknown')
}

/** No message waits that somebody could have; who could have one of a group says grouping.ts. */
function checkNobodyWaits(book: Book, nowMs: number): void {
  for (const { copies, destination } of book.queues.values()) {
    const takers = book.consumers.filter((one) => hasRoom(one) && reaches(one.asked, destination))
    if (takers.length === 0) continue
    for (const copy of copies.values()) {
      if (copy.state !== 'waiting' || copy.sent.group !== null || copy.dueByMs >= nowMs || isExpired(copy, nowMs))
        continue
      const taker = takers.find((one) => accepts(one, copy))
      check(!taker, () => `${nameOf(copy)} waits although ${taker?.id} has room`)
    }
  }
  for (const { id, pull, congested } of book.consumers) {
    const due = pull && ((pull.timeoutMs === -1 && !congested) || (pull.timeoutMs > 0 && pull.dueMs <= nowMs))
    check(!due, () => `${id} got no answer to its pull`)
  }
}
