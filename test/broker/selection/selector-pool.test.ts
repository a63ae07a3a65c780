// Selectors over messages as they are stored: what names mean, and what is shared.
import { expect, test } from '@jest/globals'
import type { PrimitiveMap, PrimitiveValue } from '../../../broker/marshal/primitive-map.ts'
import { buildMessage, type NewMessage } from '../../../broker/message/build-message.ts'
import type { Message } from '../../../broker/message/message.ts'
import { selectionLimits } from '../../../broker/selection/limits.ts'
import { SelectorPool } from '../../../broker/selection/selector-pool.ts'
import { SelectorError } from '../../../broker/selector/selector-error.ts'

const message = (fields: Partial<NewMessage> = {}): Message =>
  buildMessage({
    destination: { kind: 'queue', name: 'Q' },
    producer: { connectionId: 'ID:c:1', sessionId: 2, value: 3 },
    producerSequenceId: 4,
    ...fields,
  })

const withProperties = (properties: Record<string, PrimitiveValue>): Message =>
  message({ properties: new Map(Object.entries(properties)) as PrimitiveMap })

const matches = (text: string, shown: Message): boolean => new SelectorPool().obtain(text).matches(shown, 0)

test.each([
  ["JMSDestination = 'queue://Q'", {}],
  ["JMSDestination = 'topic://T'", { destination: { kind: 'topic', name: 'T' } }],
  ["JMSReplyTo = 'temp-queue://R'", { replyTo: { kind: 'temp-queue', name: 'R' } }],
  ['JMSReplyTo IS NULL', {}],
  ["JMSType = 'order'", { type: 'order' }],
  ["JMSDeliveryMode = 'PERSISTENT'", { persistent: true }],
  ["JMSDeliveryMode = 'NON_PERSISTENT'", { persistent: false }],
  ['JMSPriority > 6', { priority: 7 }],
  ["JMSMessageID = 'ID:c:1:2:3:4'", {}],
  ["JMSMessageID = 'ID:other'", { messageIdText: 'other' }],
  ['JMSTimestamp = 1700000000000 AND JMSTimestamp + 1 = 1700000000001', { timestamp: 1_700_000_000_000 }],
  ["JMSCorrelationID LIKE 'c%'", { correlationId: 'c1' }],
  ['JMSExpiration BETWEEN 1 AND 5000000000', { expiration: 4_000_000_000 }],
  ["JMSXGroupID = 'g' AND JMSXGroupSeq = 3", { groupId: 'g', groupSequence: 3 }],
  ["JMSXUserID = 'me'", { userId: 'me' }],
  ["JMSXUserID = 'you'", { properties: new Map([['JMSXUserID', { type: 'string', value: 'you' }]]) }],
  ['JMSXProducerTXID IS NULL', {}],
  ['JMSXGroupFirstForConsumer = FALSE', {}],
  ['JMSActiveMQBrokerInTime = 5 AND JMSActiveMQBrokerOutTime = 0', { brokerInTime: 5 }],
] as readonly (readonly [string, Partial<NewMessage>])[])('%s', (text, fields) =>
  expect(matches(text, message(fields))).toBe(true),
)

test('JMSRedelivered and JMSXDeliveryCount are what the queue counts', () => {
  const pool = new SelectorPool()
  const redelivered = pool.obtain('JMSRedelivered AND JMSXDeliveryCount = 3')
  const sent = message({ redeliveryCounter: 2 })
  expect([0, 1, 2, 3].map((counter) => redelivered.matches(sent, counter))).toEqual([false, false, true, false])
})

test.each([
  ["a = 'text'", { type: 'string', value: 'text' }],
  ['a = -5', { type: 'byte', value: -5 }],
  ['-a = 300', { type: 'short', value: -300 }],
  ['a + 1 = -2147483648', { type: 'int', value: 2_147_483_647 }],
  ['a + 1 = 2147483648', { type: 'long', value: 2_147_483_647 }],
  ['a = 9007199254740993', { type: 'long', value: 9_007_199_254_740_993n }],
  ['a = -9223372036854775808', { type: 'long', value: -(2n ** 63n) }],
  ['a = -9007199254740991', { type: 'long', value: -9_007_199_254_740_991 }],
  ['a = 0.5', { type: 'float', value: 0.5 }],
  ['a = 2.5', { type: 'double', value: 2.5 }],
  ['a', { type: 'boolean', value: true }],
  ['a IS NULL', { type: 'null', value: null }],
  ["a IS NOT NULL AND a <> 'A' AND NOT (a = a) AND NOT (a < a)", { type: 'char', value: 65 }],
  ['a IS NOT NULL AND NOT (a = 1)', { type: 'bytes', value: Buffer.from('x') }],
  ["a = 'ü€😀'", { type: 'string', value: 'ü€😀' }],
] as readonly (readonly [string, PrimitiveValue])[])('%s of %j', (text, value) =>
  expect(matches(text, withProperties({ b: { type: 'list', value: [] }, a: value }))).toBe(true),
)

test('a property that several ask for is read once of each message', () => {
  const pool = new SelectorPool()
  const selectors = ['a = 1', 'a = 2', "a > 0 AND b = 'x'"].map((text) => pool.obtain(text))
  const looked: string[] = []
  const watched = (a: number): Message => {
    const made = withProperties({ a: { type: 'int', value: a }, b: { type: 'string', value: 'x' } })
    const find = made.findProperty.bind(made)
    return Object.assign(made, { findProperty: (name: Buffer) => (looked.push(name.toString()), find(name)) })
  }
  const [one, two] = [watched(1), watched(2)]
  for (const shown of [one, two, one])
    expect(selectors.map((selector) => selector.matches(shown, 0))).toEqual([shown === one, shown === two, true])
  expect(looked).toEqual(['a', 'b', 'a', 'b', 'a', 'b'])
})

test('a long text is not kept for the next one', () => {
  const pool = new SelectorPool()
  const long = 'x'.repeat(selectionLimits.keptCharacters + 1)
  const selectors = ["a = 'x'", "a LIKE 'x%'", "a LIKE '%x'"].map((text) => pool.obtain(text))
  const shown = withProperties({ a: { type: 'string', value: long } })
  expect(selectors.map((selector) => selector.matches(shown, 0))).toEqual([false, true, true])
})

test('one text is compiled once, and forgotten with its last consumer', () => {
  const pool = new SelectorPool()
  const one = pool.obtain('a = 1')
  expect(pool.obtain('a = 1')).toBe(one)
  const other = pool.obtain('a = 1 OR b = a')
  expect(pool.size).toBe(2)
  pool.release(one)
  expect(pool.obtain('a = 1')).toBe(one)
  for (const selector of [one, one, other]) pool.release(selector)
  expect(pool.size).toBe(0)
  expect(pool.obtain('a = 1')).not.toBe(one)
})

test('a bad selector leaves nothing', () => {
  const pool = new SelectorPool()
  expect(() => pool.obtain('a = 1 AND b =')).toThrow(SelectorError)
  expect(pool.size).toBe(0)
})
