// Deliveries of a real region, settled as the other broker answers.
import { expect, test } from '@jest/globals'
import { NearEnd } from '../../../broker/network/near-end.ts'
import { parseDestination } from '../../../broker/message/destination.ts'
import { buildConsumerInfo } from '../../../broker/openwire/build-commands.ts'
import { structureOf } from '../../../broker/openwire/destination-structure.ts'
import type { Delivery } from '../../../broker/region/region.ts'
import type { ConsumerInfo } from '../../../broker/wire/openwire/commands.ts'
import { RegionHarness } from '../region/region-harness.ts'

const filter = { brokerId: 'ID:B', messageTTL: 1, permits: () => true }

async function setUp() {
  const harness = await RegionHarness.start({ brokerId: 'ID:A' })
  const given: Delivery[] = []
  const peer = { congested: false, forward: (delivery: Delivery) => void given.push(delivery), consumerRefused() {} }
  const near = new NearEnd(harness.region, { connectionId: 'A->B:1', clientId: 'NC_B_inbound_A' }, peer)
  const client = harness.connect()
  const demand = (destination: string, options: Partial<ConsumerInfo> = {}): ConsumerInfo => {
    const info = { ...infoOf(destination), ...options }
    near.addConsumer(info, filter)
    return info
  }
  const send = (destination: string, count: number): void => {
    for (let sent = 0; sent < count; sent++) client.send(destination, { persistent: true })
  }
  const numbers = () => given.map(({ message }) => message.producerSequenceId)
  return { harness, near, given, peer, client, demand, send, numbers }
}

const infoOf = (destination: string): ConsumerInfo => ({
  ...buildConsumerInfo({
    consumerId: { kind: 'ConsumerId', connectionId: 'A->B:1', sessionId: 1, value: 1 },
    destination: structureOf(parseDestination(destination)),
    prefetchSize: 1000,
    dispatchAsync: true,
  }),
  networkSubscription: true,
  brokerPath: [{ kind: 'BrokerId', value: 'ID:B' }],
})

test('what is forwarded stays here until it is settled, in whichever order', async () => {
  const { harness, near, given, demand, send } = await setUp()
  demand('queue://Q')
  send('queue://Q', 3)
  await harness.settle()
  expect(harness.of('queue://Q')).toMatchObject({ size: 3, inFlight: 3 })
  for (const index of [2, 0]) near.settle(given[index]!, 'accepted')
  expect(harness.of('queue://Q').size).toBe(3)
  await harness.settle()
  expect(harness.of('queue://Q')).toMatchObject({ size: 1, inFlight: 1, dequeued: 2 })
  near.settle(given[1]!, 'accepted')
  await harness.settle()
  expect(harness.of('queue://Q').size).toBe(0)
})

test('what is not settled when it closes is in its queue, for the next one, in order; nothing is settled after that', async () => {
  const { harness, near, given, demand, send } = await setUp()
  demand('queue://Q')
  send('queue://Q', 3)
  await harness.settle()
  near.settle(given[1]!, 'accepted')
  near.close()
  near.close()
  near.settle(given[0]!, 'accepted')
  await harness.settle()
  expect(harness.connect().consume('queue://Q').received).toEqual([1, 3])
})

test('what the other broker does not take is a dead letter, with the reason', async () => {
  const { harness, near, given, demand, send } = await setUp()
  demand('queue://Q')
  send('queue://Q', 1)
  await harness.settle()
  near.settle(given[0]!, 'rejected', 'it is too large')
  await harness.settle()
  expect([harness.of('queue://Q').size, harness.of('queue://ActiveMQ.DLQ').size]).toEqual([0, 1])
  expect(harness.events.filter((event) => event.startsWith('messageDeadLettered'))).toEqual([
    'messageDeadLettered queue://Q it is too large',
  ])
})

test('a consumer that is removed gets nothing more, and goes when what it has is settled', async () => {
  const { harness, near, given, demand, send, numbers } = await setUp()
  const info = demand('queue://Q')
  send('queue://Q', 2)
  await harness.settle()
  near.removeConsumer(info, false)
  near.removeConsumer(info, false)
  send('queue://Q', 1)
  await harness.settle()
  expect([numbers(), harness.of('queue://Q').consumers]).toEqual([[1, 2], 1])
  for (const delivery of given) near.settle(delivery, 'accepted')
  await harness.settle()
  expect(harness.of('queue://Q')).toMatchObject({ consumers: 0, size: 1, inFlight: 0 })
  expect(numbers()).toEqual([1, 2])
})

test('one that has nothing goes at once, with its subscription where that is to end', async () => {
  const { harness, near, demand } = await setUp()
  const info = demand('topic://T', { subscriptionName: 'NC-DS_A_T' })
  await harness.settle()
  expect(near.durableSubscriptions()).toEqual([
    { subscriptionName: 'NC-DS_A_T', destination: { kind: 'topic', name: 'T' } },
  ])
  near.removeConsumer(info, true)
  await harness.settle()
  expect(near.durableSubscriptions()).toEqual([])
})

test('its subscriptions are those of its own client id, and can be ended while nobody consumes', async () => {
  const { harness, near, demand } = await setUp()
  harness.connect({ clientId: 'other' }).consume('topic://T', { subscriptionName: 's' })
  const info = demand('topic://T', { subscriptionName: 'NC-DS_A_T' })
  await harness.settle()
  near.removeConsumer(info, false)
  expect(near.durableSubscriptions()).toHaveLength(1)
  near.removeSubscription('NC-DS_A_T')
  await harness.settle()
  expect(near.durableSubscriptions()).toEqual([])
})

test('a durable one that comes while an earlier one of its name leaves waits until that has gone', async () => {
  const { harness, near, given, demand, client, send } = await setUp()
  const info = demand('topic://T', { subscriptionName: 'NC-DS_A_T' })
  await harness.settle()
  send('topic://T', 1)
  await harness.settle()
  near.removeConsumer(info, true)
  const next = (value: number): ConsumerInfo =>
    demand('topic://T', { subscriptionName: 'NC-DS_A_T', consumerId: { ...info.consumerId!, value } })
  near.removeConsumer(next(2), true)
  next(3)
  near.settle(given[0]!, 'accepted')
  await harness.settle()
  expect(near.durableSubscriptions()).toHaveLength(1)
  client.send('topic://T', { persistent: true })
  await harness.settle()
  expect(given.map(({ consumerId, message }) => [consumerId, message.producerSequenceId])).toEqual([
    ['A->B:1:1:1', 1],
    ['A->B:1:1:3', 2],
  ])
})

test('a consumer that is refused is none', async () => {
  const { near, demand } = await setUp()
  expect(() => demand('queue://Q', { selector: 'this is no selector' })).toThrow('selector')
  near.removeConsumer(infoOf('queue://Q'), false)
  expect(() => demand('queue://Q')).not.toThrow()
})

test('while the far end is congested nothing is delivered', async () => {
  const { harness, near, peer, demand, send, numbers } = await setUp()
  demand('queue://Q')
  peer.congested = true
  send('queue://Q', 2)
  await harness.settle()
  near.dispatch()
  expect(numbers()).toEqual([])
  peer.congested = false
  near.dispatch()
  expect(numbers()).toEqual([1, 2])
  near.close()
  near.dispatch()
})

test('temporary destinations of the other broker are here as long as it is', async () => {
  const { harness, near } = await setUp()
  const destination = parseDestination('temp-queue://ID:there:1:1')
  const announcement = { kind: 'DestinationInfo' } as Parameters<NearEnd['addDestination']>[1]
  near.addDestination(destination, announcement)
  expect(harness.events).toContain('destinationAdded temp-queue://ID:there:1:1 A->B:1')
  near.removeDestination(destination)
  expect(harness.events).toContain('destinationRemoved temp-queue://ID:there:1:1')
})

test('an ended demand stays until what came by its last acknowledgement is settled too', async () => {
  const { harness, near, given: forwarded, demand: demandOf, send } = await setUp()
  const demand = demandOf('queue://Q', { prefetchSize: 1 })
  send('queue://Q', 3)
  await harness.settle()
  expect(forwarded).toHaveLength(1)
  near.settle(forwarded[0]!, 'accepted')
  await harness.settle()
  expect(forwarded).toHaveLength(2)
  near.removeConsumer(demand, false)
  expect(harness.of('queue://Q')).toMatchObject({ size: 2, inFlight: 1, consumers: 1 })
  near.settle(forwarded[1]!, 'accepted')
  await harness.settle()
  expect(harness.of('queue://Q')).toMatchObject({ size: 1, inFlight: 0, consumers: 0 })
  expect(forwarded).toHaveLength(2)
})
