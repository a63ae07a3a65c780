// What a failover client sends again (spec openwire.md section 15).
import { expect, test } from '@jest/globals'
import { RegionHarness } from './region-harness.ts'

const again = { persistent: true, producerId: 'ID:app:1:1' }

test('a send that is stored already is answered and dropped', async () => {
  const harness = await RegionHarness.start()
  const before = harness.connect()
  before.send('queue://Q', { ...again, producerSequenceId: 7 })
  await harness.settle()
  before.connection.close()
  const after = harness.connect({ failoverReconnect: true })
  const repeated = after.send('queue://Q', { ...again, producerSequenceId: 7 })
  const fresh = after.send('queue://Q', { ...again, producerSequenceId: 8 })
  await harness.settle()
  expect([repeated.state, fresh.state]).toEqual(['done', 'done'])
  expect(after.consume('queue://Q').received).toEqual([7, 8])
})

test('so is one that still waits for its sync; it is answered with that sync', async () => {
  const harness = await RegionHarness.start()
  harness.connect().send('queue://Q', { ...again, producerSequenceId: 7 })
  const after = harness.connect({ failoverReconnect: true })
  const repeated = after.send('queue://Q', { ...again, producerSequenceId: 7 })
  expect(repeated.state).toBe('pending')
  await harness.settle()
  expect(repeated.state).toBe('done')
  expect(harness.of('queue://Q').size).toBe(1)
})

test('non-persistent messages, and clients that did not fail over, are never taken for repetitions', async () => {
  const harness = await RegionHarness.start()
  const ordinary = harness.connect()
  const after = harness.connect({ failoverReconnect: true })
  for (let i = 0; i < 2; i++) ordinary.send('queue://Q', { ...again, producerSequenceId: 7 })
  for (let i = 0; i < 2; i++) after.send('queue://Q', { ...again, persistent: false, producerSequenceId: 7 })
  await harness.settle()
  expect(harness.of('queue://Q').size).toBe(4)
})
