import { describe, expect, test } from '@jest/globals'
import { ManualClock } from '../../../broker/base/manual-clock.ts'
import { NetworkArrivals } from '../../../broker/region/network-arrivals.ts'
import { defaultVirtualTopic } from '../../../broker/routing/virtual-destination.ts'
import { lastingStore } from '../../support/lasting-store.ts'
import { testMessage } from '../../support/test-message.ts'
import { bridgeTo, takeAll } from './bridge-harness.ts'
import { RegionHarness, type HarnessOptions, type Outcome, type TestClient, type TestSend } from './region-harness.ts'

const queue = { kind: 'queue', name: 'Q' } as const

const fromA = (number: number, options: TestSend = {}): TestSend => ({
  producerId: 'ID:client-of-A:1:1',
  producerSequenceId: number,
  persistent: true,
  brokerPath: ['A'],
  ...options,
})

const start = async (options: HarnessOptions = {}) => {
  const harness = await RegionHarness.start({ virtualDestinations: [defaultVirtualTopic], ...options })
  const bridge = (connectionId: string) => harness.connect({ connectionId, network: true })
  return { harness, bridge, size: (name = 'queue://Q') => harness.of(name).size }
}

describe('what a bridge sends again after a restart', () => {
  test('is answered when it is durable, and dropped', async () => {
    const { harness, bridge, size } = await start({ store: lastingStore() })
    const first = bridge('A->B:1').send('queue://Q', fromA(1))
    const second = bridge('A->B:2').send('queue://Q', fromA(1))
    expect([first.state, second.state]).toEqual(['pending', 'pending'])
    await harness.settle()
    expect([first.state, second.state, size()]).toEqual(['done', 'done', 1])
  })

  test('is kept there until it is consumed here, by one of those who have sent it, where the store forgets', async () => {
    const { harness } = await start()
    const over = (connectionId: string) => {
      const client = harness.connect({ connectionId, network: true })
      return { client, answer: client.send('queue://Q', fromA(1)) }
    }
    const one = over('A->B:1')
    await harness.settle()
    const two = over('C->B:1')
    await harness.settle()
    expect([one.answer.state, two.answer.state]).toEqual(['pending', 'done'])
    one.client.connection.close()
    const again = over('A->B:2')
    await harness.settle()
    const three = over('C->B:2')
    await harness.settle()
    expect([again.answer.state, three.answer.state]).toEqual(['pending', 'done'])
    takeAll(harness.connect().consume('queue://Q'))
    await harness.settle()
    expect(again.answer.state).toBe('done')
  })

  test('is known by its message id and where it goes, and also when it was consumed here', async () => {
    const { harness, bridge, size } = await start()
    const consumer = harness.connect().consume('queue://Q')
    const one = bridge('A->B:1')
    for (const number of [1, 2]) one.send('queue://Q', fromA(number))
    await harness.settle()
    takeAll(consumer)
    const two = bridge('A->B:2')
    for (const number of [2, 1, 3]) two.send('queue://Q', fromA(number))
    two.send('queue://R', fromA(1))
    await harness.settle()
    expect(consumer.received).toEqual([1, 2, 3])
    expect([size(), size('queue://R')]).toEqual([1, 1])
  })

  test('goes to several destinations once, too', async () => {
    const { harness, bridge, size } = await start()
    const consumers = ['a', 'b'].map((name) => harness.connect().consume(`queue://Consumer.${name}.VirtualTopic.T`))
    for (const connection of ['A->B:1', 'A->B:2']) bridge(connection).send('topic://VirtualTopic.T', fromA(1))
    await harness.settle()
    expect(consumers.map(({ received }) => received)).toEqual([[1], [1]])
    expect(size('queue://Consumer.a.VirtualTopic.T')).toBe(1)
  })

  test('is taken when it did not come in before: it was held back, or came from a client', async () => {
    const { harness, bridge, size } = await start()
    harness.connect().send('queue://Q', fromA(1, { brokerPath: [] }))
    bridge('A->B:1').send('queue://Q', fromA(1))
    await harness.settle()
    expect(size()).toBe(2)
  })

  test('is not looked for among what is not stored, nor within one connection', async () => {
    const { harness, bridge, size } = await start()
    for (const connection of ['A->B:1', 'A->B:2']) bridge(connection).send('queue://Q', fromA(1, { persistent: false }))
    const one = bridge('A->B:3')
    for (let i = 0; i < 2; i++) one.send('queue://Q', fromA(7))
    await harness.settle()
    expect(size()).toBe(4)
  })
})

describe('a broker without a store answers another one', () => {
  /** What a bridge sends whose connection is lost, and once more over the next one, which is answered. */
  const sendTwice = (bridge: (id: string) => TestClient, options: TestSend = {}): Outcome => {
    const lost = bridge('A->B:1')
    lost.send('queue://Q', fromA(1, options))
    lost.connection.close()
    return bridge('A->B:2').send('queue://Q', fromA(1, options))
  }
  const states = (...outcomes: Outcome[]): string[] => outcomes.map(({ state }) => state)

  test('when the message is consumed, also where it came again, and delivers it once', async () => {
    const { harness, bridge } = await start()
    const repeated = sendTwice(bridge)
    const consumer = harness.connect().consume('queue://Q')
    await harness.settle()
    expect([consumer.received, repeated.state]).toEqual([[1], 'pending'])
    takeAll(consumer)
    await harness.settle()
    expect([consumer.received, repeated.state]).toEqual([[1], 'done'])
  })

  test('when it has expired', async () => {
    const { harness, bridge } = await start()
    const repeated = sendTwice(bridge, { expiration: harness.clock.nowMs() + 1000 })
    await harness.settle()
    expect(repeated.state).toEqual('pending')
    harness.clock.advance(60_000)
    await harness.settle()
    expect(repeated.state).toEqual('done')
  })

  test('when its queue is deleted', async () => {
    const { harness, bridge } = await start()
    const repeated = sendTwice(bridge)
    await harness.settle()
    harness.connect().connection.removeDestination(queue)
    await harness.settle()
    expect(repeated.state).toEqual('done')
  })

  test('when a further broker has it', async () => {
    const { harness, bridge } = await start()
    const repeated = sendTwice(bridge)
    await harness.settle()
    takeAll(bridgeTo(harness, 'C', 2).demand('queue://Q'))
    await harness.settle()
    expect(repeated.state).toBe('done')
  })

  test('at once when it came again after it was consumed, or is not persistent, or nobody listens to its topic', async () => {
    const { harness, bridge } = await start()
    const consumer = harness.connect().consume('queue://Q')
    bridge('A->B:1').send('queue://Q', fromA(1))
    await harness.settle()
    takeAll(consumer)
    const later = bridge('A->B:2')
    const outcomes = [
      later.send('queue://Q', fromA(1)),
      later.send('queue://R', fromA(2, { persistent: false })),
      later.send('topic://T', fromA(3)),
    ]
    await harness.settle()
    expect([states(...outcomes), consumer.received]).toEqual([['done', 'done', 'done'], [1]])
  })

  test('a client is answered at once', async () => {
    const { harness } = await start()
    const sent = harness.connect().send('queue://Q', { persistent: true })
    await harness.settle()
    expect(sent.state).toBe('done')
  })
})

describe('a message that left over a bridge and comes back', () => {
  test('is here again, as often as that happens', async () => {
    const { harness, bridge, size } = await start()
    for (let round = 1; round <= 3; round++) {
      bridge(`A->B:${round}`).send('queue://Q', fromA(1))
      await harness.settle()
      expect(size()).toBe(1)
      const back = bridgeTo(harness, 'A')
      const demand = back.demand('queue://Q')
      expect(demand.received).toEqual([1])
      takeAll(demand)
      back.client.connection.close()
      await harness.settle()
      expect(size()).toBe(0)
    }
  })

  test('is here again on the broker that it began at', async () => {
    const { harness, bridge, size } = await start()
    const client = harness.connect()
    client.send('queue://Q', { persistent: true })
    await harness.settle()
    const away = bridgeTo(harness, 'B').demand('queue://Q')
    takeAll(away)
    away.close()
    await harness.settle()
    const [{ message } = { message: undefined }] = away.deliveries
    const { producerId, producerSequenceId } = message!
    bridge('B->A:1').send('queue://Q', { producerId, producerSequenceId, persistent: true, brokerPath: ['A', 'B'] })
    await harness.settle()
    expect(size()).toBe(1)
    expect(harness.connect().consume('queue://Q').received).toEqual([1])
  })

  test('has not left a topic, whose other subscribers have it', async () => {
    const { harness, bridge } = await start()
    const durable = harness.connect({ clientId: 'c' }).consume('topic://T', { subscriptionName: 's' })
    const demand = bridgeTo(harness, 'C', 2).demand('topic://T')
    for (const connection of ['A->B:1', 'A->B:2']) {
      bridge(connection).send('topic://T', fromA(1))
      await harness.settle()
    }
    expect([durable.received, demand.received]).toEqual([[1], [1]])
  })
})

test('a client that fails over to this broker sends what never came here, although later ones of its came over a bridge', async () => {
  const { harness, bridge, size } = await start()
  const producerId = 'ID:client:1:1'
  bridge('A->B:1').send('queue://Q', fromA(11, { producerId }))
  await harness.settle()
  const client = harness.connect({ failoverReconnect: true })
  client.send('queue://Q', { producerId, producerSequenceId: 10, persistent: true })
  await harness.settle()
  expect(size()).toBe(2)
  client.send('queue://Q', { producerId, producerSequenceId: 10, persistent: true })
  await harness.settle()
  expect(size()).toBe(2)
})

test('the oldest are forgotten', () => {
  const arrivals = new NetworkArrivals(() => true, new ManualClock(), 10)
  const arrives = (number: number, connection: string): boolean => {
    const message = testMessage({ destination: queue, producerSequenceId: number, brokerPath: ['A'] })
    const isNew = arrivals.find(connection, message, queue) === undefined
    if (isNew) arrivals.note(connection, message, queue, number, () => {})
    return isNew
  }
  for (let number = 1; number <= 20; number++) expect(arrives(number, 'one')).toBe(true)
  for (let number = 16; number <= 20; number++) expect(arrives(number, 'two')).toBe(false)
  expect(arrives(1, 'two')).toBe(true)
})
