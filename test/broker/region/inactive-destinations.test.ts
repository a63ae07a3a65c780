import { expect, test } from '@jest/globals'
import { parseDestination } from '../../../broker/message/destination.ts'
import type { DestinationPolicy, InactiveDestinationsPolicy } from '../../../broker/region/inactive-destinations.ts'
import { RegionHarness } from './region-harness.ts'

const policy = (pattern: string, options: Partial<DestinationPolicy> = {}): DestinationPolicy => ({
  kind: 'queue',
  pattern,
  gcInactiveDestinations: true,
  inactiveTimeoutBeforeGCMs: 1000,
  ...options,
})

async function start(policies: readonly DestinationPolicy[], options: Partial<InactiveDestinationsPolicy> = {}) {
  const inactiveDestinations = { purgePeriodMs: 100, maxPurgedPerSweep: 0, policies, ...options }
  const harness = await RegionHarness.start({ inactiveDestinations })
  const client = harness.connect()
  const add = (...names: string[]): void => {
    for (const name of names) client.connection.addDestination(parseDestination(name))
  }
  const there = (): string[] => harness.region.destinations().map(({ kind, name }) => `${kind}://${name}`)
  return { harness, client, add, there }
}

test('what nobody has used for its time is deleted, and told of', async () => {
  const { harness, add, there } = await start([policy('GC.>'), policy('GC.>', { kind: 'topic' })])
  add('queue://GC.A', 'topic://GC.A', 'queue://OTHER', 'topic://OTHER')
  harness.clock.advance(1000)
  expect(there()).toHaveLength(4)
  harness.clock.advance(200)
  expect(there()).toEqual(['queue://OTHER', 'topic://OTHER'])
  expect(harness.events.filter((event) => event.startsWith('destinationRemoved'))).toEqual([
    'destinationRemoved queue://GC.A',
    'destinationRemoved topic://GC.A',
  ])
})

test('messages, consumers, producers, open transactions and temporary destinations stay', async () => {
  const { harness, client, add, there } = await start([policy('>'), policy('>', { kind: 'topic' })])
  client.send('queue://MESSAGE')
  client.consume('queue://CONSUMER')
  client.consume('topic://CONSUMER')
  client.connection.addProducer({ producerId: 'p', destination: parseDestination('queue://PRODUCER') })
  client.connection.addProducer({ producerId: 'q', destination: parseDestination('topic://PRODUCER') })
  client.connection.begin('t')
  client.send('queue://TRANSACTION', { transactionId: 't', persistent: true })
  add('temp-queue://ID:client-1:1', 'queue://NONE')
  harness.clock.advance(5000)
  expect(there().sort()).toEqual([
    'queue://CONSUMER',
    'queue://MESSAGE',
    'queue://PRODUCER',
    'queue://TRANSACTION',
    'temp-queue://ID:client-1:1',
    'topic://CONSUMER',
    'topic://PRODUCER',
  ])
})

test('a message that is being written keeps its queue', async () => {
  const { harness, client, there } = await start([policy('>', { inactiveTimeoutBeforeGCMs: 0 })])
  client.send('queue://A', { persistent: true })
  harness.clock.advance(1000)
  expect(there()).toEqual(['queue://A'])
  await harness.settle()
  expect(harness.of('queue://A').size).toBe(1)
})

test('whoever uses it again begins its time anew', async () => {
  const { harness, client, add, there } = await start([policy('>')])
  add('queue://A')
  for (let i = 0; i < 5; i++) {
    harness.clock.advance(600)
    client.consume('queue://A').close()
  }
  expect(there()).toEqual(['queue://A'])
  harness.clock.advance(1200)
  expect(there()).toEqual([])
})

test('the most specific policy counts', async () => {
  const { harness, add, there } = await start([
    policy('KEPT.A', { gcInactiveDestinations: true }),
    policy('>'),
    policy('KEPT.>', { gcInactiveDestinations: false }),
  ])
  add('queue://KEPT.A', 'queue://KEPT.B', 'queue://OTHER')
  harness.clock.advance(2000)
  expect(there()).toEqual(['queue://KEPT.B'])
})

test('so many at a time', async () => {
  const { harness, add, there } = await start([policy('>')], { maxPurgedPerSweep: 2 })
  add('queue://A', 'queue://B', 'queue://C')
  harness.clock.advance(1100)
  expect(there()).toEqual(['queue://C'])
  harness.clock.advance(100)
  expect(there()).toEqual([])
})

test('not without a period, and not after the end', async () => {
  const { harness, add, there } = await start([policy('>')], { purgePeriodMs: 0 })
  add('queue://A')
  harness.clock.advance(10_000)
  const other = await start([policy('>')])
  other.add('queue://A')
  other.harness.region.stop()
  other.harness.clock.advance(10_000)
  expect([...there(), ...other.there()]).toEqual(['queue://A', 'queue://A'])
})

test('a queue that was deleted is made again by the next message', async () => {
  const { harness, client, add } = await start([policy('>')])
  add('queue://A')
  harness.clock.advance(1200)
  client.send('queue://A', { persistent: true })
  await harness.settle()
  expect(harness.of('queue://A').size).toBe(1)
})
