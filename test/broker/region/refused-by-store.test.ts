// Durable subscriptions and topics that the store does not take.
import { describe, expect, test } from '@jest/globals'
import { MemoryDatabase } from '../../support/memory-tables.ts'
import { createSqlStore } from '../../support/sql-stores.ts'
import { durable } from '../../support/store-content.ts'
import { turns } from '../../support/turns.ts'
import { persistent, started, subscribe, topic } from './durable-harness.ts'

describe('what a store does not take', () => {
  async function onDatabase() {
    const database = new MemoryDatabase()
    return started({ store: createSqlStore({ database, openTables: database.openTables }) })
  }

  test('is no durable subscription for the next one who asks, either', async () => {
    const { harness } = await onDatabase()
    const client = harness.connect({ clientId: 'c'.repeat(300) })
    for (const destination of [topic, 'topic://A.>'])
      for (let attempt = 0; attempt < 2; attempt++)
        expect(() => subscribe(client, {}, destination)).toThrow('takes 300 characters in the database')
    expect(harness.region.subscriptionsPage(0, 10).items).toEqual([])
  })

  test('is no topic of a wildcard: neither who subscribes nor who sends is refused for it', async () => {
    const { harness, publisher, subscriber } = await onDatabase()
    const [early, late] = ['early', 'late'].map((start) => `topic://A.${start}${'x'.repeat(300)}`)
    publisher.send(early!, persistent)
    const consumer = subscribe(subscriber, {}, 'topic://A.>')
    for (const destination of [early!, late!, 'topic://A.short']) publisher.send(destination, persistent)
    await durable(harness.store)
    await turns(5)
    expect(consumer.deliveries.map(({ destination }) => destination.name)).toEqual(['A.short'])
  })
})
