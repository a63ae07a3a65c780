import { expect, test } from '@jest/globals'
import { isDemandOnly, mayPass } from '../../../broker/message/demand-terms.ts'
import { parseDestination } from '../../../broker/message/destination.ts'

test.each([
  ['topic://ActiveMQ.Advisory.Consumer.>', true],
  ['topic://ActiveMQ.Advisory.Consumer.Queue.A,ActiveMQ.Advisory.VirtualDestination.Consumer.Topic.>', true],
  ['topic://ActiveMQ.Advisory.Consumer.>,ActiveMQ.Advisory.TempQueue,ActiveMQ.Advisory.TempTopic', true],
  ['topic://ActiveMQ.Advisory.>', false],
  ['topic://ActiveMQ.Advisory.Consumer.>,ActiveMQ.Advisory.Connection', false],
  ['topic://ActiveMQ.Advisory.Consumer.>,T', false],
  ['queue://ActiveMQ.Advisory.Consumer.>', false],
])('who listens to %s hears of demand and of nothing else: %s', (text, expected) => {
  expect(isDemandOnly(parseDestination(text))).toBe(expected)
})

test.each([
  [[], 1, true],
  [['x'], 1, false],
  [['x'], 2, true],
  [['x', 'y'], -1, true],
  [['x', 'here'], -1, false],
  [[], 0, false],
] as const)('interest that has passed %j, with consumerTTL %i, may come here: %s', (path, consumerTTL, expected) => {
  expect(mayPass(path, consumerTTL, 'here')).toBe(expected)
})
