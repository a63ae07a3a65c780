// The memory store keeps to its limit, with nothing between it and the region: what full-store.test.ts says of any store.
import { expect, test } from '@jest/globals'
import { MemoryStore } from '../../../broker/store/memory/memory-store.ts'
import { RegionHarness, type HarnessOptions } from './region-harness.ts'

const kib = 1024
const body = 'x'.repeat(2 * kib)

const started = (options: HarnessOptions = {}): Promise<RegionHarness> =>
  RegionHarness.start({ store: new MemoryStore({ limitBytes: 20 * kib }), ...options })

const sendMany = (harness: RegionHarness, count: number): { state: string }[] => {
  const producer = harness.connect()
  return Array.from({ length: count }, () => producer.send('queue://Q', { persistent: true, body }))
}

const doneOf = (sent: readonly { state: string }[]): number => sent.filter(({ state }) => state === 'done').length

test('persistent messages are taken up to the limit; more come in as some are consumed', async () => {
  const harness = await started()
  const sent = sendMany(harness, 30)
  await harness.settle()
  const first = doneOf(sent)
  expect(first).toBeGreaterThan(5)
  expect(first).toBeLessThan(10)
  // What one queue leaves to the others.
  expect(harness.store.statistics().roomBytes).toBeLessThan(4 * kib)
  const consumer = harness.connect().consume('queue://Q')
  for (let acknowledged = 0; acknowledged < sent.length;) {
    await harness.settle()
    const { length } = consumer.deliveries
    expect(length).toBeGreaterThan(acknowledged)
    consumer.acknowledge('standard', null, length - 1, { messageCount: length - acknowledged })
    acknowledged = length
  }
  expect(doneOf(sent)).toBe(30)
  expect(consumer.received).toEqual(Array.from({ length: 30 }, (_, index) => index + 1))
  expect(harness.region.memory().blockedConnections).toBe(0)
})

test('is refused at once where that is configured', async () => {
  const harness = await started({ whenNoSpace: { refuseAfterMs: 0 } })
  const sent = sendMany(harness, 12)
  await harness.settle()
  expect(sent.at(-1)).toMatchObject({ state: 'failed', className: 'javax.jms.ResourceAllocationException' })
})

test('non-persistent messages and dead letters go on', async () => {
  const harness = await started()
  sendMany(harness, 12)
  await harness.settle()
  expect(harness.connect().send('queue://N').state).toBe('done')
  const consumer = harness.connect().consume('queue://Q')
  const buried = consumer.acknowledge('poison', null, 0)
  await harness.settle()
  expect(buried.state).toBe('done')
  expect(harness.of('queue://ActiveMQ.DLQ').size).toBe(1)
})

test('a transaction that fills the store gives its room to others when its connection closes, with sends that wait', async () => {
  const harness = await started()
  const greedy = harness.connect()
  greedy.connection.begin('TX:1')
  const sent = Array.from({ length: 12 }, () =>
    greedy.send('queue://Q', { persistent: true, body, transactionId: 'TX:1' }),
  )
  const committed = greedy.outcome((done) => greedy.connection.commit('TX:1', done))
  const other = harness.connect().send('queue://Q', { persistent: true, body })
  await harness.settle()
  expect([doneOf(sent) < 12, committed.state, other.state]).toEqual([true, 'pending', 'pending'])
  greedy.connection.close()
  await harness.settle()
  expect(other.state).toBe('done')
  expect(harness.of('queue://Q').size).toBe(1)
})
