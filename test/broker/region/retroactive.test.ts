// Consumers that begin with what their topics have kept for them.
import { describe, expect, test } from '@jest/globals'
import { destinationLimits } from '../../../broker/destination/limits.ts'
import type { RecoveryPolicyEntry } from '../../../broker/destination/topic/recovery/recovery-policies.ts'
import { encodePrimitiveMap } from '../../../broker/marshal/primitive-map.ts'
import type { ConsumerOptions } from '../../../broker/region/region.ts'
import { started, subscribe, topic } from './durable-harness.ts'
import { RegionHarness } from './region-harness.ts'

const keeps = (pattern: string, more: Partial<RecoveryPolicyEntry> = {}): RecoveryPolicyEntry => ({
  kind: 'topic',
  pattern,
  recovery: { kind: 'fixedCount', maximumSize: 3 },
  alwaysRetroactive: false,
  ...more,
})
const retroactive: Partial<ConsumerOptions> = { retroactive: true }

async function begun(...recoveryPolicies: RecoveryPolicyEntry[]) {
  const harness = await RegionHarness.start({ recoveryPolicies })
  const [publisher, client] = [harness.connect(), harness.connect()]
  return { harness, publisher, client }
}

describe('a retroactive consumer', () => {
  test('gets what was kept, in order, and then what is sent; others get only that', async () => {
    const { harness, publisher, client } = await begun(keeps('>'))
    for (const persistent of [false, true, false, true]) publisher.send('topic://T', { persistent })
    const late = client.consume('topic://T', retroactive)
    const plain = client.consume('topic://T')
    publisher.send('topic://T')
    expect([late.received, plain.received]).toEqual([[2, 3, 4, 5], [5]])
    expect(late.deliveries.map(({ redeliveryCounter }) => redeliveryCounter)).toEqual([0, 0, 0, 0])
    expect(harness.of('topic://T')).toMatchObject({ enqueued: 5, dispatched: 5, memoryUsed: 3 * 1024 })
  })

  test('acknowledges nothing for the next one', async () => {
    const { publisher, client } = await begun(keeps('>'))
    publisher.send('topic://T')
    for (let n = 0; n < 2; n++) {
      const consumer = client.consume('topic://T', retroactive)
      expect(consumer.received).toEqual([1])
      consumer.acknowledge('standard', null, 0)
      consumer.close()
    }
  })

  test('gets what its selector and noLocal let through', async () => {
    const { publisher, client } = await begun(keeps('>', { recovery: { kind: 'fixedCount', maximumSize: 10 } }))
    const coloured = (value: string) => ({
      properties: encodePrimitiveMap(new Map([['colour', { type: 'string', value }]])),
    })
    for (const colour of ['red', 'green', 'red']) publisher.send('topic://T', coloured(colour))
    client.send('topic://T', coloured('red'))
    const consumer = client.consume('topic://T', { ...retroactive, selector: "colour = 'red'", noLocal: true })
    expect(consumer.deliveries.map(({ message }) => [message.connectionId, message.producerSequenceId])).toEqual([
      [publisher.id, 1],
      [publisher.id, 3],
    ])
  })

  test('with a small window gets the rest when it has acknowledged, before what came later', async () => {
    const { publisher, client } = await begun(keeps('>'))
    for (let n = 0; n < 3; n++) publisher.send('topic://T')
    const consumer = client.consume('topic://T', { ...retroactive, prefetchSize: 1 })
    publisher.send('topic://T')
    for (let n = 0; n < 3; n++) consumer.acknowledge('standard', null, n, { messageCount: 1 })
    expect(consumer.received).toEqual([1, 2, 3, 4])
  })

  test('that pulls gets them one by one', async () => {
    const { publisher, client } = await begun(keeps('>'))
    for (let n = 0; n < 2; n++) publisher.send('topic://T')
    const consumer = client.consume('topic://T', { ...retroactive, prefetchSize: 0 })
    expect(consumer.received).toEqual([])
    for (let n = 0; n < 2; n++) client.connection.pull(consumer.consumerId, -1)
    expect(consumer.received).toEqual([1, 2])
  })

  test('of several topics gets what each of them has kept, once', async () => {
    const { publisher, client } = await begun(keeps('A.>'), keeps('B', { recovery: { kind: 'lastImage' } }))
    for (const name of ['A.1', 'A.2', 'B', 'B', 'C']) publisher.send(`topic://${name}`)
    expect(client.consume('topic://A.>', retroactive).received).toEqual([1, 2])
    expect(client.consume('topic://A.1,topic://A.*,topic://B', retroactive).received).toEqual([1, 2, 4])
    expect(client.consume('topic://>', retroactive).received).toEqual([1, 2, 4])
  })

  test('gets nothing that has expired, or that was kept for too long', async () => {
    const { harness, publisher, client } = await begun(
      keeps('>', { recovery: { kind: 'timed', recoverDurationMs: 60_000 } }),
    )
    publisher.send('topic://T')
    harness.clock.advance(40_000)
    publisher.send('topic://T', { expiration: harness.clock.nowMs() + 10_000 })
    publisher.send('topic://T')
    harness.clock.advance(30_000)
    expect(client.consume('topic://T', retroactive).received).toEqual([3])
    harness.clock.advance(60_000)
    expect(harness.region.memory().used).toBe(0)
  })

  test('misses nothing and gets nothing twice of what is on its way to the disk', async () => {
    const { harness, publisher, client } = await begun(keeps('>'))
    subscribe(harness.connect({ clientId: 'keeper' }), {}, 'topic://T').close()
    publisher.send('topic://T', { persistent: true })
    const consumer = client.consume('topic://T', retroactive)
    publisher.send('topic://T', { persistent: true })
    await harness.settle()
    expect(consumer.received).toEqual([1, 2])
  })

  test('gets what was sent in a transaction when that is committed', async () => {
    const { harness, publisher, client } = await begun(keeps('>'))
    publisher.connection.begin('TX:1')
    publisher.send('topic://T', { transactionId: 'TX:1' })
    expect(client.consume('topic://T', retroactive).received).toEqual([])
    publisher.outcome((done) => publisher.connection.commit('TX:1', done))
    await harness.settle()
    expect(client.consume('topic://T', retroactive).received).toEqual([1])
  })
})

test('with alwaysRetroactive every consumer is one', async () => {
  const { publisher, client } = await begun(keeps('>', { alwaysRetroactive: true }))
  publisher.send('topic://T')
  expect(client.consume('topic://T').received).toEqual([1])
})

test('nothing is kept where no policy says so, nor with an empty one', async () => {
  const { harness, publisher, client } = await begun(keeps('NONE', { recovery: null, alwaysRetroactive: true }))
  for (const name of ['NONE', 'OTHER']) {
    publisher.send(`topic://${name}`)
    expect(client.consume(`topic://${name}`, retroactive).received).toEqual([])
  }
  expect(harness.region.memory().used).toBe(0)
})

test('a topic that is deleted forgets what it has kept', async () => {
  const { harness, publisher, client } = await begun(keeps('>'))
  publisher.send('topic://T')
  expect(harness.region.memory().used).toBe(1024)
  publisher.connection.removeDestination({ kind: 'topic', name: 'T' })
  expect(harness.region.memory().used).toBe(0)
  expect(client.consume('topic://T', retroactive).received).toEqual([])
})

test('a consumer that is refused after it was given something keeps nothing', async () => {
  const { harness, publisher, client } = await begun(keeps('>'))
  for (let n = 0; n < 3; n++) publisher.send('topic://T')
  const others = destinationLimits.maximumDestinations - 1
  harness.region.prepare(Array.from({ length: others }, (_, index) => ({ kind: 'topic', name: `N.${index}` })))
  expect(() => client.consume('topic://T,topic://NEW', { ...retroactive, prefetchSize: 1 })).toThrow(
    'maximumDestinations',
  )
  publisher.connection.removeDestination({ kind: 'topic', name: 'T' })
  expect(harness.region.memory().used).toBe(0)
})

describe('the retroactive consumer of a durable subscription', () => {
  const recoveryPolicies = [keeps('>')]

  test('begins with what was kept, whenever nothing else waits for it', async () => {
    const { harness, publisher, subscriber, publish, pending } = await started({ recoveryPolicies })
    publisher.send(topic)
    await publish(1)
    const first = subscribe(subscriber, retroactive)
    publisher.send(topic)
    await publish(1)
    expect(first.received).toEqual([1, 2, 3, 4])
    first.acknowledge('standard', null, 3)
    expect(pending()).toBe(0)
    first.close()
    const second = subscribe(subscriber, retroactive)
    await harness.settle()
    expect(second.received).toEqual([2, 3, 4])
    second.acknowledge('standard', null, 2)
    second.close()
    await publish(2)
    const third = subscribe(subscriber, retroactive)
    await harness.settle()
    expect(third.received).toEqual([5, 6])
    expect(harness.errors).toEqual([])
  })

  test('gets it only when it asks for it, also where other consumers need not', async () => {
    const { harness, subscriber, publish } = await started({
      recoveryPolicies: [keeps('>', { alwaysRetroactive: true })],
    })
    await publish(1)
    const consumer = subscribe(subscriber)
    await harness.settle()
    expect(consumer.received).toEqual([])
  })

  test('misses nothing and gets nothing twice of what is on its way to the disk', async () => {
    const { harness, publisher, subscriber } = await started({ recoveryPolicies })
    subscribe(harness.connect({ clientId: 'keeper' })).close()
    publisher.send(topic, { persistent: true })
    const consumer = subscribe(subscriber, retroactive)
    publisher.send(topic)
    publisher.send(topic, { persistent: true })
    await harness.settle()
    expect(consumer.received).toEqual([1, 2, 3])
  })

  test('that closes without acknowledging keeps nothing of it', async () => {
    const { harness, subscriber, publisher, pending } = await started({ recoveryPolicies })
    publisher.send(topic)
    const consumer = subscribe(subscriber, { ...retroactive, prefetchSize: 1 })
    await harness.settle()
    expect(consumer.received).toEqual([1])
    consumer.close()
    expect([pending(), harness.region.memory().used]).toEqual([0, 1024])
  })
})
