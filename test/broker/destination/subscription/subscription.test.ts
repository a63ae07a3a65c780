// What the parts of a subscription are together: when it is full, what it gives, whom it asks. Its parts have tests of their own.
import { expect, test } from '@jest/globals'
import { ManualClock } from '../../../../broker/base/manual-clock.ts'
import { MemoryUsage } from '../../../../broker/destination/memory-usage.ts'
import { InFlight } from '../../../../broker/destination/subscription/dispatched-list.ts'
import type { MessageSource } from '../../../../broker/destination/subscription/message-source.ts'
import { Subscription, type SubscriptionOptions } from '../../../../broker/destination/subscription/subscription.ts'
import { TopicMessage } from '../../../../broker/destination/topic/topic-message.ts'
import type { DestinationKind } from '../../../../broker/message/destination.ts'
import { testMessage } from '../../../support/test-message.ts'

const made = (options: Partial<SubscriptionOptions> = {}, kind: DestinationKind = 'topic') => {
  const clock = new ManualClock()
  const inFlight = new InFlight()
  const memory = new MemoryUsage(2 ** 30)
  const destination = { kind, name: 'D' }
  const port = {
    congested: false,
    delivered: [] as number[],
    nothings: 0,
    deliver: ({ sequence }: { readonly sequence: number }) => void port.delivered.push(sequence),
    deliverNothing: () => void port.nothings++,
  }
  const all = {
    consumerId: 'c',
    prefetchSize: 2,
    priority: 0,
    exclusive: false,
    noLocal: false,
    maximumPendingMessageLimit: 0,
  }
  const subscription = new Subscription({ ...all, ...options }, [destination], 'ID:own', port, clock, inFlight)
  let sequence = 0
  const offer = (connectionId = 'ID:other'): void =>
    subscription.offer(
      null,
      new TopicMessage(
        testMessage({ destination, producerId: `${connectionId}:1:1`, producerSequenceId: 1 }),
        ++sequence,
        memory,
      ),
    )
  return { clock, inFlight, memory, port, subscription, offer }
}

test('is full at its prefetch, while its client does not read, and while its connection holds too much', () => {
  const { subscription, port, offer, inFlight } = made()
  offer()
  expect(subscription.full).toBe(false)
  port.congested = true
  expect(subscription.full).toBe(true)
  port.congested = false
  inFlight.count = 2 ** 30
  expect(subscription.full).toBe(true)
  inFlight.count = 1
  offer()
  expect(subscription.full).toBe(true)
  subscription.expand(1)
  expect(subscription.full).toBe(false)
})

test('topic messages wait while it is full, and come in order', () => {
  const { subscription, port, offer, memory } = made()
  for (let i = 0; i < 4; i++) offer()
  expect([port.delivered, subscription.waiting, memory.used]).toEqual([[1, 2], 2, 2048])
  subscription.dispatched.remove(subscription.dispatched.first!)
  offer()
  expect(port.delivered).toEqual([1, 2])
  subscription.dispatch()
  expect(port.delivered).toEqual([1, 2, 3])
  subscription.close()
  offer()
  expect([subscription.waiting, memory.used]).toEqual([0, 0])
})

test('noLocal refuses what its own connection sent, and only that', () => {
  const { port, offer } = made({ noLocal: true })
  offer('ID:own')
  offer('ID:own:1')
  expect(port.delivered).toEqual([2])
})

test('asks its queues in turn, and answers a pull only when none of them reads', () => {
  const { subscription, port } = made({ prefetchSize: 0 }, 'queue')
  const asked: string[] = []
  const source = (name: string, loading = false) => ({ loading, dispatch: () => void asked.push(name) })
  const [a, b] = [source('a'), source('b', true)]
  for (const queue of [a, b] satisfies MessageSource[]) subscription.queues.add(queue)
  subscription.dispatch()
  expect(asked).toEqual([])
  subscription.pull(-1)
  expect([asked, port.nothings]).toEqual([['a', 'b'], 0])
  b.loading = false
  subscription.answerPull()
  subscription.answerPull()
  expect(port.nothings).toBe(1)
})
