// The messages that selectors of ours and of ActiveMQ are held against. Names say what is in them: `i1` is an int in every
// message, `i1m` one that is missing in some, `x` is in none.
import type { PrimitiveValue } from '../../../broker/marshal/primitive-map.ts'
import { buildMessage } from '../../../broker/message/build-message.ts'
import type { Message } from '../../../broker/message/message.ts'

const texts = ['', 'a', 'abc', 'ABC', "it's", '100%', 'a_c', 'aXbXc', '12', 'true', 'ü€', 'line\nend', 'x'.repeat(300)]
const ints = [0, 1, 2, 5, -1, 100, 2_147_483_647, -2_147_483_648]
const longs = [0, 1, -5, 2 ** 31, -(2 ** 40)]
const largeLongs = [9_007_199_254_740_993n, 2n ** 63n - 1n, -(2n ** 63n), 2 ** 53 - 1, 1]
const doubles = [0.5, 1, -2.25, 1e10, 1.5e-7, 123_456.789]

const pick = <T>(values: readonly T[], index: number): T => values[index % values.length]!

function properties(index: number): Map<string, PrimitiveValue> {
  const map = new Map<string, PrimitiveValue>([
    ['s1', { type: 'string', value: pick(texts, index) }],
    ['s2', { type: 'string', value: pick(texts, 3 * index + 1) }],
    ['i1', { type: 'int', value: pick(ints, index) }],
    ['i2', { type: 'int', value: pick(ints, 5 * index + 2) }],
    ['l1', { type: 'long', value: pick(longs, index) }],
    ['l2', { type: 'long', value: pick(largeLongs, index) }],
    ['e1', { type: 'string', value: '😀b' }],
    ['d1', { type: 'double', value: pick(doubles, index) }],
    ['b1', { type: 'boolean', value: index % 2 === 0 }],
    ['y1', { type: 'byte', value: (index % 7) - 3 }],
    ['h1', { type: 'short', value: 100 * index - 300 }],
    ['f1', { type: 'float', value: pick([0.5, 1, -2.25, 0.1].map(Math.fround), index) }],
  ])
  if (index % 3 !== 0) map.set('s1m', { type: 'string', value: pick(texts, index + 2) })
  if (index % 2 !== 0) map.set('i1m', { type: 'int', value: pick(ints, index + 3) })
  if (index % 4 !== 0) map.set('b1m', { type: 'boolean', value: index % 5 < 2 })
  return map
}

export const selectorMessages: readonly Message[] = Array.from({ length: 16 }, (_, index) =>
  buildMessage({
    destination: { kind: 'queue', name: `Q.${index}` },
    producer: { connectionId: 'ID:host-1-2-3:1', sessionId: 1, value: 1 },
    producerSequenceId: index + 1,
    persistent: index % 2 === 0,
    priority: index % 10,
    timestamp: 1_700_000_000_000 + index,
    expiration: index % 3 === 0 ? 0 : 1_800_000_000_000 + index,
    correlationId: index % 3 === 0 ? null : `c${index}`,
    replyTo: index % 4 === 0 ? { kind: 'temp-queue', name: `ID:host:${index}` } : null,
    type: index % 2 === 0 ? 'order' : null,
    groupId: index % 5 === 0 ? `g${index}` : null,
    groupSequence: index,
    userId: index % 6 === 0 ? 'me' : null,
    properties: properties(index),
  }),
)
