import { describe, expect, test } from '@jest/globals'
import { DeadLetterStrategy } from '../../../broker/destination/dead-letter.ts'
import { destinationLimits } from '../../../broker/destination/limits.ts'
import { nameLimits } from '../../../broker/routing/limits.ts'
import type { StoredMessage } from '../../../broker/message/stored-message.ts'
import { testMessage } from '../../support/test-message.ts'

const config = { kind: 'shared', queue: 'DLQ', processExpired: false, processNonPersistent: false } as const
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
  const letter = new DeadLetterStrategy(config).build(
    message(1, false),
    queue('Q'),
    queue('DLQ'),
    'because',
    7,
  ) as StoredMessage
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

test('lives as long as its strategy says, and does not tell then when it would have expired', () => {
  const strategy = new DeadLetterStrategy({ ...config, expirationMs: 1000 })
  const letter = strategy.build(message(1), queue('Q'), queue('DLQ'), null, 7)
  expect(letter.expiration).toBe(1007)
  expect([...letter.decodeProperties()]).toEqual([])
})

test('without an audit the same message is kept as often as it comes', () => {
  const strategy = new DeadLetterStrategy({ ...config, auditDepth: 0 })
  expect([1, 2].map(() => strategy.admits(message(1), queue('Q'), 'poison'))).toEqual([true, true])
  const shallow = new DeadLetterStrategy({ ...config, auditDepth: 1 })
  expect([1, 1, 2, 1].map((one) => shallow.admits(message(one), queue('Q'), 'poison'))).toEqual([
    true,
    false,
    true,
    true,
  ])
})

describe('the place of a letter', () => {
  const individual = {
    kind: 'individual',
    queuePrefix: 'DLQ.',
    queueSuffix: '.q',
    topicPrefix: 'DLT.',
    topicSuffix: '.t',
    useQueueForQueueMessages: true,
    useQueueForTopicMessages: true,
    processExpired: true,
    processNonPersistent: false,
  } as const
  const topic = (name: string) => ({ kind: 'topic', name }) as const

  test('of its own for each destination', () => {
    const strategy = new DeadLetterStrategy(individual)
    expect(strategy.placeFor(queue('A.B'))).toEqual(queue('DLQ.A.B.q'))
    expect(strategy.placeFor(topic('A.B'))).toEqual(queue('DLT.A.B.t'))
  })

  test('a topic, where that is asked for', () => {
    const topics = { useQueueForQueueMessages: false, useQueueForTopicMessages: false }
    const strategy = new DeadLetterStrategy({ ...individual, ...topics })
    expect(strategy.placeFor(queue('A'))).toEqual(topic('DLQ.A.q'))
    expect(strategy.placeFor(topic('A'))).toEqual(topic('DLT.A.t'))
  })

  test('is none where it would be the destination itself', () => {
    const unchanged = { queuePrefix: '', queueSuffix: '', topicPrefix: '', topicSuffix: '' }
    const strategy = new DeadLetterStrategy({ ...individual, ...unchanged })
    expect(strategy.placeFor(queue('A'))).toBeNull()
    expect(strategy.placeFor(topic('A'))).toEqual(queue('A'))
    expect(strategy.admits(message(1), queue('A'), 'poison')).toBe(false)
  })

  test('has no longer a name than names may have', () => {
    const place = new DeadLetterStrategy(individual).placeFor(queue('x'.repeat(nameLimits.maximumNameLength)))
    expect(place!.name).toHaveLength(nameLimits.maximumNameLength)
    expect(place!.name).toMatch(/^DLQ\.x+\.q$/)
  })

  test('is none with the strategy that discards', () => {
    const strategy = new DeadLetterStrategy({ kind: 'discarding' })
    expect(strategy.placeFor(queue('A'))).toBeNull()
    expect(strategy.admits(message(1), queue('A'), 'poison')).toBe(false)
  })
})
