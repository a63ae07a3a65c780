// Durable subscriptions as clients have them: offline and back, one consumer at a time, changed, deleted, after a restart.
import { describe, expect, test } from '@jest/globals'
import { subscriptionHolder } from '../../../broker/store/held-message.ts'
import { MemoryStore } from '../../../broker/store/memory/memory-store.ts'
import { createJournalStore } from '../../support/journal-stores.ts'
import { SimulatedDisk } from '../../support/simulated-disk.ts'
import { soleOwner } from '../../support/sole-owner.ts'
import { turns } from '../../support/turns.ts'
import { persistent, started, subscribe, topic } from './durable-harness.ts'

const failed = (className: string, message: string) => ({ state: 'failed', className, message })

describe('a durable subscription', () => {
  test('has what was sent while its consumer was away, in order, and nothing from before it was made', async () => {
    const { harness, subscriber, publish, pending } = await started()
    await publish(1)
    const first = subscribe(subscriber)
    await publish(2)
    expect(first.received).toEqual([2, 3])
    first.acknowledge('standard', null, 1)
    first.close()
    await publish(3)
    expect([first.received.length, pending()]).toEqual([2, 3])
    const second = subscribe(subscriber)
    await harness.settle()
    await publish(1)
    expect(second.received).toEqual([4, 5, 6, 7])
    expect(second.deliveries.map(({ redeliveryCounter }) => redeliveryCounter)).toEqual([0, 0, 0, 0])
    second.acknowledge('standard', null, 3)
    expect([pending(), harness.store.statistics().messages]).toEqual([0, 0])
  })

  test('pages through a long backlog with a small window', async () => {
    const { harness, subscriber, publish, pending } = await started()
    subscribe(subscriber).close()
    await publish(2500)
    const consumer = subscribe(subscriber, { prefetchSize: 10 })
    for (let acknowledged = 0; acknowledged < 2500;) {
      await harness.settle()
      const received = consumer.received.length
      expect(received - acknowledged).toBeGreaterThan(0)
      expect(received - acknowledged).toBeLessThanOrEqual(10)
      consumer.acknowledge('standard', acknowledged, received - 1)
      acknowledged = received
    }
    expect(consumer.received).toEqual(Array.from({ length: 2500 }, (_, index) => index + 1))
    expect([pending(), harness.errors]).toEqual([0, []])
  })

  test('stores a message once for all, and nothing that nobody wants', async () => {
    const { harness, publisher, publish } = await started()
    await publish(1)
    expect(harness.store.statistics().messages).toBe(0)
    for (const clientId of ['a', 'b', 'c']) subscribe(harness.connect({ clientId })).close()
    subscribe(publisher, { noLocal: true })
    publisher.send(topic, { persistent: false })
    await publish(2)
    expect(harness.store.statistics().messages).toBe(2)
    expect(harness.region.subscriptionsPage(0, 10).items).toEqual([
      ...['a', 'b', 'c'].map((clientId) => ({
        topic: 'PRICES',
        clientId,
        subscriptionName: 'all',
        selector: null,
        noLocal: false,
        active: false,
        pending: 2,
        inFlight: 0,
      })),
      expect.objectContaining({ clientId: publisher.id, noLocal: true, active: true, pending: 0 }),
    ])
  })

  test('messages that are not persistent come to it only while its consumer is there', async () => {
    const { harness, publisher, subscriber } = await started()
    const first = subscribe(subscriber, { prefetchSize: 1 })
    publisher.send(topic, { persistent: false })
    publisher.send(topic, persistent)
    publisher.send(topic, { persistent: false })
    await harness.settle()
    expect(first.received).toEqual([1])
    first.acknowledge('standard', 0, 0)
    await harness.settle()
    expect(first.received).toEqual([1, 2])
    first.close()
    publisher.send(topic, { persistent: false })
    const second = subscribe(subscriber)
    await harness.settle()
    expect(second.received).toEqual([2])
    second.acknowledge('standard', 0, 0)
    expect(harness.region.memory().used).toBe(0)
  })

  test.each([
    ['nothing', -1, [0, 0, 0]],
    ['nobody knows what', -2, [1, 1, 1]],
    ['what old clients do not say', 0, [1, 1, 1]],
    ['the first two', 2, [1, 1, 0]],
  ])('counts as delivered once more what its consumer has seen: %s', async (_, lastSeen, counters) => {
    const { harness, subscriber, publish } = await started()
    const first = subscribe(subscriber)
    await publish(3)
    first.close(lastSeen)
    const second = subscribe(subscriber)
    await harness.settle()
    expect(second.deliveries.map(({ redeliveryCounter }) => redeliveryCounter)).toEqual(counters)
    second.close(-1)
    expect(subscribe(subscriber).durable).toBe(true)
  })

  test('has one consumer at a time', async () => {
    const { harness, subscriber, publish } = await started()
    const first = subscribe(subscriber)
    expect(subscriber.outcome((done) => (subscribe(subscriber, { consumerId: 'ID:other' }), done()))).toEqual(
      failed('javax.jms.JMSException', 'Durable consumer is in use for client: shop and subscriptionName: all'),
    )
    const other = subscribe(subscriber, { subscriptionName: 'other' })
    await publish(1)
    expect([first.received, other.received]).toEqual([[1], [1]])
    expect(harness.of(topic).consumers).toBe(2)
  })

  test('is there again when its connection was lost, and what was in flight comes again', async () => {
    const { harness, subscriber, publish } = await started()
    const first = subscribe(subscriber)
    await publish(3)
    first.acknowledge('individual', null, 1)
    subscriber.connection.close()
    const second = subscribe(harness.connect({ clientId: 'shop' }))
    await harness.settle()
    expect(second.received).toEqual([1, 3])
    expect(second.deliveries.map(({ redeliveryCounter }) => redeliveryCounter)).toEqual([1, 1])
  })

  test('gets what arrives while it opens, once', async () => {
    const { harness, publisher, subscriber, publish } = await started()
    subscribe(subscriber).close()
    await publish(1)
    publisher.send(topic, persistent)
    const consumer = subscribe(subscriber)
    publisher.send(topic, persistent)
    publisher.send(topic, { persistent: false })
    await harness.settle()
    expect(consumer.received.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4])
    expect(harness.errors).toEqual([])
  })

  test('with prefetch 0 gives one message for each pull, also from the store', async () => {
    const { harness, subscriber, publish } = await started()
    subscribe(subscriber).close()
    await publish(2)
    const consumer = subscribe(subscriber, { prefetchSize: 0 })
    for (const expected of [[1], [1, 2]]) {
      subscriber.connection.pull(consumer.consumerId, -1)
      await harness.settle()
      expect(consumer.received).toEqual(expected)
    }
    subscriber.connection.pull(consumer.consumerId, -1)
    await harness.settle()
    expect([consumer.received, consumer.nothings]).toEqual([[1, 2], 1])
  })
})

describe('acknowledgements', () => {
  test('in a transaction count with its commit, and stay with the consumer after its rollback', async () => {
    const { harness, subscriber, publish, pending } = await started()
    const consumer = subscribe(subscriber)
    await publish(3)
    subscriber.connection.begin('TX:1')
    consumer.acknowledge('standard', 0, 1, { transactionId: 'TX:1' })
    subscriber.outcome((done) => subscriber.connection.rollback('TX:1', done))
    expect(pending()).toBe(3)
    subscriber.connection.begin('TX:2')
    consumer.acknowledge('standard', 0, 1, { transactionId: 'TX:2' })
    const commit = subscriber.outcome((done) => subscriber.connection.commit('TX:2', done))
    await harness.settle()
    expect([commit.state, pending(), consumer.received]).toEqual(['done', 1, [1, 2, 3]])
  })

  test.each(['commit', 'rollback'] as const)(
    'in a transaction whose consumer has closed are decided by its %s',
    async (end) => {
      const { harness, subscriber, publish } = await started()
      const consumer = subscribe(subscriber)
      await publish(3)
      subscriber.connection.begin('TX:1')
      consumer.acknowledge('standard', 0, 0, { transactionId: 'TX:1' })
      consumer.close()
      const second = subscribe(subscriber)
      await harness.settle()
      expect(second.received).toEqual([2, 3])
      subscriber.outcome((done) => subscriber.connection[end]('TX:1', done))
      await harness.settle()
      expect(second.received).toEqual(end === 'commit' ? [2, 3] : [2, 3, 1])
      second.close()
      const third = subscribe(subscriber)
      await harness.settle()
      expect(third.received).toEqual(end === 'commit' ? [2, 3] : [1, 2, 3])
      expect(harness.errors).toEqual([])
    },
  )

  test('of poison make a dead letter, once for all subscriptions', async () => {
    const { harness, publish } = await started()
    const consumers = ['a', 'b'].map((clientId) => subscribe(harness.connect({ clientId })))
    await publish(1)
    for (const consumer of consumers) consumer.acknowledge('poison', 0, 0)
    await harness.settle()
    expect(harness.of('queue://ActiveMQ.DLQ').size).toBe(1)
    expect(harness.store.statistics().messages).toBe(1)
  })

  test('a message that has expired is not given to a consumer that comes back', async () => {
    const { harness, publisher, subscriber, publish, pending } = await started()
    subscribe(subscriber).close()
    publisher.send(topic, { persistent: true, expiration: harness.clock.nowMs() + 1000 })
    await publish(1)
    harness.clock.advance(2000)
    const consumer = subscribe(subscriber)
    await harness.settle()
    expect([consumer.received, pending()]).toEqual([[2], 1])
    expect(harness.of('queue://ActiveMQ.DLQ').size).toBe(1)
  })
})

test('a consumer that comes while a commit of the one before it is on its way to the disk gets the rest', async () => {
  const { harness, subscriber, publish, pending } = await started()
  const first = subscribe(subscriber, { prefetchSize: 2 })
  await publish(3)
  subscriber.connection.begin('TX:1')
  first.acknowledge('standard', null, 1, { transactionId: 'TX:1' })
  first.close()
  subscriber.outcome((done) => subscriber.connection.commit('TX:1', done))
  const second = subscribe(subscriber)
  await harness.settle()
  expect([second.received, pending(), harness.errors]).toEqual([[3], 1, []])
})

describe('messages sent in a transaction', () => {
  test('come with its commit to those who are there and those who are not', async () => {
    const { harness, publisher, subscriber, pending } = await started()
    subscribe(subscriber).close()
    const durable = subscribe(harness.connect({ clientId: 'here' }))
    const plain = harness.connect().consume(topic)
    publisher.connection.begin('TX:1')
    publisher.send(topic, { persistent: true, transactionId: 'TX:1' })
    publisher.send('queue://Q', { persistent: true, transactionId: 'TX:1' })
    publisher.send(topic, { persistent: true, transactionId: 'TX:1' })
    await harness.settle()
    expect([durable.received, plain.received, pending()]).toEqual([[], [], 0])
    publisher.outcome((done) => publisher.connection.commit('TX:1', done))
    await harness.settle()
    expect([durable.received, plain.received, pending()]).toEqual([[1, 3], [1, 3], 2])
    const back = subscribe(subscriber)
    await harness.settle()
    expect(back.received).toEqual([1, 3])
  })

  test('that is rolled back come to nobody', async () => {
    const { harness, publisher, subscriber, pending } = await started()
    const consumer = subscribe(subscriber)
    publisher.connection.begin('TX:1')
    publisher.send(topic, { persistent: true, transactionId: 'TX:1' })
    publisher.outcome((done) => publisher.connection.rollback('TX:1', done))
    await harness.settle()
    expect([consumer.received, pending(), harness.region.memory().used]).toEqual([[], 0, 0])
  })
})

test('who fills the store waits until a subscription has acknowledged, or is deleted', async () => {
  const { harness, publisher, subscriber } = await started({ store: new MemoryStore({ limitBytes: 64 * 1024 }) })
  const [first, second] = [subscriber, harness.connect({ clientId: 'b' })]
  for (const client of [first, second]) subscribe(client).close()
  const outcomes = Array.from({ length: 100 }, () =>
    publisher.send(topic, { persistent: true, body: 'x'.repeat(1000) }),
  )
  await harness.settle()
  const answered = (): number => outcomes.filter(({ state }) => state === 'done').length
  const before = answered()
  expect(before).toBeGreaterThan(20)
  expect(before).toBeLessThan(64)
  expect(publisher.send('queue://Q', persistent).state).not.toBe('failed')
  const consumer = subscribe(first)
  await harness.settle()
  consumer.acknowledge('standard', 0, before - 1)
  await harness.settle()
  expect(answered()).toBe(before)
  second.connection.removeSubscription('b', 'all')
  await harness.settle()
  expect(answered()).toBeGreaterThan(before)
})

describe('what is subscribed', () => {
  test('begins anew with another topic or another noLocal', async () => {
    const { harness, publisher, subscriber, publish } = await started()
    subscribe(subscriber).close()
    await publish(1)
    const noLocal = subscribe(subscriber, { noLocal: true })
    subscriber.send(topic, persistent)
    await publish(1)
    expect(noLocal.received).toEqual([2])
    noLocal.close()
    const moved = subscribe(subscriber, {}, 'topic://NEWS')
    publisher.send('topic://NEWS', persistent)
    await publish(1)
    expect(moved.received).toEqual([3])
    expect(harness.region.subscriptionsPage(0, 10).items).toHaveLength(1)
    expect(harness.store.statistics().messages).toBe(1)
  })

  test('goes on with the noLocal of its consumer where the store does not know it', async () => {
    const store = new MemoryStore()
    const recovered = await store.open(soleOwner(1))
    store.addSubscription(subscriptionHolder('PRICES', 'shop', 'all'), { selector: null, noLocal: false })
    const known = { topic: 'PRICES', clientId: 'shop', name: 'all', selector: null, messageCount: 0, messageBytes: 0 }
    const subscriptions = [{ ...known, noLocal: false, noLocalUnknown: true }]
    const { subscriber, publish } = await started({ store, recovered: { ...recovered, subscriptions } })
    await publish(1)
    const noLocal = subscribe(subscriber, { noLocal: true })
    subscriber.send(topic, persistent)
    await publish(1)
    expect(noLocal.received).toEqual([1, 2])
    noLocal.acknowledge('standard', 0, 1)
    noLocal.close()
    const local = subscribe(subscriber)
    subscriber.send(topic, persistent)
    await publish(1)
    expect(local.received).toHaveLength(2)
  })

  test('is deleted on demand, unless it is in use or not there', async () => {
    const { harness, subscriber, publish } = await started()
    const consumer = subscribe(subscriber)
    const unsubscribe = (name: string, clientId = 'shop') =>
      subscriber.outcome((done) => (subscriber.connection.removeSubscription(clientId, name), done()))
    expect(unsubscribe('all')).toEqual(failed('javax.jms.JMSException', 'Durable consumer is in use'))
    consumer.close()
    await publish(2)
    expect(unsubscribe('all').state).toBe('done')
    expect(harness.store.statistics().messages).toBe(0)
    expect(unsubscribe('all')).toEqual(
      failed(
        'javax.jms.InvalidDestinationException',
        'No durable subscription exists for clientID: shop and subscriptionName: all',
      ),
    )
    expect(harness.events.at(-1)).toBe(`subscriptionRemoved shop all ${subscriber.id} ${topic} 0`)
    const again = subscribe(subscriber)
    await publish(1)
    expect(again.received).toEqual([3])
  })

  test('can be deleted by who looks after the broker', async () => {
    const { harness, subscriber, publish } = await started()
    subscribe(subscriber).close()
    await publish(1)
    await harness.region.deleteSubscription('shop', 'all')
    expect([harness.region.subscriptionsPage(0, 10).items, harness.store.statistics().messages]).toEqual([[], 0])
    await expect(harness.region.deleteSubscription('shop', 'all')).rejects.toMatchObject({
      code: 'INVALID_DESTINATION',
    })
  })

  test.each([
    ['topic://A,queue://B', {}, 'javax.jms.JMSException', 'a durable subscription is to topics only'],
    [
      'topic://ActiveMQ.Advisory.Connection',
      {},
      'javax.jms.JMSException',
      'Cannot create a durable subscription for an',
    ],
    [topic, { selector: 'a =' }, 'javax.jms.InvalidSelectorException', 'Cannot read selector'],
  ])('refuses %s %o', async (destination, options, className, text) => {
    const { harness, subscriber } = await started()
    const outcome = subscriber.outcome((done) => (subscribe(subscriber, options, destination), done()))
    expect(outcome).toEqual({ state: 'failed', className, message: expect.stringContaining(text) })
    expect(harness.region.subscriptionsPage(0, 10).items).toEqual([])
  })

  test.each([
    [{ subscriptionName: 'ä'.repeat(1000) }, 'done'],
    [{ subscriptionName: 'a'.repeat(1001) }, 'failed'],
  ])('has a name that a store can keep: %#', async (options, state) => {
    const { subscriber } = await started({ store: createJournalStore({ disk: new SimulatedDisk() }) })
    expect(subscriber.outcome((done) => (subscribe(subscriber, options), done())).state).toBe(state)
  })

  test('needs a client id', async () => {
    const { harness } = await started()
    const nameless = harness.connect({ clientId: '' })
    const outcome = nameless.outcome((done) => (subscribe(nameless), done()))
    expect(outcome).toMatchObject({ state: 'failed', className: 'java.lang.IllegalStateException' })
  })

  test('keeps its topic from being removed', async () => {
    const { subscriber } = await started()
    subscribe(subscriber).close()
    const remove = () => subscriber.connection.removeDestination({ kind: 'topic', name: 'PRICES' })
    expect(remove).toThrow('Destination still has an active subscription')
    subscriber.connection.removeSubscription('shop', 'all')
    remove()
  })
})

test('after a restart everything is there, and what was acknowledged is not', async () => {
  const disk = new SimulatedDisk()
  const open = async (term: number) => {
    const store = createJournalStore({ disk })
    return started({ store, owner: soleOwner(term) })
  }
  const first = await open(1)
  subscribe(first.subscriber, { noLocal: true, subscriptionName: 'other' }).close()
  const consumer = subscribe(first.subscriber)
  await first.publish(5)
  await turns(20)
  expect(consumer.received).toEqual([1, 2, 3, 4, 5])
  consumer.acknowledge('individual', null, 1)
  first.subscriber.connection.begin('TX:1')
  consumer.acknowledge('standard', 0, 0, { transactionId: 'TX:1' })
  await turns(20)
  await first.harness.store.close()
  const second = await open(2)
  expect(second.harness.region.subscriptionsPage(0, 10).items).toEqual([
    expect.objectContaining({ subscriptionName: 'other', noLocal: true, pending: 5, active: false }),
    expect.objectContaining({ subscriptionName: 'all', noLocal: false, pending: 4, active: false }),
  ])
  const again = subscribe(second.subscriber)
  await turns(20)
  expect(again.received).toEqual([1, 3, 4, 5])
  second.publisher.send(topic, persistent)
  await turns(20)
  expect(again.received).toEqual([1, 3, 4, 5, 1])
  await second.harness.store.close()
})
