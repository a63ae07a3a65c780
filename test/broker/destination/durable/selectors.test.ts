// Durable subscriptions that do not want every message.
import { describe, expect, test } from '@jest/globals'
import { encodePrimitiveMap } from '../../../../broker/marshal/primitive-map.ts'
import { subscriptionHolder } from '../../../../broker/store/held-message.ts'
import { createJournalStore } from '../../../support/journal-stores.ts'
import { SimulatedDisk } from '../../../support/simulated-disk.ts'
import { soleOwner } from '../../../support/sole-owner.ts'
import { turns } from '../../../support/turns.ts'
import { persistent, started, subscribe, topic } from '../../region/durable-harness.ts'

describe('with a selector', () => {
  const coloured = (colour: string) => ({
    ...persistent,
    properties: encodePrimitiveMap(new Map([['colour', { type: 'string', value: colour }]])),
  })
  const red = { selector: "colour = 'red'" }

  test('has what it wants, while it is away and while it is there; nobody keeps the rest', async () => {
    const { harness, publisher, subscriber, pending } = await started()
    subscribe(subscriber, red).close()
    for (const colour of ['green', 'red', 'green']) publisher.send(topic, coloured(colour))
    await harness.settle()
    expect([pending(), harness.store.statistics().messages]).toEqual([1, 1])
    const consumer = subscribe(subscriber, red)
    for (const colour of ['red', 'green']) publisher.send(topic, coloured(colour))
    publisher.send(topic, { ...coloured('red'), persistent: false })
    publisher.send(topic, { ...coloured('green'), persistent: false })
    await harness.settle()
    expect(consumer.received).toEqual([2, 4, 6])
    expect(harness.region.subscriptionsPage(0, 10).items).toMatchObject([{ selector: red.selector }])
  })

  test('begins anew with another one, and goes on with the same; an empty one is none', async () => {
    const { harness, publisher, subscriber, pending } = await started()
    subscribe(subscriber, red).close()
    publisher.send(topic, coloured('red'))
    await harness.settle()
    subscribe(subscriber, red).close()
    expect(pending()).toBe(1)
    subscribe(subscriber, { selector: "colour = 'green'" }).close()
    expect(pending()).toBe(0)
    subscribe(subscriber, { selector: ' ' }).close()
    publisher.send(topic, coloured('blue'))
    await harness.settle()
    subscribe(subscriber).close()
    expect(pending()).toBe(1)
  })

  test('has it after a restart, also when the store has one that cannot be read: that gets every message', async () => {
    const disk = new SimulatedDisk()
    const open = async (term: number) => started({ store: createJournalStore({ disk }), owner: soleOwner(term) })
    const first = await open(1)
    subscribe(first.subscriber, red).close()
    const terms = { selector: 'of = another version', noLocal: false }
    first.harness.store.addSubscription(subscriptionHolder('PRICES', 'shop', 'odd'), terms)
    await turns(20)
    await first.harness.store.close()
    const second = await open(2)
    for (const colour of ['green', 'red']) second.publisher.send(topic, coloured(colour))
    await turns(20)
    expect(second.harness.region.subscriptionsPage(0, 10).items).toMatchObject([{ pending: 1 }, { pending: 2 }])
    await second.harness.store.close()
  })

  test('a consumer that is refused leaves none behind', async () => {
    const { subscriber } = await started()
    const long = `colour = '${'x'.repeat(30_000)}'`
    subscribe(subscriber)
    for (let n = 0; n < 100; n++) {
      const outcome = subscriber.outcome(
        (done) => (subscribe(subscriber, { selector: long, consumerId: `ID:${n}` }), done()),
      )
      expect(outcome).toMatchObject({ className: 'javax.jms.JMSException' })
    }
  })
})
