import { expect, test } from '@jest/globals'
import { DeliveryHistory } from '../../../broker/client/delivery-history.ts'
import { maxRememberedDeliveries } from '../../../broker/client/limits.ts'
import { buildMessageCommand } from '../../../broker/client/message.ts'
import { buildConsumerInfo } from '../../../broker/openwire/build-commands.ts'
import type { DestinationStructure } from '../../../broker/wire/openwire/commands.ts'

const connectionId = 'ID:c-1:1'

const consumer = (value: number, kind: DestinationStructure['kind'] = 'ActiveMQQueue') =>
  buildConsumerInfo({
    consumerId: { kind: 'ConsumerId', connectionId, sessionId: 1, value },
    destination: { kind, physicalName: 'D' },
    prefetchSize: 1,
  })

const message = (sequence: number, kind: 'queue' | 'topic' = 'queue') =>
  buildMessageCommand('x', {
    producerId: { kind: 'ProducerId', connectionId: 'ID:p-1:1', sessionId: 1, value: 1 },
    sequence,
    destination: { kind, name: 'D' },
    transactionId: null,
    persistent: true,
    priority: 4,
    expiration: 0,
    timestamp: 0,
    compress: false,
  })

test('a message that may come again is no duplicate, and its deliveries count once', () => {
  const history = new DeliveryHistory(true)
  expect(history.isDuplicate(message(1), consumer(1))).toBe(false)
  expect(history.isDuplicate(message(1), consumer(1))).toBe(true)
  history.expectAgain(message(1), consumer(1), 2)
  expect(history.isDuplicate(message(1), consumer(2))).toBe(false)
  expect([1, 2].map(() => history.deliveriesBefore(message(1), consumer(2)))).toEqual([2, 0])
})

test('on a topic each consumer has deliveries of its own', () => {
  const history = new DeliveryHistory(true)
  history.expectAgain(message(1, 'topic'), consumer(1, 'ActiveMQTopic'), 1)
  expect(history.deliveriesBefore(message(1, 'topic'), consumer(2, 'ActiveMQTopic'))).toBe(0)
  expect(history.deliveriesBefore(message(1, 'topic'), consumer(1, 'ActiveMQTopic'))).toBe(1)
})

test('deliveries are counted also where duplicates are not looked for', () => {
  const history = new DeliveryHistory(false)
  history.expectAgain(message(1), consumer(1), 1)
  expect([1, 2].map(() => history.isDuplicate(message(1), consumer(1)))).toEqual([false, false])
  expect(history.deliveriesBefore(message(1), consumer(1))).toBe(1)
})

test('what never comes again is forgotten, the oldest first', () => {
  const history = new DeliveryHistory(true)
  for (let sequence = 0; sequence <= maxRememberedDeliveries; sequence++)
    history.expectAgain(message(sequence), consumer(1), 1)
  expect(history.deliveriesBefore(message(0), consumer(1))).toBe(0)
  expect(history.deliveriesBefore(message(1), consumer(1))).toBe(1)
})
