import { expect, test } from '@jest/globals'
import { DeadLetterStrategy } from '../../../broker/destination/dead-letter.ts'
import { destinationLimits } from '../../../broker/destination/limits.ts'
import type { StoredMessage } from '../../../broker/message/stored-message.ts'
import { testMessage } from '../../support/test-message.ts'

const config = { queue: 'DLQ', processExpired: false, processNonPersistent: false }
const queue = (name: string) => ({ kind: 'queue', name }) as const
const message = (producerSequenceId: number, persistent = true) =>
  testMessage({ destination: queue('Q'), producerSequenceId, persistent, expiration: 99 })

test('keeps what it is told to keep, once from each place', () => {
  const strategy = new DeadLetterStrategy(config)
  expect(strategy.admits(message(1), queue('Q'), 'poison')).toBe(true)
  expect(strategy.admits(message(1), queue('Q'), 'poison')).toBe(false)
  expect(strategy.admits(message(1), queue('R'), 'poison')).toBe(true)
  expect(strategy.admits(message(2), queue('Q'), 'expired')).toBe(false)
  expect(strategy.admits(message(3, false), queue('Q'), 'poison')).toBe(false)
  expect(strategy.admits(message(4), queue('DLQ'), 'poison')).toBe(false)
  const all = new DeadLetterStrategy({ ...config, processExpired: true, processNonPersistent: true })
  expect(all.admits(message(2, false), queue('Q'), 'expired')).toBe(true)
})

test('remembers a certain number of them', () => {
  const strategy = new DeadLetterStrategy(config)
  for (let number = 0; number <= destinationLimits.deadLetterAuditDepth; number++)
    strategy.admits(message(number), queue('Q'), 'poison')
  expect(strategy.admits(message(1), queue('Q'), 'poison')).toBe(false)
  expect(strategy.admits(message(0), queue('Q'), 'poison')).toBe(true)
})

test('the copy says where the message was, and why it is there', () => {
  const letter = new DeadLetterStrategy(config).build(message(1, false), queue('Q'), 'because') as StoredMessage
  expect(letter).toMatchObject({
    destination: queue('DLQ'),
    originalDestination: queue('Q'),
    persistent: true,
    expiration: 0,
  })
  expect([...letter.decodeProperties().keys()].toSorted()).toEqual([
    'dlqDeliveryFailureCause',
    'originalDeliveryMode',
    'originalExpiration',
  ])
})
