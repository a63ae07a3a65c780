import { expect, test } from '@jest/globals'
import { parseDestination } from '../../../broker/message/destination.ts'
import { isForBridges } from '../../../broker/message/bridge-advisories.ts'

test.each([
  ['topic://ActiveMQ.Advisory.Consumer.Queue.Q', true],
  ['topic://ActiveMQ.Advisory.Consumer.Topic.T', true],
  ['topic://ActiveMQ.Advisory.VirtualDestination.Consumer.Queue.Q', true],
  ['topic://ActiveMQ.Advisory.TempQueue', true],
  ['topic://ActiveMQ.Advisory.TempTopic', true],
  ['topic://ActiveMQ.Advisory.Queue', false],
  ['topic://ActiveMQ.Advisory.Producer.Queue.Q', false],
  ['topic://Consumer.ActiveMQ.Advisory', false],
  ['queue://ActiveMQ.Advisory.Consumer.Queue.Q', false],
  ['queue://Q', false],
])('%s: %s', (text, expected) => {
  expect(isForBridges(parseDestination(text))).toBe(expected)
})
