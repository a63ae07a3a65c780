// What another broker's bridge sends again after this broker has died: the next active knows it.
import { expect, test } from '@jest/globals'
import { defaultVirtualTopic } from '../../../broker/routing/virtual-destination.ts'
import { createJournalStore } from '../../support/journal-stores.ts'
import { SimulatedDisk } from '../../support/simulated-disk.ts'
import { soleOwner } from '../../support/sole-owner.ts'
import { durable } from '../../support/store-content.ts'
import { turns } from '../../support/turns.ts'
import { bridgeTo, takeAll } from './bridge-harness.ts'
import { RegionHarness, type HarnessOptions } from './region-harness.ts'

/** One active after the other, on one disk. */
class Actives {
  readonly #disk = new SimulatedDisk()
  readonly #options: HarnessOptions
  #term = 0
  #bridges = 0
  #now: RegionHarness | undefined

  constructor(options: HarnessOptions = {}) {
    this.#options = options
  }

  async next(): Promise<RegionHarness> {
    await this.#now?.store.close()
    const store = createJournalStore({ disk: this.#disk })
    const options = { virtualDestinations: [defaultVirtualTopic], ...this.#options }
    return (this.#now = await RegionHarness.start({ ...options, store, owner: soleOwner(++this.#term) }))
  }

  /** Over a new connection of A's bridge, which is answered. */
  async arrives(producerSequenceId: number, destination = 'queue://Q'): Promise<void> {
    const client = this.#now!.connect({ connectionId: `A->B:${++this.#bridges}`, network: true })
    const id = { producerId: 'ID:client-of-A:1:1', producerSequenceId }
    const sent = client.send(destination, { ...id, persistent: true, brokerPath: ['A'] })
    await this.written()
    expect(sent.state).toBe('done')
    client.connection.close()
  }

  async written(): Promise<void> {
    await durable(this.#now!.store)
    await this.#now!.settle()
  }
}

const actives = async (options: HarnessOptions = {}) => {
  const group = new Actives(options)
  return { group, first: await group.next() }
}

test('is known when it waits, and when it was consumed', async () => {
  const { group, first } = await actives()
  for (const number of [1, 2, 3]) await group.arrives(number)
  const consumer = first.connect().consume('queue://Q')
  consumer.acknowledge('individual', 0, 0)
  await group.written()
  const second = await group.next()
  for (const number of [1, 2, 3, 4]) await group.arrives(number)
  expect(second.of('queue://Q').size).toBe(3)
  const next = second.connect().consume('queue://Q')
  while (next.deliveries.length < 3) await turns(1)
  takeAll(next)
  await group.written()
  await group.next()
  const third = await group.next()
  for (const number of [4, 1, 2, 3]) await group.arrives(number)
  expect(third.of('queue://Q').size).toBe(0)
})

test('is known when its consumer was faster than the disk', async () => {
  const { group, first } = await actives({ concurrentStoreAndDispatchQueues: true })
  const consumer = first.connect().consume('queue://Q')
  const client = first.connect({ connectionId: 'A->B:0', network: true })
  const id = { producerId: 'ID:client-of-A:1:1', producerSequenceId: 1 }
  const sent = client.send('queue://Q', { ...id, persistent: true, brokerPath: ['A'] })
  takeAll(consumer)
  await group.written()
  expect([consumer.received, sent.state]).toEqual([[1], 'done'])
  const second = await group.next()
  await group.arrives(1)
  expect(second.of('queue://Q').size).toBe(0)
})

test('is another message when it has left over a bridge, and comes back', async () => {
  const { group, first } = await actives()
  await group.arrives(1)
  takeAll(bridgeTo(first, 'C', 2).demand('queue://Q'))
  await group.written()
  expect(first.of('queue://Q').size).toBe(0)
  const second = await group.next()
  await group.arrives(1)
  expect(second.of('queue://Q').size).toBe(1)
  await group.arrives(1)
  expect(second.of('queue://Q').size).toBe(1)
})

test('is the same that was on its way to another broker without an answer', async () => {
  const { group, first } = await actives()
  await group.arrives(1)
  expect(bridgeTo(first, 'C', 2).demand('queue://Q').received).toEqual([1])
  const second = await group.next()
  await group.arrives(1)
  expect(second.of('queue://Q').size).toBe(1)
})

test('is known in each queue that a virtual topic has put it into, and whatever its priority', async () => {
  const priorityPolicies = [{ kind: 'queue', pattern: '>', prioritizedMessages: true }] as const
  const { group, first } = await actives({ priorityPolicies })
  const queues = ['a', 'b'].map((name) => `queue://Consumer.${name}.VirtualTopic.T`)
  for (const queue of queues) first.connect().consume(queue)
  await group.arrives(1, 'topic://VirtualTopic.T')
  takeAll(bridgeTo(first, 'C', 2).demand(queues[1]!))
  await group.arrives(2, queues[0])
  await group.written()
  const second = await group.next()
  await group.arrives(2, queues[0])
  await group.arrives(1, 'topic://VirtualTopic.T')
  expect(queues.map((queue) => second.of(queue).size)).toEqual([2, 1])
})

test('is known to a topic that has kept it for a durable subscriber', async () => {
  const { group, first } = await actives()
  const subscribe = (harness: RegionHarness) =>
    harness.connect({ clientId: 'c' }).consume('topic://T', { subscriptionName: 's' })
  subscribe(first)
  await group.arrives(1, 'topic://T')
  const second = await group.next()
  await group.arrives(1, 'topic://T')
  const subscriber = subscribe(second)
  await group.written()
  expect(subscriber.received).toEqual([1])
})
