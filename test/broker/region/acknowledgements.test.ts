// The table of acknowledgement types, one test per line.
import { describe, expect, test } from '@jest/globals'
import { acknowledgementNamed } from '../../support/acknowledgement.ts'
import { RegionHarness } from './region-harness.ts'

const withDelivered = async (count: number, prefetchSize = 1000) => {
  const harness = await RegionHarness.start()
  const client = harness.connect()
  const consumer = client.consume('queue://Q', { prefetchSize })
  for (let i = 0; i < count; i++) client.send('queue://Q', { persistent: true })
  await harness.settle()
  return { harness, client, consumer }
}

describe('standard', () => {
  test('removes a range in dispatch order', async () => {
    const { harness, consumer } = await withDelivered(5)
    expect(consumer.acknowledge('standard', 1, 3).state).toBe('pending')
    await harness.settle()
    expect(harness.of('queue://Q')).toMatchObject({ size: 2, inFlight: 2, dequeued: 3 })
    expect(harness.store.statistics().messages).toBe(2)
  })

  test('with a wrong count is an "Unmatched acknowledge" and changes nothing', async () => {
    const { harness, consumer } = await withDelivered(5)
    expect(consumer.acknowledge('standard', null, 3, { messageCount: 2 })).toMatchObject({
      state: 'failed',
      className: 'javax.jms.JMSException',
      message: expect.stringMatching(/^Unmatched acknowledge: .*count \(2\).*\(4\)/),
    })
    expect(harness.of('queue://Q')).toMatchObject({ inFlight: 5, dequeued: 0 })
  })

  test('for a message that was not dispatched is an "Unmatched acknowledge"', async () => {
    const { consumer } = await withDelivered(2)
    const last = { messageId: 'ID:other:1:1:9', sequence: 99 }
    expect(consumer.acknowledge('standard', null, 0, { last }).state).toBe('failed')
  })

  test('works for clients that do not return the sequence', async () => {
    const { harness, consumer } = await withDelivered(3)
    const last = { messageId: consumer.deliveries[2]!.message.messageId, sequence: 0 }
    consumer.acknowledge('standard', null, 2, { last })
    expect(harness.of('queue://Q').size).toBe(0)
  })
})

test('individual removes one message, wherever it is', async () => {
  const { harness, consumer } = await withDelivered(40)
  for (const index of [30, 2, 39, 0]) consumer.acknowledge('individual', null, index, { messageCount: 1 })
  expect(harness.of('queue://Q').size).toBe(36)
  consumer.acknowledge('standard', null, 38, { messageCount: 36 })
  expect(harness.of('queue://Q').size).toBe(0)
})

test('delivered removes nothing, and is an error for an unknown message', async () => {
  const { harness, consumer } = await withDelivered(3)
  consumer.acknowledge('delivered', null, 1)
  expect(harness.of('queue://Q').size).toBe(3)
  const last = { messageId: 'ID:other:1:1:9', sequence: 99 }
  expect(consumer.acknowledge('delivered', null, 1, { last })).toMatchObject({
    message: expect.stringMatching(/Could not correlate acknowledgment/),
  })
})

test('redelivered is information only, unmatched is nothing', async () => {
  const { harness, consumer } = await withDelivered(3)
  expect(consumer.acknowledge('redelivered', null, 1).state).toBe('done')
  expect(consumer.acknowledge('unmatched', null, 1).state).toBe('done')
  expect(harness.of('queue://Q')).toMatchObject({ size: 3, inFlight: 3 })
})

test('released ones go back to their place, as redelivered, to whoever has room', async () => {
  const { harness, client, consumer } = await withDelivered(3)
  const other = client.consume('queue://Q')
  const released = acknowledgementNamed('standard', {
    consumerId: consumer.consumerId,
    first: { messageId: '', sequence: consumer.deliveries[1]!.sequence, identity: consumer.deliveries[1]!.message },
    last: { messageId: '', sequence: consumer.deliveries[2]!.sequence, identity: consumer.deliveries[2]!.message },
    messageCount: 2,
  })!
  const outcome = client.outcome((done) => client.connection.acknowledge({ ...released, outcome: 'released' }, done))
  expect(outcome.state).toBe('done')
  const again = [...consumer.deliveries.slice(3), ...other.deliveries]
  expect(again.map(({ message, redeliveryCounter }) => [message.producerSequenceId, redeliveryCounter])).toEqual([
    [2, 1],
    [3, 1],
  ])
  expect(harness.of('queue://Q')).toMatchObject({ size: 3, inFlight: 3 })
})

test('poison in a transaction is refused', async () => {
  const { client, consumer } = await withDelivered(1)
  client.connection.begin('TX:1')
  expect(consumer.acknowledge('poison', null, 0, { transactionId: 'TX:1' })).toMatchObject({
    message: 'Poison ack cannot be transacted',
  })
})

test('leftovers of a failover are ignored: unknown consumers, and subscriptions that got nothing yet', async () => {
  const harness = await RegionHarness.start()
  const client = harness.connect()
  const consumer = client.consume('queue://Q', { prefetchSize: 0 })
  client.send('queue://Q')
  const last = { messageId: 'ID:gone:1:1:1', sequence: 5 }
  for (const consumerId of [consumer.consumerId, 'ID:gone:1:1'])
    expect(
      client.outcome((done) =>
        client.connection.acknowledge(acknowledgementNamed('standard', { consumerId, last })!, done),
      ).state,
    ).toBe('done')
  expect(harness.of('queue://Q').size).toBe(1)
})

test('what a transaction acknowledged before a failover comes again: its commit is refused', async () => {
  const harness = await RegionHarness.start()
  const client = harness.connect()
  const consumer = client.consume('queue://Q', { prefetchSize: 0 })
  client.send('queue://Q')
  client.connection.begin('TX:1')
  const leftover = acknowledgementNamed('standard', {
    consumerId: consumer.consumerId,
    transactionId: 'TX:1',
    last: { messageId: 'ID:gone:1:1:1', sequence: 5 },
  })!
  expect(client.outcome((done) => client.connection.acknowledge(leftover, done)).state).toBe('done')
  expect(client.outcome((done) => client.connection.commit('TX:1', done))).toMatchObject({
    state: 'failed',
    className: 'javax.jms.TransactionRolledBackException',
  })
  expect(harness.of('queue://Q').size).toBe(1)
})

test('the window: extension shrinks with each message that is removed, never below zero', async () => {
  const { consumer } = await withDelivered(10, 4)
  consumer.acknowledge('delivered', null, 1)
  expect(consumer.received).toHaveLength(6)
  consumer.acknowledge('individual', null, 0, { messageCount: 1 })
  expect(consumer.received).toHaveLength(6)
  consumer.acknowledge('individual', null, 1, { messageCount: 1 })
  expect(consumer.received).toHaveLength(6)
  consumer.acknowledge('individual', null, 2, { messageCount: 1 })
  expect(consumer.received).toHaveLength(7)
})
