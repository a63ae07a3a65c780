// Browsers as the region has them: which queues they look at, how their windows work, and that they change nothing.
import { describe, expect, test } from '@jest/globals'
import { RegionHarness, type TestClient, type TestConsumer } from './region-harness.ts'

const browse = (client: TestClient, destination: string, options = {}): TestConsumer =>
  client.consume(destination, { browser: true, prefetchSize: 500, ...options })

/** A browser reads its queues one after the other. */
async function rest(harness: RegionHarness): Promise<void> {
  for (let i = 0; i < 10; i++) await harness.settle()
}

async function started() {
  const harness = await RegionHarness.start()
  const client = harness.connect()
  const send = async (queue: string, count: number, persistent = true): Promise<void> => {
    for (let i = 0; i < count; i++) client.send(`queue://${queue}`, { persistent })
    await rest(harness)
  }
  return { harness, client, send }
}

describe('a browser', () => {
  test('is shown what is there, consumed by others or not, and changes nothing', async () => {
    const { harness, client, send } = await started()
    await send('Q', 3)
    await send('Q', 2, false)
    const consumer = client.consume('queue://Q', { prefetchSize: 2 })
    const { consumers: _, ...before } = harness.of('queue://Q')
    const browser = browse(client, 'queue://Q')
    await rest(harness)
    expect(browser.received).toEqual([1, 2, 3, 4, 5])
    expect(browser.nothings).toBe(1)
    expect(browser.deliveries[0]).toMatchObject({ destination: { kind: 'queue', name: 'Q' }, redeliveryCounter: 0 })
    expect(browser.acknowledge('standard', null, 4)).toEqual({ state: 'done' })
    browser.close()
    await rest(harness)
    expect(harness.of('queue://Q')).toMatchObject(before)
    consumer.acknowledge('standard', null, 1)
    expect(consumer.received).toEqual([1, 2, 3, 4])
  })

  test('goes on when it acknowledges, in whatever way; what it says of messages means nothing to the queue', async () => {
    const { harness, client, send } = await started()
    await send('Q', 8)
    const browser = browse(client, 'queue://Q', { prefetchSize: 2 })
    await rest(harness)
    expect(browser.received).toEqual([1, 2])
    for (const [type, last] of [
      ['standard', 1],
      ['poison', 3],
      ['expired', 5],
    ] as const) {
      browser.acknowledge(type, last - 1, last)
      await rest(harness)
      expect(browser.received).toHaveLength(Math.min(last + 3, 8))
    }
    expect(browser.nothings).toBe(1)
    expect(harness.of('queue://Q')).toMatchObject({ size: 8, inFlight: 0, expired: 0 })
    expect(harness.region.destinations()).toHaveLength(1)
  })

  test('in a transaction, as the stock client’s in a session with transactions', async () => {
    const { harness, client, send } = await started()
    await send('Q', 4)
    const browser = browse(client, 'queue://Q', { prefetchSize: 2 })
    await rest(harness)
    client.connection.begin('T')
    browser.acknowledge('delivered', null, 1, { messageCount: 2 })
    await rest(harness)
    expect(browser.received).toEqual([1, 2, 3, 4])
    expect(browser.acknowledge('standard', null, 3, { transactionId: 'T' })).toEqual({ state: 'done' })
    expect(client.outcome((done) => client.connection.commit('T', done))).toEqual({ state: 'done' })
    browser.close()
    expect(harness.of('queue://Q').size).toBe(4)
  })

  test('without prefetch asks for each message, and for the end', async () => {
    const { harness, client, send } = await started()
    await send('Q', 2)
    const browser = browse(client, 'queue://Q', { prefetchSize: 0 })
    await rest(harness)
    for (const seen of [[1], [1, 2]]) {
      client.connection.pull(browser.consumerId, -1)
      await rest(harness)
      expect(browser).toMatchObject({ received: seen, nothings: 0 })
    }
    for (const ends of [1, 2]) {
      client.connection.pull(browser.consumerId, -1)
      await rest(harness)
      expect(browser).toMatchObject({ received: [1, 2], nothings: ends })
    }
  })

  test('begins when a failover client restores its prefetch', async () => {
    const { harness, client, send } = await started()
    await send('Q', 2)
    const browser = browse(client, 'queue://Q', { prefetchSize: 0 })
    await rest(harness)
    expect(browser.received).toEqual([])
    client.connection.setPrefetch(browser.consumerId, 500)
    await rest(harness)
    expect(browser).toMatchObject({ received: [1, 2], nothings: 1 })
  })

  test('with a selector, also when it is a bad one', async () => {
    const { harness, client } = await started()
    for (let priority = 0; priority < 6; priority++) client.send('queue://Q', { persistent: true, priority })
    await rest(harness)
    const browser = browse(client, 'queue://Q', { selector: 'JMSPriority BETWEEN 2 AND 3' })
    await rest(harness)
    expect(browser).toMatchObject({ received: [3, 4], nothings: 1 })
    expect(client.outcome(() => void browse(client, 'queue://Q', { selector: 'JMSPriority =' }))).toMatchObject({
      className: 'javax.jms.InvalidSelectorException',
    })
  })

  test('is no consumer for the others: exclusive or of the highest priority, it gets nothing for itself', async () => {
    const { harness, client, send } = await started()
    browse(client, 'queue://Q', { exclusive: true, priority: 127 })
    const consumer = client.consume('queue://Q')
    await send('Q', 2)
    expect(consumer.received).toEqual([1, 2])
    expect(harness.events).toContain('consumerAdded queue://Q 2')
  })

  test('keeps its queue from being deleted', async () => {
    const { harness, client } = await started()
    const browser = browse(client, 'queue://Q')
    await rest(harness)
    expect(browser.nothings).toBe(1)
    const queue = { kind: 'queue', name: 'Q' } as const
    expect(() => client.connection.removeDestination(queue)).toThrow(/still has an active subscription/)
    browser.close()
    client.connection.removeDestination(queue)
    expect(harness.events).toContain('consumerRemoved queue://Q 0')
  })
})

describe('several queues', () => {
  test('are shown one after the other, each once, and there is one end', async () => {
    const { harness, client, send } = await started()
    for (const queue of ['B', 'A.2', 'A.1', 'C', 'B']) await send(queue, 1)
    const browser = browse(client, 'queue://B,A.*,queue://A.1')
    await rest(harness)
    expect(browser.received).toEqual([1, 5, 2, 3])
    expect(browser.deliveries.map(({ destination }) => destination.name)).toEqual(['B', 'B', 'A.2', 'A.1'])
    expect(browser.nothings).toBe(1)
  })

  test('that come later are not', async () => {
    const { harness, client, send } = await started()
    const browser = browse(client, 'queue://A.>', { prefetchSize: 0 })
    await send('A.1', 1)
    client.connection.setPrefetch(browser.consumerId, 10)
    await rest(harness)
    expect(browser).toMatchObject({ received: [], nothings: 1 })
  })

  test('also temporary ones', async () => {
    const { harness, client, send } = await started()
    const temporary = { kind: 'temp-queue', name: 'ID:client-1:1' } as const
    client.connection.addDestination(temporary)
    client.send('temp-queue://ID:client-1:1')
    await send('Q', 1)
    const browser = browse(client, 'temp-queue://ID:client-1:1,queue://Q')
    await rest(harness)
    expect(browser).toMatchObject({ received: [1, 2], nothings: 1 })
  })
})

test('topics cannot be browsed', async () => {
  const { harness, client } = await started()
  for (const destination of ['topic://T', 'queue://Q,topic://T'])
    expect(client.outcome(() => void browse(client, destination))).toMatchObject({
      className: 'javax.jms.InvalidDestinationException',
      message: 'Cannot browse topic://T: only queues can be browsed',
    })
  expect(harness.region.destinations()).toEqual([])
})

test('a queue that is browsed is not inactive', async () => {
  const policies = [
    { kind: 'queue', pattern: '>', gcInactiveDestinations: true, inactiveTimeoutBeforeGCMs: 1000 },
  ] as const
  const harness = await RegionHarness.start({
    inactiveDestinations: { purgePeriodMs: 1000, maxPurgedPerSweep: 0, policies },
  })
  const browser = browse(harness.connect(), 'queue://Q')
  for (let i = 0; i < 5; i++) harness.clock.advance(1000)
  expect(harness.region.destinations()).toHaveLength(1)
  browser.close()
  for (let i = 0; i < 5; i++) harness.clock.advance(1000)
  expect(harness.region.destinations()).toEqual([])
})
