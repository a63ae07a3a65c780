import { expect, test } from '@jest/globals'
import { passesBack, passesForward, passesFromTopic } from '../../../../broker/destination/network/network-filter.ts'
import { parseDestination } from '../../../../broker/message/destination.ts'
import { testMessage } from '../../../support/test-message.ts'

const toB = { brokerId: 'B', messageTTL: 1, route: ['B'] }

const sent = (destination: string, ...brokerPath: string[]) =>
  testMessage({ destination: parseDestination(destination), producerSequenceId: 1, brokerPath })

test('a message goes on to where it has not been, while it has passed fewer brokers than it may', () => {
  const passes = (messageTTL: number, ...path: string[]) =>
    passesForward({ brokerId: 'B', messageTTL, route: ['B'] }, sent('queue://Q', ...path))
  expect([passes(0), passes(1), passes(-1)]).toEqual([false, true, true])
  expect([passes(1, 'A'), passes(2, 'A'), passes(-1, 'A', 'C', 'D')]).toEqual([false, true, true])
  // One that has come back has passed two brokers, one of them twice.
  expect([passes(2, 'A', 'C', 'A'), passes(3, 'A', 'C', 'A')]).toEqual([false, true])
  expect([passes(2, 'B'), passes(-1, 'A', 'B', 'C'), passes(9, 'BB')]).toEqual([false, false, true])
})

test('a message goes back where it gets through to whoever consumes it', () => {
  const passes = (messageTTL: number, path: string[], ...route: string[]) =>
    passesBack({ brokerId: route.at(-1) ?? '', messageTTL, route }, path, 'here')
  expect(passes(1, ['A', 'B', 'C'], 'B')).toBe(true)
  expect(passes(1, ['A', 'B'], 'A', 'B')).toBe(true)
  expect([2, 3, 4, -1].map((ttl) => passes(ttl, ['A', 'B'], 'X', 'B'))).toEqual([false, false, true, true])
  expect([4, 5].map((ttl) => passes(ttl, ['A', 'B', 'A', 'C'], 'X', 'B'))).toEqual([false, true])
  expect([3, 4].map((ttl) => passes(ttl, ['A', 'B'], 'Y', 'X', 'B'))).toEqual([false, true])
  expect([4, 5].map((ttl) => passes(ttl, ['A', 'B'], 'Z', 'Y', 'X', 'B'))).toEqual([false, true])
  expect(passes(1, ['A'])).toBe(true)
  // It has been here before.
  expect([3, 4].map((ttl) => passes(ttl, ['A', 'here', 'B'], 'X', 'B'))).toEqual([false, true])
})

test('advisories go on but for those that tell bridges what to do', () => {
  const passes = (name: string) => passesFromTopic(toB, sent(`topic://ActiveMQ.Advisory.${name}`))
  expect(['Connection', 'Producer.Queue.A', 'Queue', 'TempQueue.x', 'MessageDLQd.Queue.A'].every(passes)).toBe(true)
  const forBridges = ['Consumer.Topic.A', 'VirtualDestination.Consumer.Queue.A', 'TempQueue', 'TempTopic']
  expect(forBridges.some(passes)).toBe(false)
  expect(passesFromTopic(toB, sent('topic://Consumer.Queue.A'))).toBe(true)
})
