// Durable subscriptions to several topics: to a composite, or to all that match a wildcard.
import { describe, expect, test } from '@jest/globals'
import { createJournalStore } from '../../support/journal-stores.ts'
import { SimulatedDisk } from '../../support/simulated-disk.ts'
import { soleOwner } from '../../support/sole-owner.ts'
import { turns } from '../../support/turns.ts'
import { persistent, started, subscribe } from './durable-harness.ts'
import type { TestClient, TestConsumer } from './region-harness.ts'

describe('a subscription to several topics', () => {
  const subscribeTo = (client: TestClient, destination: string): TestConsumer => subscribe(client, {}, destination)

  test('has those that match a wildcard, also when they are made later, and whether its consumer is there or not', async () => {
    const { harness, publisher, subscriber, pending } = await started()
    const send = (name: string): unknown => publisher.send(`topic://${name}`, persistent)
    send('A.old')
    const consumer = subscribeTo(subscriber, 'topic://A.>')
    send('A.old')
    send('A.new')
    send('B')
    await harness.settle()
    expect(consumer.received).toEqual([2, 3])
    expect(consumer.deliveries.map(({ destination }) => destination.name)).toEqual(['A.old', 'A.new'])
    consumer.acknowledge('standard', 0, 1)
    consumer.close()
    send('A.while.away')
    send('A.old')
    await harness.settle()
    expect(pending()).toBe(2)
    const again = subscribeTo(subscriber, 'topic://A.>')
    await harness.settle()
    expect(again.received.toSorted((a, b) => a - b)).toEqual([5, 6])
    again.acknowledge('standard', 0, 1)
    again.close()
    subscriber.connection.removeSubscription('shop', 'all')
    send('A.old')
    await harness.settle()
    expect(harness.store.statistics().messages).toBe(0)
  })

  test('has each of a composite, and begins anew with others', async () => {
    const { harness, publisher, subscriber, pending } = await started()
    subscribeTo(subscriber, 'topic://A,B').close()
    for (const name of ['A', 'B', 'C']) publisher.send(`topic://${name}`, persistent)
    await harness.settle()
    expect(pending()).toBe(2)
    const consumer = subscribeTo(subscriber, 'topic://B,C')
    publisher.send('topic://C', persistent)
    await harness.settle()
    expect(consumer.received).toEqual([4])
    expect(harness.events.filter((event) => event.startsWith('consumerAdded topic://C'))).toEqual([
      'consumerAdded topic://C 1',
    ])
    expect(harness.region.subscriptionsPage(0, 10).items).toMatchObject([{ topic: 'B,C', active: true, pending: 1 }])
  })

  test('is there after a restart, with what it has and without', async () => {
    const disk = new SimulatedDisk()
    const open = (term: number) => started({ store: createJournalStore({ disk }), owner: soleOwner(term) })
    const first = await open(1)
    subscribeTo(first.subscriber, 'topic://A.*').close()
    subscribe(first.subscriber, { subscriptionName: 'none' }, 'topic://NONE.>').close()
    first.publisher.send('topic://A.1', persistent)
    await turns(20)
    await first.harness.store.close()
    const second = await open(2)
    expect(second.harness.region.subscriptionsPage(0, 10).items).toMatchObject([
      { topic: 'A.*', subscriptionName: 'all', pending: 1 },
      { topic: 'NONE.>', subscriptionName: 'none', pending: 0 },
    ])
    for (const name of ['A.1', 'A.2', 'NONE.1']) second.publisher.send(`topic://${name}`, persistent)
    await turns(20)
    expect(second.harness.region.subscriptionsPage(0, 10).items).toMatchObject([{ pending: 3 }, { pending: 1 }])
    const consumer = subscribeTo(second.subscriber, 'topic://A.*')
    await turns(20)
    expect(consumer.deliveries.map(({ destination }) => destination.name).toSorted()).toEqual(['A.1', 'A.1', 'A.2'])
    await second.harness.store.close()
  })

  test('counts once for each topic: a topic of which too many would have to be told is refused', async () => {
    const { harness, publisher, subscriber } = await started()
    for (let n = 0; n < 99; n++) subscribe(subscriber, { subscriptionName: `${n}` }, 'topic://A.>').close()
    let created = 0
    let refused = publisher.send('topic://A.0', persistent)
    for (; refused.state !== 'failed'; refused = publisher.send(`topic://A.${created}`, persistent)) created++
    expect(created).toBe(100)
    expect(refused).toMatchObject({ className: 'javax.jms.ResourceAllocationException' })
    expect(publisher.send('topic://B', persistent).state).toBe('done')
    await harness.settle()
  })
})
