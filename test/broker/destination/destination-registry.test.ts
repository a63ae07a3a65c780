import { expect, test } from '@jest/globals'
import { ManualClock } from '../../../broker/base/manual-clock.ts'
import { silentLogger } from '../../../broker/base/logger.ts'
import { DestinationRegistry } from '../../../broker/destination/destination-registry.ts'
import { MemoryUsage } from '../../../broker/destination/memory-usage.ts'
import { Subscription } from '../../../broker/destination/subscription/subscription.ts'
import type { Destination } from '../../../broker/message/destination.ts'
import { destinationKey, parseDestination } from '../../../broker/message/destination.ts'
import { StoredMessage } from '../../../broker/message/stored-message.ts'

const made = () => {
  const clock = new ManualClock()
  const told: string[] = []
  const store = {
    read: () => Promise.resolve([]),
    remove: () => {},
    update: () => {},
    addHolder: ({ name }: { name: string }) => {
      if (name.length > 9) throw new Error('too long for this store')
      told.push(`store keeps ${name}`)
    },
    removeHolder: ({ name }: { name: string }) => void told.push(`store forgets ${name}`),
    addSubscription: () => {},
    removeSubscription: () => {},
    backlog: () => ({ messageCount: 0, messageBytes: 0 }),
    holds: () => false,
    whenDurable: (callback: () => void) => callback(),
  }
  const memory = new MemoryUsage(2 ** 20)
  const scan = (bytes: Buffer) => StoredMessage.scan(bytes)
  const registry = new DestinationRegistry(
    {
      clock,
      logger: silentLogger,
      memory,
      store,
      temp: null,
      redelivery: null,
      dispatchPolicies: null,
      scan,
      lastSequence: () => 0,
      recordsDeliveries: () => false,
      expired: () => {},
      expiredWaiting: () => {},
    },
    {
      check: () => {},
      created: ({ destination }, owner) => void told.push(`${destinationKey(destination)} ${owner ?? '-'}`),
      deleted: ({ destination }) => void told.push(`${destinationKey(destination)} gone`),
      isOneConsumers: ({ name }) => name.startsWith('OWN.'),
    },
  )
  const subscribe = (...names: string[]) => {
    const members = names.map((name) => parseDestination(name))
    const options = {
      consumerId: 'c',
      prefetchSize: 1,
      priority: 0,
      exclusive: false,
      noLocal: false,
      maximumPendingMessageLimit: 0,
    }
    const port = { deliver: () => {}, deliverNothing: () => {} }
    const subscription = new Subscription(options, members, 'ID:c', port, clock)
    for (const member of members) registry.attach(subscription, member)
    return subscription
  }
  return { registry, told, subscribe }
}

const at = (text: string): Destination => parseDestination(text)

test('makes what is asked for, once, and keeps queues in the store unless they are temporary', () => {
  const { registry, told } = made()
  const queue = registry.obtain(at('queue://A'))
  expect(registry.obtain(at('queue://A'))).toBe(queue)
  registry.obtain(at('topic://A'))
  registry.add(at('temp-queue://ID:c:1'), 'ID:c')
  expect(told).toEqual(['store keeps A', 'queue://A -', 'topic://A -', 'temp-queue://ID:c:1 ID:c'])
  registry.delete(queue)
  expect(registry.find(at('queue://A'))).toBeUndefined()
  expect(told.slice(-2)).toEqual(['store forgets A', 'queue://A gone'])
})

test('a temporary destination is not made by asking for it', () => {
  const { registry } = made()
  expect(() => registry.obtain(at('temp-topic://ID:c:1'))).toThrow(/Cannot use temp-topic:\/\/ID:c:1/)
})

test('a queue that the store does not take is not there either', () => {
  const { registry, told } = made()
  for (let attempt = 0; attempt < 2; attempt++)
    expect(() => registry.obtain(at('queue://ABCDEFGHIJ'))).toThrow('too long for this store')
  expect([registry.find(at('queue://ABCDEFGHIJ')), told]).toEqual([undefined, []])
})

test('a wildcard takes in what is there and what comes later, each once', () => {
  const { registry, subscribe } = made()
  const before = registry.obtain(at('queue://A.1'))
  const subscription = subscribe('queue://A.*', 'queue://A.>')
  const after = registry.obtain(at('queue://A.2'))
  registry.obtain(at('queue://B'))
  expect([...subscription.queues]).toEqual([before, after])
  expect([before.consumers, after.consumers]).toEqual([1, 1])
  expect(registry.consumerCount(at('queue://A.*'))).toBe(1)
})

test('who is detached hears nothing more, from nowhere', () => {
  const { registry, subscribe } = made()
  const subscription = subscribe('queue://A.>', 'topic://T', 'queue://Q')
  const found = ['queue://A.1', 'topic://T', 'queue://Q'].map((name) => registry.obtain(at(name)))
  expect(found.map(({ consumers }) => consumers)).toEqual([1, 1, 1])
  registry.detach(subscription)
  expect([...found, registry.obtain(at('queue://A.2'))].map(({ consumers }) => consumers)).toEqual([0, 0, 0, 0])
  expect(subscription.queues.size).toBe(0)
})

test('a destination with a wildcard as its name is drawn from by that and wider ones, unless it is one consumer’s own', () => {
  const { registry, subscribe } = made()
  const wide = subscribe('queue://OWN.>', 'queue://A.>')
  const own = registry.obtain(at('queue://OWN.*'))
  const other = registry.obtain(at('queue://A.*'))
  expect([own.consumers, other.consumers]).toEqual([0, 1])
  subscribe('queue://OWN.*')
  subscribe('queue://OWN.>')
  expect([own.consumers, other.consumers]).toEqual([1, 1])
  registry.detach(wide)
  expect([own.consumers, other.consumers]).toEqual([1, 0])
})
