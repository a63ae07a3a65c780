// Memory without a temp store: what waits when a queue has its share of it, and that nothing waits for ever. A test message
// without body counts 1024 bytes.
import { describe, expect, test } from '@jest/globals'
import { silentLogger } from '../../../broker/base/logger.ts'
import { ManualClock } from '../../../broker/base/manual-clock.ts'
import type { AfterSync } from '../../../broker/region/after-sync.ts'
import { FlowControl, SenderAccount } from '../../../broker/region/flow-control.ts'
import { Intake } from '../../../broker/region/intake.ts'
import { connectionLimits } from '../../../broker/region/limits.ts'
import { MemoryStore } from '../../../broker/store/memory/memory-store.ts'
import { RegionHarness, type HarnessOptions } from './region-harness.ts'

const kib = 1024

describe('when a queue has filled its share of memory', () => {
  const full = async () => {
    const harness = await RegionHarness.start({ memoryLimit: 10 * kib })
    const producer = harness.connect()
    for (let i = 0; i < 9; i++) expect(producer.send('queue://Q').state).toBe('done')
    return { harness, producer }
  }

  test('sends wait, in order, and go on with each message that is consumed', async () => {
    const { harness, producer } = await full()
    const waiting = [producer.send('queue://Q'), producer.send('queue://Q', { persistent: true })]
    await harness.settle()
    expect(waiting.map(({ state }) => state)).toEqual(['pending', 'pending'])
    expect(harness.region.memory()).toEqual({ used: 9 * kib, limit: 10 * kib, blockedConnections: 1 })

    const consumer = harness.connect().consume('queue://Q', { prefetchSize: 10 })
    consumer.acknowledge('standard', null, 0)
    await harness.settle()
    expect(waiting.map(({ state }) => state)).toEqual(['done', 'done'])
    expect(consumer.received).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
    expect(harness.region.memory().blockedConnections).toBe(0)
  })

  test('persistent messages of other producers do not wait: they are in the store', async () => {
    const { harness, producer } = await full()
    const waiting = producer.send('queue://Q')
    const sent = harness.connect().send('queue://Q', { persistent: true })
    await harness.settle()
    expect([waiting.state, sent.state]).toEqual(['pending', 'done'])
    expect(harness.region.memory().used).toBe(9 * kib)
  })

  test('senders to other queues do not wait', async () => {
    const { harness, producer } = await full()
    const waiting = producer.send('queue://Q')
    expect([waiting.state, harness.connect().send('queue://other').state]).toEqual(['pending', 'done'])
  })

  test('topics go on as long as nobody has to keep the message', async () => {
    const { harness, producer } = await full()
    const other = harness.connect()
    const fast = other.consume('topic://T')
    expect(other.send('topic://T').state).toBe('done')
    other.consume('topic://T', { prefetchSize: 0 })
    expect([other.send('topic://T').state, other.send('topic://T').state]).toEqual(['done', 'pending'])
    expect(fast.received).toEqual([1, 2])
    expect(producer.flow).toEqual([])
  })

  test('a connection that goes on sending is not read any more, until there is room', async () => {
    const { harness, producer } = await full()
    const count = connectionLimits.heldBackBytes / kib
    const held = Array.from({ length: count }, () => producer.send('queue://Q'))
    expect(producer.flow).toEqual(['pause'])
    const consumer = harness.connect().consume('queue://Q', { prefetchSize: 100_000 })
    for (let i = 0; i < 9 + count; i++) consumer.acknowledge('standard', null, i, { messageCount: 1, first: null })
    expect(producer.flow).toEqual(['pause', 'resume'])
    expect(held.every(({ state }) => state === 'done')).toBe(true)
    expect(consumer.received).toEqual(Array.from({ length: 9 + count }, (_, i) => i + 1))
  })

  test('a connection that closes leaves nothing behind', async () => {
    const { harness, producer } = await full()
    const waiting = producer.send('queue://Q')
    producer.connection.close()
    expect(waiting).toMatchObject({ state: 'failed', className: 'javax.jms.ResourceAllocationException' })
    expect(harness.region.memory().blockedConnections).toBe(0)
    expect(harness.of('queue://Q').size).toBe(9)
  })

  test('a connection that blocks its own acknowledgements is read again after a while; its waiting sends are refused', async () => {
    const harness = await RegionHarness.start({ memoryLimit: 10 * kib })
    const both = harness.connect()
    const consumer = both.consume('queue://Q', { prefetchSize: 10 })
    for (let i = 0; i < 9; i++) both.send('queue://Q')
    const count = connectionLimits.heldBackBytesOfConsumers / kib
    const held = Array.from({ length: count }, () => both.send('queue://Q'))
    expect(both.flow).toEqual(['pause'])
    harness.clock.advance(connectionLimits.blockedConsumerTimeoutMs)
    expect(both.flow).toEqual(['pause', 'resume'])
    expect(held[0]).toMatchObject({ message: expect.stringMatching(/send and consume on separate connections/) })
    consumer.acknowledge('standard', null, 8)
    expect(both.send('queue://Q').state).toBe('done')
  })
})

describe('transactions', () => {
  test('hold memory from the send on; the commit waits for what others hold, never for itself', async () => {
    const harness = await RegionHarness.start({ memoryLimit: 10 * kib })
    const client = harness.connect()
    const consumer = harness.connect().consume('queue://Q', { prefetchSize: 1 })
    client.connection.begin('TX:1')
    for (let i = 0; i < 2; i++) client.send('queue://Q', { transactionId: 'TX:1' })
    expect(harness.region.memory().used).toBe(2 * kib)
    for (let i = 0; i < 8; i++) client.send('queue://Q')
    const committed = client.outcome((done) => client.connection.commit('TX:1', done))
    expect(committed.state).toBe('done')
    consumer.acknowledge('standard', null, 0)
    expect(harness.region.memory().used).toBe(9 * kib)
  })

  test('are refused what would take too much', async () => {
    const harness = await RegionHarness.start({ memoryLimit: 10 * kib })
    const client = harness.connect()
    client.connection.begin('TX:1')
    const sent = Array.from({ length: 3 }, () => client.send('queue://Q', { transactionId: 'TX:1' }))
    expect(sent.map(({ state }) => state)).toEqual(['done', 'done', 'failed'])
    expect(sent[2]).toMatchObject({ className: 'javax.jms.ResourceAllocationException' })
  })

  test('a commit that waits is rolled back with its connection', async () => {
    const harness = await RegionHarness.start({ memoryLimit: 10 * kib })
    const client = harness.connect()
    client.connection.begin('TX:1')
    client.send('queue://Q', { transactionId: 'TX:1' })
    const other = harness.connect()
    for (let i = 0; i < 8; i++) other.send('queue://Q')
    other.connection.begin('TX:2')
    other.send('queue://Q', { transactionId: 'TX:2' })
    const committed = client.outcome((done) => client.connection.commit('TX:1', done))
    expect(committed.state).toBe('pending')
    client.connection.close()
    expect(committed).toMatchObject({ className: 'javax.jms.TransactionRolledBackException' })
    expect(harness.of('queue://Q').size).toBe(8)
  })
})

test('whoever writes faster than the disk is not read until it has caught up', async () => {
  let sync = (): void => {}
  class Disk extends MemoryStore {
    readonly #callbacks: (() => void)[] = []
    override whenDurable(callback: () => void): void {
      this.#callbacks.push(callback)
      sync = () => this.#callbacks.splice(0).forEach((next) => next())
    }
  }
  const harness = await RegionHarness.start({ store: new Disk() })
  const client = harness.connect()
  const body = 'x'.repeat(2 ** 20)
  for (let i = 0; i < 20; i++) client.send('queue://Q', { persistent: true, body })
  expect(client.flow).toEqual(['pause'])
  sync()
  sync()
  expect(client.flow).toEqual(['pause', 'resume'])
  expect(harness.of('queue://Q').size).toBe(20)
})

describe("another broker's bridge", () => {
  const full = async (options: HarnessOptions = {}) => {
    const harness = await RegionHarness.start({ memoryLimit: 10 * kib, ...options })
    const producer = harness.connect()
    for (let i = 0; i < 9; i++) expect(producer.send('queue://Q').state).toBe('done')
    return { harness, bridge: harness.connect({ network: true }) }
  }
  const count = connectionLimits.heldBackBytesOfNetworks / kib

  test('is read on while its sends wait, as far as an honest one needs it', async () => {
    const { harness, bridge } = await full()
    const held = Array.from({ length: count - 1 }, () => bridge.send('queue://Q'))
    expect(bridge.flow).toEqual([])
    held.push(bridge.send('queue://Q'))
    expect(bridge.flow).toEqual(['pause'])
    const consumer = harness.connect().consume('queue://Q', { prefetchSize: 100_000 })
    for (let i = 0; i < 9 + count; i++) consumer.acknowledge('standard', null, i, { messageCount: 1, first: null })
    expect(bridge.flow).toEqual(['pause', 'resume'])
    expect(held.every(({ state }) => state === 'done')).toBe(true)
  })

  test('waits as long as it takes when it forwards in one direction, whatever it has not acknowledged', async () => {
    const { harness, bridge } = await full()
    bridge.consume('topic://ActiveMQ.Advisory.Consumer.>')
    harness.connect().send('topic://ActiveMQ.Advisory.Consumer.Queue.Q')
    const held = Array.from({ length: count }, () => bridge.send('queue://Q'))
    harness.clock.advance(10 * connectionLimits.blockedConsumerTimeoutMs)
    expect(bridge.flow).toEqual(['pause'])
    expect(held.every(({ state }) => state === 'pending')).toBe(true)
  })

  test('is set free after a while when answers may come behind more than it can have under way', async () => {
    const { harness, bridge } = await full()
    bridge.awaitsAnswers = true
    const held = Array.from({ length: count }, () => bridge.send('queue://Q'))
    harness.clock.advance(connectionLimits.blockedConsumerTimeoutMs)
    expect(bridge.flow).toEqual(['pause', 'resume'])
    expect(held[0]).toMatchObject({ state: 'failed', message: expect.stringMatching(/more than a bridge can have/) })
  })

  test.each([0, 5000])('waits where others are refused after %d ms', async (refuseAfterMs) => {
    const { harness, bridge } = await full({ whenNoSpace: { refuseAfterMs } })
    const client = harness.connect()
    const [first, second, third] = [bridge.send('queue://Q'), client.send('queue://Q'), bridge.send('queue://Q')]
    harness.clock.advance(refuseAfterMs)
    harness.clock.advance(100_000)
    expect([first.state, second.state, third.state]).toEqual(['pending', 'failed', 'pending'])
    harness.connect().consume('queue://Q', { prefetchSize: 100 }).acknowledge('standard', null, 8)
    expect([first.state, third.state]).toEqual(['done', 'done'])
  })

  test('has no more than others have when there are many of them', () => {
    const flow = new FlowControl({ clock: new ManualClock(), logger: silentLogger })
    const place = {}
    const bridge = (id: number): { sender: SenderAccount; flow: string[] } => {
      const said: string[] = []
      const port = { pause: () => void said.push('pause'), resume: () => void said.push('resume') }
      const intake = new Intake(port, { run() {} } as unknown as AfterSync)
      return { sender: new SenderAccount(`ID:${id}`, intake, () => false, true), flow: said }
    }
    const hold = ({ sender }: { sender: SenderAccount }, bytes: number): void =>
      flow.holdBack({
        sender,
        order: 'one',
        bytes,
        place,
        fits: () => false,
        whatIsFull: () => 'it is full',
        admit() {},
        refuse() {},
      })
    const { heldBackBytesOfNetworks, heldBackBytesOfAllNetworks, heldBackBytesOfConsumers } = connectionLimits
    const many = Array.from({ length: heldBackBytesOfAllNetworks / (heldBackBytesOfNetworks - 1) }, (_, id) =>
      bridge(id),
    )
    for (const one of many) hold(one, heldBackBytesOfNetworks - 1)
    const last = bridge(100)
    hold(last, many.length)
    expect([many.some((one) => one.flow.length > 0), last.flow]).toEqual([false, []])
    hold(last, heldBackBytesOfConsumers)
    expect(last.flow).toEqual(['pause'])
    flow.leave(many[0]!.sender)
    const next = bridge(101)
    hold(next, heldBackBytesOfConsumers)
    expect(next.flow).toEqual([])
  })
})
