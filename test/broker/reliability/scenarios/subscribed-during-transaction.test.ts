// Found by the JMS model: a subscription that begins while a transaction is open has nothing of it that it does not want.
import { expect, test } from '@jest/globals'
import { createJournalStore } from '../../../support/journal-stores.ts'
import { SimulatedDisk } from '../../../support/simulated-disk.ts'
import { turns } from '../../../support/turns.ts'
import { MemoryStore } from '../../../../broker/store/memory/memory-store.ts'
import { persistent, started, subscribe, topic } from '../../region/durable-harness.ts'

const stores = {
  memory: () => new MemoryStore(),
  journal: () => createJournalStore({ disk: new SimulatedDisk() }),
}

test.each(['memory', 'journal'] as const)('%s', async (kind) => {
  const { harness, publisher, subscriber } = await started({ store: stores[kind]() })
  subscribe(harness.connect({ clientId: 'all' })).close()
  publisher.connection.begin('TX:1')
  publisher.send(topic, { ...persistent, transactionId: 'TX:1' })
  const selective = subscribe(subscriber, { selector: 'JMSDeliveryMode <> JMSDeliveryMode', prefetchSize: 0 })
  const commit = publisher.outcome((done) => publisher.connection.commit('TX:1', done))
  await turns(10)
  const pending = harness.region.subscriptionsPage(0, 10).items.map((item) => [item.clientId, item.pending])
  expect([commit.state, pending]).toEqual([
    'done',
    [
      ['all', 1],
      ['shop', 0],
    ],
  ])
  subscriber.connection.pull(selective.consumerId, -1)
  await turns(10)
  expect([selective.received, selective.nothings, harness.errors]).toEqual([[], 1, []])
  await harness.store.close()
})

test.each(['memory', 'journal'] as const)('%s, whose consumer comes during the commit', async (kind) => {
  const { harness, publisher, subscriber } = await started({ store: stores[kind]() })
  subscribe(harness.connect({ clientId: 'all' })).close()
  publisher.connection.begin('TX:1')
  publisher.send(topic, { ...persistent, transactionId: 'TX:1' })
  const selector = 'JMSDeliveryMode <> JMSDeliveryMode'
  subscribe(subscriber, { selector }).close()
  publisher.outcome((done) => publisher.connection.commit('TX:1', done))
  const selective = subscribe(subscriber, { selector })
  await turns(10)
  expect([selective.received, harness.errors]).toEqual([[], []])
  await harness.store.close()
})

test.each(['memory', 'journal'] as const)(
  '%s, noLocal, whose consumer comes by the connection that sends',
  async (kind) => {
    const { harness } = await started({ store: stores[kind]() })
    const noLocal = { noLocal: true, prefetchSize: 0 }
    subscribe(harness.connect({ clientId: 'shop' }), noLocal).close()
    const client = harness.connect({ clientId: 'shop' })
    client.connection.begin('TX:1')
    client.send(topic, { ...persistent, transactionId: 'TX:1' })
    const consumer = subscribe(client, noLocal)
    await turns(10)
    client.outcome((done) => client.connection.commit('TX:1', done))
    await turns(10)
    expect(harness.region.subscriptionsPage(0, 10).items.map(({ pending }) => pending)).toEqual([0])
    client.connection.pull(consumer.consumerId, -1)
    await turns(10)
    expect([consumer.received, consumer.nothings, harness.errors]).toEqual([[], 1, []])
    await harness.store.close()
  },
)

test.each(['memory', 'journal'] as const)(
  '%s, noLocal, whose consumer leaves the connection that sends for another one',
  async (kind) => {
    const { harness } = await started({ store: stores[kind]() })
    subscribe(harness.connect({ clientId: 'all' })).close()
    const client = harness.connect({ clientId: 'shop' })
    const first = subscribe(client, { noLocal: true })
    client.connection.begin('TX:1')
    client.send(topic, { ...persistent, transactionId: 'TX:1' })
    first.close()
    const other = harness.connect({ connectionId: 'ID:other', clientId: 'shop' })
    const consumer = subscribe(other, { noLocal: true })
    await turns(10)
    client.outcome((done) => client.connection.commit('TX:1', done))
    await turns(10)
    // When it was sent it was its own. The store has not kept it for it.
    const pending = harness.region.subscriptionsPage(0, 10).items.map((item) => [item.clientId, item.pending])
    expect([pending, consumer.received]).toEqual([
      [
        ['all', 1],
        ['shop', 0],
      ],
      [],
    ])
    await harness.store.close()
  },
)
