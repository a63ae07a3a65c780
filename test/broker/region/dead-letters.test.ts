// Poisoned and expired messages. What their letters look like is ActiveMQ's (RegionBroker.sendToDeadLetterQueue); the interop
// run compares both field by field.
import { describe, expect, test } from '@jest/globals'
import type { DeadLetterPolicy } from '../../../broker/destination/dead-letter-strategies.ts'
import { destinationLimits } from '../../../broker/destination/limits.ts'
import { encodePrimitiveMap } from '../../../broker/marshal/primitive-map.ts'
import type { Message } from '../../../broker/message/message.ts'
import { MemoryDatabase } from '../../support/memory-tables.ts'
import { createSqlStore } from '../../support/sql-stores.ts'
import { durable } from '../../support/store-content.ts'
import type { TestClient, TestConsumer, TestSend } from './region-harness.ts'
import { RegionHarness } from './region-harness.ts'

const letters = (consumer: TestConsumer): Message[] => consumer.deliveries.map(({ message }) => message)
const property = (message: Message, name: string): unknown => message.decodeProperties().get(name)?.value

async function poisoned(options: TestSend, deadLetter?: { processNonPersistent: boolean }) {
  const harness = await RegionHarness.start(
    deadLetter ? { deadLetter: { queue: 'ActiveMQ.DLQ', processExpired: true, ...deadLetter } } : {},
  )
  const client = harness.connect()
  const consumer = client.consume('queue://Q')
  client.send('queue://Q', options)
  await harness.settle()
  const outcome = consumer.acknowledge('poison', null, 0, { cause: 'java.lang.Throwable: Delivery[7] exceeds' })
  await harness.settle()
  return { harness, client, consumer, outcome, dead: client.consume('queue://ActiveMQ.DLQ') }
}

describe('a poisoned message', () => {
  test('moves to the dead letter queue with its cause', async () => {
    const { harness, outcome, dead } = await poisoned({ persistent: true, body: 'hello' })
    expect(outcome.state).toBe('done')
    const [letter] = letters(dead)
    expect(letter).toMatchObject({ persistent: true, expiration: 0, messageId: 'ID:client-1:1:1:1' })
    expect(letter!.originalDestination).toEqual({ kind: 'queue', name: 'Q' })
    expect(letter!.content!.toString()).toBe('hello')
    expect(property(letter!, 'dlqDeliveryFailureCause')).toBe('java.lang.Throwable: Delivery[7] exceeds')
    expect(property(letter!, 'originalDeliveryMode')).toBeUndefined()
    expect(letter!.decodeProperties().get('originalExpiration')).toEqual({ type: 'long', value: 0 })
    expect(harness.of('queue://Q').size).toBe(0)
    expect(harness.store.statistics().messages).toBe(1)
    expect(harness.events).toContain('messageDeadLettered queue://Q java.lang.Throwable: Delivery[7] exceeds')
  })

  test('has no cause when its client gave none, and keeps the expiration that it had first', async () => {
    const harness = await RegionHarness.start()
    const client = harness.connect()
    const consumer = client.consume('queue://Q')
    const properties = encodePrimitiveMap(new Map([['originalExpiration', { type: 'long', value: 7 }]]))
    client.send('queue://Q', { persistent: true, properties })
    await harness.settle()
    consumer.acknowledge('poison', null, 0)
    await harness.settle()
    const [letter] = letters(client.consume('queue://ActiveMQ.DLQ'))
    expect([...letter!.decodeProperties()]).toEqual([['originalExpiration', { type: 'long', value: 7 }]])
  })

  test('counts no redeliveries', async () => {
    const harness = await RegionHarness.start()
    const client = harness.connect()
    const consumer = client.consume('queue://Q')
    client.send('queue://Q', { persistent: true, redeliveryCounter: 3 })
    await harness.settle()
    consumer.acknowledge('poison', null, 0)
    await harness.settle()
    expect(letters(client.consume('queue://ActiveMQ.DLQ'))[0]!.redeliveryCounter).toBe(0)
  })

  test('non-persistent is dropped, unless processNonPersistent', async () => {
    expect((await poisoned({})).dead.received).toEqual([])
    const { dead } = await poisoned({}, { processNonPersistent: true })
    const [letter] = letters(dead)
    expect(letter!.persistent).toBe(true)
    expect(property(letter!, 'originalDeliveryMode')).toBe('NON_PERSISTENT')
  })

  test('in the dead letter queue is not put there again', async () => {
    const { harness, dead } = await poisoned({ persistent: true })
    dead.acknowledge('poison', null, 0)
    await harness.settle()
    expect(harness.of('queue://ActiveMQ.DLQ').size).toBe(0)
    expect(harness.store.statistics().messages).toBe(0)
  })

  test('with properties that nobody can decode is kept all the same', async () => {
    const { dead } = await poisoned({ persistent: true, properties: Buffer.from('rubbish') })
    expect(dead.received).toEqual([1])
  })

  test('is kept only once per queue, but copies in several queues are different letters', async () => {
    const { harness, client, consumer, dead } = await poisoned({ persistent: true })
    const other = client.consume('queue://R')
    client.send('queue://Q', { persistent: true, producerSequenceId: 1 })
    client.send('queue://R', { persistent: true, producerSequenceId: 1 })
    await harness.settle()
    consumer.acknowledge('poison', null, 1, { messageCount: 1 })
    other.acknowledge('poison', null, 0)
    await harness.settle()
    expect(letters(dead).map((letter) => letter.originalDestination!.name)).toEqual(['Q', 'R'])
  })
})

describe('an expired message', () => {
  const start = async () => {
    const harness = await RegionHarness.start()
    const client = harness.connect()
    const nowMs = harness.clock.nowMs()
    return { harness, client, soon: { persistent: true, expiration: nowMs + 1000 }, past: { expiration: nowMs - 1 } }
  }

  test('is found on arrival at a topic, too', async () => {
    const { harness, client, past } = await start()
    const subscriber = client.consume('topic://T')
    const sent = client.send('topic://T', { ...past, persistent: true })
    expect(sent.state).toBe('pending')
    client.send('topic://T', past)
    await harness.settle()
    expect(sent.state).toBe('done')
    expect(subscriber.received).toEqual([])
    const [letter, ...others] = letters(client.consume('queue://ActiveMQ.DLQ'))
    expect(letter!.originalDestination).toEqual({ kind: 'topic', name: 'T' })
    expect(others).toEqual([])
  })

  test('of a queue and of a topic with its name are two letters', async () => {
    const { harness, client, past } = await start()
    client.send('queue://T,topic://T', { ...past, persistent: true })
    await harness.settle()
    const dead = letters(client.consume('queue://ActiveMQ.DLQ'))
    expect(dead.map(({ originalDestination }) => originalDestination!.kind)).toEqual(['queue', 'topic'])
  })

  test('is found on arrival', async () => {
    const { harness, client, past } = await start()
    const consumer = client.consume('queue://Q')
    const sent = [client.send('queue://Q', { ...past, persistent: true }), client.send('queue://Q', past)]
    client.send('topic://T', past)
    await harness.settle()
    expect(sent.map(({ state }) => state)).toEqual(['done', 'done'])
    expect(consumer.received).toEqual([])
    expect(client.consume('queue://ActiveMQ.DLQ').received).toEqual([1])
    expect(harness.events.filter((event) => event.startsWith('messageExpired'))).toHaveLength(3)
  })

  test.each([
    ['a queue', (client: TestClient, past: TestSend) => client.send('queue://Q', past)],
    ['a composite', (client: TestClient, past: TestSend) => client.send('queue://Q,R', past)],
    [
      'a queue in a transaction, with its commit,',
      (client: TestClient, past: TestSend) => {
        client.connection.begin('TX:1')
        client.send('queue://Q', { ...past, transactionId: 'TX:1' })
        return client.outcome((done) => client.connection.commit('TX:1', done))
      },
    ],
  ])('on arrival at %s is answered once its dead letter is durable', async (_to, send) => {
    const { harness, client, past } = await start()
    const sent = send(client, { ...past, persistent: true })
    expect(sent.state).toBe('pending')
    await harness.settle()
    expect(sent.state).toBe('done')
    expect(harness.of('queue://ActiveMQ.DLQ').size).toBeGreaterThan(0)
  })

  test.each([true, false])('is found when its transaction is committed, persistent: %s', async (persistent) => {
    const { harness, client, soon } = await start()
    client.connection.begin('TX:1')
    client.send('queue://Q', { ...soon, persistent, transactionId: 'TX:1' })
    harness.clock.advance(2000)
    const committed = client.outcome((done) => client.connection.commit('TX:1', done))
    await harness.settle()
    expect(committed.state).toBe('done')
    expect(harness.of('queue://Q')).toMatchObject({ size: 0, expired: 1, memoryUsed: 0 })
    expect(harness.of('queue://ActiveMQ.DLQ')?.size ?? 0).toBe(persistent ? 1 : 0)
    expect(harness.store.statistics().messages).toBe(persistent ? 1 : 0)
  })

  test('is found on dispatch', async () => {
    const { harness, client, soon } = await start()
    client.send('queue://Q', soon)
    client.send('queue://Q', { persistent: true })
    await harness.settle()
    harness.clock.advance(2000)
    expect(client.consume('queue://Q').received).toEqual([2])
    await harness.settle()
    const dead = client.consume('queue://ActiveMQ.DLQ')
    expect(property(letters(dead)[0]!, 'originalExpiration')).toBe(soon.expiration)
    expect(property(letters(dead)[0]!, 'dlqDeliveryFailureCause')).toBe(
      `java.lang.Throwable: Message Expired. Expiration:${soon.expiration}`,
    )
  })

  test('is found by the periodic sweep, without any consumer', async () => {
    const { harness, client, soon } = await start()
    client.send('queue://Q', soon)
    client.send('queue://Q', { ...soon, persistent: false })
    await harness.settle()
    harness.clock.advance(30_000)
    await harness.settle()
    expect(harness.of('queue://Q')).toMatchObject({ size: 0, expired: 2, memoryUsed: 0 })
    expect(harness.of('queue://ActiveMQ.DLQ').size).toBe(1)
  })

  test('is reported by the client', async () => {
    const { harness, client, soon } = await start()
    const consumer = client.consume('queue://Q')
    client.send('queue://Q', soon)
    await harness.settle()
    expect(consumer.acknowledge('expired', null, 0).state).toBe('pending')
    await harness.settle()
    expect(harness.of('queue://Q')).toMatchObject({ size: 0, expired: 1 })
    expect(harness.of('queue://ActiveMQ.DLQ').size).toBe(1)
  })
})

describe('with strategies by name', () => {
  const individual = {
    kind: 'individual',
    queuePrefix: 'DLQ.',
    queueSuffix: '',
    topicPrefix: 'DLT.',
    topicSuffix: '',
    useQueueForQueueMessages: true,
    useQueueForTopicMessages: true,
    processExpired: true,
    processNonPersistent: true,
  } as const
  const policies: readonly DeadLetterPolicy[] = [
    { kind: 'queue', pattern: 'OWN.>', deadLetterStrategy: individual },
    { kind: 'queue', pattern: 'OWN.TOPIC', deadLetterStrategy: { ...individual, useQueueForQueueMessages: false } },
    { kind: 'queue', pattern: 'OWN.DEFAULT', deadLetterStrategy: null },
    { kind: 'queue', pattern: 'NONE', deadLetterStrategy: { kind: 'discarding' } },
    { kind: 'topic', pattern: '>', deadLetterStrategy: individual },
  ]
  const start = async () => {
    const harness = await RegionHarness.start({ deadLetterPolicies: policies })
    const client = harness.connect()
    const poison = async (name: string, options: TestSend = {}) => {
      const consumer = client.consume(`queue://${name}`)
      client.send(`queue://${name}`, { persistent: true, ...options })
      await harness.settle()
      const outcome = consumer.acknowledge('poison', null, 0)
      await harness.settle()
      expect(outcome.state).toBe('done')
      expect(harness.of(`queue://${name}`).size).toBe(0)
    }
    return { harness, client, poison }
  }

  test('under a name that the store takes, when it expires while nobody asks for it', async () => {
    const database = new MemoryDatabase()
    const store = createSqlStore({ database, openTables: database.openTables })
    const harness = await RegionHarness.start({ deadLetterPolicies: policies, store })
    const client = harness.connect()
    const name = `OWN.${'A'.repeat(238)}`
    client.send(`queue://${name}`, { persistent: true, expiration: harness.clock.nowMs() + 10 })
    await durable(store)
    harness.clock.advance(destinationLimits.expirySweepMs)
    await durable(store)
    expect(harness.of(`queue://${name}`).size).toBe(0)
    expect(letters(client.consume(`queue://DLQ.${name.slice(0, 238)}`))).toHaveLength(1)
    await store.close()
  })

  test('each queue has its own', async () => {
    const { harness, client, poison } = await start()
    await poison('OWN.A')
    await poison('OWN.B', { persistent: false })
    const [letter] = letters(client.consume('queue://DLQ.OWN.A'))
    expect(letter!.destination).toEqual({ kind: 'queue', name: 'DLQ.OWN.A' })
    expect(letter!.originalDestination).toEqual({ kind: 'queue', name: 'OWN.A' })
    expect(client.consume('queue://DLQ.OWN.B').received).toEqual([2])
    expect(harness.of('queue://ActiveMQ.DLQ')).toBeUndefined()
  })

  test('the default is for all others, and for those whose policy has none', async () => {
    const { harness, poison } = await start()
    await poison('OTHER')
    await poison('OWN.DEFAULT')
    expect(harness.of('queue://ActiveMQ.DLQ').size).toBe(2)
  })

  test('what is discarded is gone, also from the store', async () => {
    const { harness, poison } = await start()
    await poison('NONE')
    expect(harness.store.statistics().messages).toBe(0)
    expect(harness.region.destinations()).toEqual([{ kind: 'queue', name: 'NONE' }])
    expect(harness.events.join()).not.toContain('DeadLettered')
  })

  test('a topic gets them when it is the place for them', async () => {
    const { harness, client, poison } = await start()
    const subscriber = client.consume('topic://DLQ.OWN.TOPIC')
    await poison('OWN.TOPIC')
    expect(letters(subscriber).map(({ persistent }) => persistent)).toEqual([true])
    expect(harness.store.statistics().messages).toBe(0)
  })

  test('a topic keeps them for its durable subscriptions', async () => {
    const { harness, client, poison } = await start()
    client.consume('topic://DLQ.OWN.TOPIC', { subscriptionName: 'dead' }).close()
    await poison('OWN.TOPIC', { persistent: true })
    await harness.settle()
    expect(harness.region.subscriptionsPage(0, 1).items).toMatchObject([{ pending: 1 }])
    const subscriber = client.consume('topic://DLQ.OWN.TOPIC', { subscriptionName: 'dead' })
    await harness.settle()
    expect(subscriber.received).toHaveLength(1)
  })

  test('what expired on its way to a topic goes to its own queue', async () => {
    const { harness, client } = await start()
    client.send('topic://T', { persistent: true, expiration: harness.clock.nowMs() - 1 })
    await harness.settle()
    expect(client.consume('queue://DLT.T').received).toEqual([1])
  })

  test('a letter of which nobody can make a name is refused when the region is made', async () => {
    const wrong = { kind: 'shared', queue: ' ', processExpired: true, processNonPersistent: false } as const
    await expect(
      RegionHarness.start({ deadLetterPolicies: [{ kind: 'queue', pattern: 'A', deadLetterStrategy: wrong }] }),
    ).rejects.toThrow('white space')
  })
})
