// A message that goes back to the broker that it came from, which may not have heard yet that it was here. ActiveMQ takes both for the
// same message then, and loses them; brokers of ours tell them apart.
import { describe, expect, test } from '@jest/globals'
import { MemoryStore } from '../../../broker/store/memory/memory-store.ts'
import { lastingStore } from '../../support/lasting-store.ts'
import { bridgeTo, takeAll } from './bridge-harness.ts'
import { RegionHarness, type HarnessOptions, type TestConsumer, type TestSend } from './region-harness.ts'

const graceMs = 1000

const fromA = (number: number, options: TestSend = {}): TestSend => ({
  producerId: 'ID:client-of-A:1:1',
  producerSequenceId: number,
  persistent: true,
  brokerPath: ['A'],
  ...options,
})

/** A's bridge to here, and what a bridge to A, which is none of ours, gets back. */
const start = async (options: HarnessOptions = {}) => {
  const harness = await RegionHarness.start({ store: lastingStore(), ...options })
  let connections = 0
  const arrives = (number: number, more: TestSend = {}) => {
    const client = harness.connect({ connectionId: `A->B:${++connections}`, network: true })
    return { client, answer: client.send('queue://Q', fromA(number, more)) }
  }
  const filter = { brokerId: 'A', messageTTL: 2, returnGraceMs: graceMs }
  const demand = (): TestConsumer =>
    bridgeTo(harness, 'A').demand('queue://Q', { network: { brokerPath: ['A'], filter } })
  return { harness, arrives, demand }
}

describe('to a broker that is none of ours', () => {
  test('it goes back some time after it was answered, and nobody has to ask', async () => {
    const { harness, arrives, demand } = await start()
    const back = demand()
    arrives(1)
    await harness.settle()
    harness.clock.advance(600)
    arrives(2)
    await harness.settle()
    harness.clock.advance(graceMs - 601)
    expect(back.received).toEqual([])
    harness.clock.advance(1)
    expect(back.received).toEqual([1])
    harness.clock.advance(600)
    expect(back.received).toEqual([1, 2])
  })

  test('not before it was answered, however long that takes; and what came from elsewhere goes at once', async () => {
    const { harness, arrives, demand } = await start({ concurrentStoreAndDispatchQueues: true })
    const slow = harness.store
    const held: (() => void)[] = []
    Object.assign(slow, { addDispatched: addLater(slow, held) })
    const back = demand()
    const { answer } = arrives(1)
    arrives(2, { brokerPath: ['C'] })
    await harness.settle()
    harness.clock.advance(10 * graceMs)
    expect([answer.state, back.received]).toEqual(['pending', [2]])
    for (const settle of held) settle()
    await harness.settle()
    harness.clock.advance(graceMs - 1)
    expect([answer.state, back.received]).toEqual(['done', [2]])
    harness.clock.advance(graceMs)
    expect(back.received).toEqual([2, 1])
  })

  test('when it was sent again, some time after it was answered again', async () => {
    const { harness, arrives, demand } = await start()
    arrives(1).client.connection.close()
    await harness.settle()
    harness.clock.advance(10 * graceMs)
    arrives(1)
    await harness.settle()
    const back = demand()
    harness.clock.advance(graceMs - 1)
    expect(back.received).toEqual([])
    harness.clock.advance(1)
    expect(back.received).toEqual([1])
  })

  test('not while it keeps the message for a broker without a store, and when its bridge has gone', async () => {
    const { harness, arrives, demand } = await start({ store: new MemoryStore() })
    const { client, answer } = arrives(1)
    const back = demand()
    await harness.settle()
    harness.clock.advance(10 * graceMs)
    expect([answer.state, back.received]).toEqual(['pending', []])
    client.connection.close()
    harness.clock.advance(graceMs)
    expect(back.received).toEqual([1])
  })

  test('at once when it was answered long ago', async () => {
    const { harness, arrives, demand } = await start()
    arrives(1)
    await harness.settle()
    harness.clock.advance(graceMs)
    expect(demand().received).toEqual([1])
  })
})

describe('to a broker of ours', () => {
  test('it goes back at once', async () => {
    const { harness, arrives } = await start()
    const back = bridgeTo(harness, 'A').demand('queue://Q')
    arrives(1)
    await harness.settle()
    expect(back.received).toEqual([1])
  })

  test('which has its own of it until it is answered, and then the one that came back', async () => {
    const { harness } = await start()
    const client = harness.connect()
    client.send('queue://Q', { ...fromA(1), brokerPath: [] })
    await harness.settle()
    const away = bridgeTo(harness, 'B').demand('queue://Q', { prefetchSize: 1 })
    expect(away.received).toEqual([1])
    const returned = harness.connect({ network: true }).send('queue://Q', fromA(1, { brokerPath: ['A', 'B'] }))
    await harness.settle()
    expect([returned.state, harness.of('queue://Q').size]).toEqual(['done', 2])
    away.acknowledge('individual', 0, 0)
    away.close()
    await harness.settle()
    const consumer = harness.connect().consume('queue://Q')
    expect([consumer.received, harness.of('queue://Q').size]).toEqual([[1], 1])
  })

  test('also when it is on its way there once more, over the same bridge, before the first answer', async () => {
    const { harness } = await start()
    harness.connect().send('queue://Q', { ...fromA(1), brokerPath: [] })
    await harness.settle()
    const away = bridgeTo(harness, 'B').demand('queue://Q')
    const back = harness.connect({ connectionId: 'B->A', network: true })
    for (let round = 0; round < 3; round++) {
      back.send('queue://Q', fromA(1, { brokerPath: ['A', 'B'] }))
      await harness.settle()
    }
    expect(away.deliveries.length).toBeGreaterThan(1)
    const { size } = harness.of('queue://Q')
    away.acknowledge('individual', 0, 0)
    await harness.settle()
    expect(harness.of('queue://Q').size).toBe(size - 1)
    takeAll(away)
    await harness.settle()
    expect(harness.of('queue://Q').size).toBe(size - away.deliveries.length)
  })
})

/** Settles what it stores ahead only when a test says so. */
const addLater =
  (store: RegionHarness['store'], held: (() => void)[]): RegionHarness['store']['addDispatched'] =>
  (message, sequence, settled) => {
    store.add(message, sequence)
    held.push(settled)
  }
