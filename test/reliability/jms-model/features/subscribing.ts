// Durable subscribers that come, go offline, come back as they were or with other terms, and unsubscribe.
import { check } from '../../queue-book.ts'
import { accepts, hasRoom, isExpired, nameOf } from '../book.ts'
import type { Feature } from '../feature.ts'
import type { JmsModel } from '../model.ts'
import { subscribedTopics, wishes } from '../universe.ts'

const names = ['all', 'some'] as const

export const subscribing: Feature = {
  commands: {
    subscribe: {
      weight: 5,
      run: (client, model) => {
        const name = model.pick(names)
        const known = model.durables.find(client.clientId, name)
        const prefetch = model.pick([0, 1, 5, 30])
        if (known && model.chance(0.75)) {
          const { destination: asked, wish, noLocal } = known
          return client.subscribe(name, { asked, wish, noLocal, prefetch })
        }
        client.subscribe(name, {
          asked: model.pick(subscribedTopics),
          wish: model.chance(0.3) ? model.pick(wishes) : null,
          noLocal: model.chance(0.1),
          prefetch,
        })
      },
    },
    goOffline: {
      weight: 4,
      run: (client, model) => {
        const durable = client.consumers.filter(({ isDurable }) => isDurable)
        if (durable.length === 0) return
        const consumer = model.pick(durable)
        const { length } = consumer.dispatched
        const at = model.below(length + 2)
        client.closeConsumer(consumer, at < length ? at : at === length ? 'nothing' : 'unknown')
      },
    },
    unsubscribe: {
      weight: 1,
      run: (client, model) => {
        const known = model.durables.ofClient(client.clientId)
        if (known.length > 0) client.unsubscribe(model.pick(known))
      },
    },
  },
  checkRest: (model) => {
    model.durables.checkRest(model.world.region.subscriptionsPage(0, 1000).items)
    checkNobodyWaits(model)
  },
}

function checkNobodyWaits({ durables, world }: JmsModel): void {
  const nowMs = world.clock.nowMs()
  for (const { consumer, places } of durables) {
    if (!consumer || !hasRoom(consumer)) continue
    for (const { copies } of places.values())
      for (const copy of copies.values())
        check(
          copy.state !== 'waiting' || !copy.certain || isExpired(copy, nowMs) || !accepts(consumer, copy),
          () => `${nameOf(copy)} waits although ${consumer.id} has room`,
        )
  }
}
