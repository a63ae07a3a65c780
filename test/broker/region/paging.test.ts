// Large queues: only a window of messages is in memory, the rest is read from the store as the window drains.
import { describe, expect, test } from '@jest/globals'
import { destinationLimits } from '../../../broker/destination/limits.ts'
import type {
  FoundMessage,
  MessageOwner,
  RecoveredState,
  Sequence,
  StoreOwner,
} from '../../../broker/store/message-store.ts'
import { MemoryStore } from '../../../broker/store/memory/memory-store.ts'
import { RegionHarness } from './region-harness.ts'
import type { TestConsumer } from './region-harness.ts'
import { queueHolder } from '../../../broker/store/held-message.ts'

/** Reads stay open until `serve`; messages can be there before the broker starts. */
class SlowStore extends MemoryStore {
  readonly reads: { after: Sequence; upTo: Sequence; maxMessages: number; maxBytes: number }[] = []
  readonly lost = new Set<Sequence>()
  failing = false
  #open: (() => void)[] = []
  #recovered: RecoveredState = { queues: [], subscriptions: [], arrivals: [], lastSequence: 0 }

  override async open(owner: StoreOwner): Promise<RecoveredState> {
    await super.open(owner)
    return this.#recovered
  }

  recovers(queue: string, messageCount: number, lastSequence: Sequence): void {
    this.#recovered = {
      queues: [{ name: queue, messageCount, messageBytes: 0 }],
      subscriptions: [],
      arrivals: [],
      lastSequence,
    }
  }

  override async read(
    holder: MessageOwner,
    after: Sequence,
    upTo: Sequence,
    maxMessages: number,
    maxBytes: number,
  ): Promise<readonly FoundMessage[]> {
    this.reads.push({ after, upTo, maxMessages, maxBytes })
    await new Promise<void>((resolve) => this.#open.push(resolve))
    if (this.failing) throw new Error('the disk is gone')
    const found = await super.read(holder, after, upTo, maxMessages, maxBytes)
    return found.filter(({ sequence }) => !this.lost.has(sequence))
  }

  serve(): void {
    for (const resolve of this.#open.splice(0)) resolve()
  }
}

const start = async (memoryLimit = 2 ** 30) => {
  const store = new SlowStore()
  const harness = await RegionHarness.start({ store, memoryLimit })
  const serveAll = async (): Promise<void> => {
    for (let i = 0; i < 50; i++) {
      store.serve()
      await harness.settle()
    }
  }
  return { store, harness, client: harness.connect(), serveAll }
}

const sequence = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i)

async function drain(consumer: TestConsumer, serveAll: () => Promise<void>): Promise<void> {
  for (let acknowledged = 0, idle = 0; idle < 2;) {
    const { length } = consumer.deliveries
    if (length > acknowledged) {
      consumer.acknowledge('standard', null, length - 1, { messageCount: length - acknowledged })
      acknowledged = length
      idle = 0
    } else idle++
    await serveAll()
  }
}

describe('a backlog', () => {
  const many = destinationLimits.windowMessages + 1500

  test('takes no memory beyond the window, and arrives complete and in order', async () => {
    const { harness, client, store, serveAll } = await start()
    for (let i = 0; i < many; i++) client.send('queue://Q', { persistent: true })
    await harness.settle()
    expect(harness.of('queue://Q')).toMatchObject({ size: many, memoryUsed: destinationLimits.windowMessages * 1024 })
    expect(store.reads).toEqual([])
    const consumer = client.consume('queue://Q', { prefetchSize: 100 })
    await drain(consumer, serveAll)
    expect(consumer.received).toEqual(sequence(1, many))
    expect(store.reads.every(({ maxMessages }) => maxMessages === destinationLimits.pageMessages)).toBe(true)
    expect(harness.of('queue://Q')).toMatchObject({ size: 0, memoryUsed: 0 })
    expect(store.statistics().messages).toBe(0)
  })

  test('goes on growing while it is read', async () => {
    const { client, harness, serveAll } = await start()
    for (let i = 0; i < many; i++) client.send('queue://Q', { persistent: true })
    await harness.settle()
    const consumer = client.consume('queue://Q', { prefetchSize: 5000 })
    for (let i = 0; i < 10; i++) client.send('queue://Q', { persistent: true })
    await harness.settle()
    await drain(consumer, serveAll)
    expect(consumer.received).toEqual(sequence(1, many + 10))
  })

  test('keeps non-persistent messages in their place behind it', async () => {
    const { client, harness, serveAll } = await start()
    for (let i = 0; i < many; i++) client.send('queue://Q', { persistent: true })
    await harness.settle()
    client.send('queue://Q')
    client.send('queue://Q', { persistent: true })
    await harness.settle()
    const consumer = client.consume('queue://Q', { prefetchSize: 5000 })
    await drain(consumer, serveAll)
    expect(consumer.received).toEqual(sequence(1, many + 2))
  })

  test('expires without any consumer; what has not expired costs no memory', async () => {
    const { harness, client, serveAll } = await start(200 * 1024)
    for (let i = 0; i < 140; i++) client.send('queue://FULL')
    const expiration = harness.clock.nowMs() + 1000
    for (let i = 0; i < 2; i++) client.send('queue://Q', { persistent: true, expiration })
    client.send('queue://Q', { persistent: true })
    await harness.settle()
    expect(harness.of('queue://Q')).toMatchObject({ size: 3, memoryUsed: 0 })
    const filler = client.consume('queue://FULL')
    filler.acknowledge('standard', null, 139)
    harness.clock.advance(destinationLimits.expirySweepMs)
    await serveAll()
    expect(harness.of('queue://Q')).toMatchObject({ size: 1, expired: 2, memoryUsed: 0 })
    expect(harness.of('queue://ActiveMQ.DLQ').size).toBe(2)
    const consumer = client.consume('queue://Q')
    await serveAll()
    expect(consumer.received).toEqual([143])
  })

  test('expires behind a window in which nothing does, and is read again only when something can have expired', async () => {
    const { harness, client, store, serveAll } = await start()
    const { windowMessages, expirySweepMs } = destinationLimits
    const expiration = harness.clock.nowMs() + 1.5 * expirySweepMs
    for (let i = 0; i < windowMessages + 20; i++) client.send('queue://Q', { persistent: true })
    for (let i = 0; i < 30; i++) client.send('queue://Q', { persistent: true, expiration })
    await harness.settle()
    client.send('queue://Q')
    const sweep = async (): Promise<number> => {
      harness.clock.advance(expirySweepMs)
      await serveAll()
      return store.reads.splice(0).length
    }
    expect(await sweep()).toBe(0)
    expect(await sweep()).toBe(1)
    expect(harness.of('queue://Q')).toMatchObject({ size: windowMessages + 21, expired: 30, inFlight: 0 })
    expect(harness.of('queue://Q').memoryUsed).toBe((windowMessages + 1) * 1024)
    expect(harness.of('queue://ActiveMQ.DLQ').size).toBe(30)
    expect(await sweep()).toBe(0)
    const consumer = client.consume('queue://Q', { prefetchSize: 5000 })
    await drain(consumer, serveAll)
    expect(consumer.received).toEqual([...sequence(1, windowMessages + 20), windowMessages + 51])
    expect(harness.errors).toEqual([])
  })

  test('of many pages expires some pages with each sweep, each of which goes on where the one before it ended', async () => {
    const { pageMessages, expirySweepMessages, expirySweepMs } = destinationLimits
    const store = new SlowStore()
    const pages = expirySweepMessages / pageMessages + 3
    const count = pages * pageMessages
    store.recovers('Q', count, count)
    const harness = await RegionHarness.start({ store })
    const client = harness.connect()
    const message = (expiration: number): Buffer => client.message('queue://Q', { persistent: true, expiration }).bytes
    const [lasting, expired] = [message(0), message(harness.clock.nowMs() + 1)]
    for (let at = 1; at <= count; at++)
      store.add(
        {
          holder: queueHolder('Q'),
          bytes: at > count - 10 ? expired : lasting,
          producerId: 'p',
          producerSequenceId: at,
        },
        at,
      )
    const sweep = async (): Promise<number> => {
      harness.clock.advance(expirySweepMs)
      for (let i = 0; i < 50; i++) {
        store.serve()
        await harness.settle()
      }
      return store.reads.splice(0).length
    }
    expect(await sweep()).toBe(pages - 3)
    expect(harness.of('queue://Q').expired).toBe(0)
    expect(await sweep()).toBe(3)
    expect(harness.of('queue://Q')).toMatchObject({ expired: 10, size: count - 10, memoryUsed: 0 })
    expect(await sweep()).toBe(0)
  })

  test('that is being looked through for expired messages is given to a consumer all the same', async () => {
    const { harness, client, store, serveAll } = await start(200 * 1024)
    for (let i = 0; i < 140; i++) client.send('queue://FULL')
    const expiration = harness.clock.nowMs() + 1000
    for (let i = 0; i < 5; i++) client.send('queue://Q', { persistent: true, expiration: i % 2 ? expiration : 0 })
    await harness.settle()
    harness.clock.advance(destinationLimits.expirySweepMs)
    await harness.settle()
    expect(store.reads).toHaveLength(1)
    const consumer = client.consume('queue://Q')
    client.send('queue://Q', { persistent: true })
    await serveAll()
    expect(consumer.received).toEqual([141, 143, 145, 146])
    expect(harness.of('queue://Q')).toMatchObject({ size: 4, expired: 2 })
    expect(harness.errors).toEqual([])
  })

  test('found at the start of the broker is read on demand', async () => {
    const store = new SlowStore()
    store.recovers('Q', 3, 30)
    const harness = await RegionHarness.start({ store })
    const client = harness.connect()
    for (const at of [10, 20, 30])
      store.add(
        {
          holder: queueHolder('Q'),
          bytes: client.message('queue://Q', { persistent: true }).bytes,
          producerId: 'ID:p:1:1',
          producerSequenceId: at,
        },
        at,
      )
    expect(harness.of('queue://Q').size).toBe(3)
    expect(store.reads).toEqual([])
    const consumer = client.consume('queue://Q')
    store.serve()
    await harness.settle()
    expect(consumer.deliveries.map((delivery) => delivery.sequence)).toEqual([10, 20, 30])
    client.send('queue://Q', { persistent: true })
    await harness.settle()
    expect(consumer.deliveries.at(-1)!.sequence).toBe(31)
  })
})

describe('while memory is short', () => {
  test('bodies leave it with their dispatch, and come back when the message does', async () => {
    const { store, harness, client, serveAll } = await start(20 * 1024)
    for (let i = 0; i < 18; i++) client.send('queue://FULL')
    for (let i = 0; i < 5; i++) client.send('queue://Q', { persistent: true })
    await harness.settle()
    expect(harness.of('queue://Q')).toMatchObject({ size: 5, memoryUsed: 0 })
    const first = client.consume('queue://Q', { prefetchSize: 3 })
    await serveAll()
    expect(first.deliveries).toHaveLength(3)
    first.close(-2)
    const second = client.consume('queue://Q')
    await serveAll()
    expect(second.received).toEqual([19, 20, 21, 22, 23])
    expect(second.deliveries.map(({ redeliveryCounter }) => redeliveryCounter)).toEqual([1, 1, 1, 0, 0])
    expect(harness.of('queue://Q')).toMatchObject({ inFlight: 5, memoryUsed: 0 })
    store.failing = true
    second.acknowledge('poison', null, 4)
    await serveAll()
    expect(harness.of('queue://Q').inFlight).toBe(5)
    store.failing = false
    harness.clock.advance(destinationLimits.readRetryMs)
    await serveAll()
    expect(harness.of('queue://ActiveMQ.DLQ').size).toBe(5)
  })
})

describe('reads', () => {
  const withBacklog = async () => {
    const { store, harness, client, serveAll } = await start(1024)
    for (let i = 0; i < 4; i++) client.send('queue://Q', { persistent: true })
    await harness.settle()
    return { store, harness, client, serveAll }
  }

  test('a pull that will not wait is answered when the read is done', async () => {
    const { store, harness, client } = await withBacklog()
    const consumer = client.consume('queue://Q', { prefetchSize: 0 })
    client.connection.pull(consumer.consumerId, -1)
    expect(consumer.nothings).toBe(0)
    store.serve()
    await harness.settle()
    expect([consumer.received, consumer.nothings]).toEqual([[1], 0])
  })

  test('what the store has lost is missed by nobody for ever: the count is set right', async () => {
    const { store, harness, client, serveAll } = await withBacklog()
    for (let at = 1; at <= 4; at++) store.lost.add(at)
    const consumer = client.consume('queue://Q', { prefetchSize: 0 })
    client.connection.pull(consumer.consumerId, -1)
    await serveAll()
    expect([consumer.received, consumer.nothings]).toEqual([[], 1])
    expect(harness.of('queue://Q').size).toBe(0)
  })

  test('a message that expires while its body is read is not missed', async () => {
    const { store, harness, client, serveAll } = await start(20 * 1024)
    for (let i = 0; i < 18; i++) client.send('queue://FULL')
    const expiration = harness.clock.nowMs() + 1000
    client.send('queue://Q', { persistent: true, expiration })
    await harness.settle()
    const first = client.consume('queue://Q')
    await serveAll()
    first.close(-2)
    client.consume('queue://Q')
    harness.clock.advance(destinationLimits.expirySweepMs)
    await serveAll()
    expect(harness.of('queue://Q')).toMatchObject({ size: 0, expired: 1 })
    expect(harness.of('queue://ActiveMQ.DLQ').size).toBe(1)
    expect(store.statistics().messages).toBe(1)
    expect(harness.errors).toEqual([])
  })

  test('a failed one is tried again', async () => {
    const { store, harness, client, serveAll } = await withBacklog()
    store.failing = true
    const consumer = client.consume('queue://Q')
    await serveAll()
    expect(store.reads).toHaveLength(1)
    store.failing = false
    harness.clock.advance(destinationLimits.readRetryMs)
    await serveAll()
    expect(consumer.received).toEqual([1, 2, 3, 4])
  })
})

describe('behind messages that nobody takes', () => {
  const own = 5000

  /** A queue with messages of `a`, which wants none of its own, and behind them ten of `b`. */
  const refused = async () => {
    const { harness, store, serveAll } = await start()
    const [a, b] = [harness.connect(), harness.connect()]
    const consumer = a.consume('queue://Q', { noLocal: true, prefetchSize: 100 })
    for (let i = 0; i < own; i++) a.send('queue://Q', { persistent: true })
    for (let i = 0; i < 10; i++) b.send('queue://Q', { persistent: true })
    await serveAll()
    return { harness, store, serveAll, a, b, consumer }
  }

  test('a consumer gets what it wants, and whoever comes then gets the rest, in order', async () => {
    const { harness, serveAll, consumer } = await refused()
    expect(consumer.received).toEqual(sequence(1, 10))
    expect(harness.of('queue://Q').memoryUsed).toBeLessThanOrEqual((destinationLimits.windowMessages + 10) * 1024)
    consumer.acknowledge('standard', null, 9)
    const next = harness.connect().consume('queue://Q', { prefetchSize: 700 })
    await drain(next, serveAll)
    expect(next.received).toEqual(sequence(1, own))
    expect(harness.of('queue://Q')).toMatchObject({ size: 0, memoryUsed: 0 })
    expect([harness.errors, harness.region.memory().used]).toEqual([[], 0])
  })

  test('the store is not read again for what was refused, only what is new is looked at', async () => {
    const { store, serveAll, a, b, consumer } = await refused()
    store.reads.length = 0
    for (let i = 0; i < 20; i++) {
      a.send('queue://Q', { persistent: true })
      b.send('queue://Q', { persistent: true })
      await serveAll()
    }
    expect(consumer.received).toEqual(sequence(1, 30))
    expect(store.reads).toEqual([])
  })

  test('those that were given back are found without reading what lies before them', async () => {
    const { store, serveAll, a, consumer } = await refused()
    const second = a.consume('queue://Q', { noLocal: true, prefetchSize: 100 })
    await serveAll()
    expect(second.received).toEqual([])
    store.reads.length = 0
    consumer.close(-2)
    await serveAll()
    expect(second.received).toEqual(sequence(1, 10))
    expect(second.deliveries.every(({ redeliveryCounter }) => redeliveryCounter === 1)).toBe(true)
    expect(store.reads).toEqual([])
  })

  test('a consumer with a small window does not cost a read with each message', async () => {
    const { harness, store, serveAll } = await start()
    const [a, b] = [harness.connect(), harness.connect()]
    for (let i = 0; i < own; i++) a.send('queue://Q', { persistent: true })
    for (let i = 0; i < 100; i++) b.send('queue://Q', { persistent: true })
    await harness.settle()
    const consumer = a.consume('queue://Q', { noLocal: true, prefetchSize: 1 })
    await serveAll()
    expect(consumer.received).toEqual([1])
    store.reads.length = 0
    await drain(consumer, serveAll)
    expect(consumer.received).toEqual(sequence(1, 100))
    expect(store.reads.length).toBeLessThanOrEqual(2)
    expect(harness.of('queue://Q').size).toBe(own)
  })

  test('non-persistent ones keep their place, and expired ones leave', async () => {
    const { harness, serveAll, a, b, consumer } = await refused()
    const expiration = harness.clock.nowMs() + 1000
    b.send('queue://Q')
    a.send('queue://Q')
    a.send('queue://Q', { persistent: true, expiration })
    b.send('queue://Q', { persistent: true })
    await serveAll()
    expect(consumer.received).toEqual(sequence(1, 12))
    consumer.acknowledge('standard', null, 11)
    harness.clock.advance(destinationLimits.expirySweepMs)
    await serveAll()
    expect(harness.of('queue://Q')).toMatchObject({ size: own + 1, expired: 1 })
    const next = harness.connect().consume('queue://Q', { prefetchSize: 700 })
    await drain(next, serveAll)
    expect(next.received).toEqual(sequence(1, own + 1))
    expect(harness.errors).toEqual([])
  })
})
