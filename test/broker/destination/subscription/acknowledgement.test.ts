import { describe, expect, test } from '@jest/globals'
import { TopicEntry } from '../../../../broker/destination/entry.ts'
import { findLast, findRange, findTopicRange } from '../../../../broker/destination/subscription/acknowledgement.ts'
import { DispatchedList } from '../../../../broker/destination/subscription/dispatched-list.ts'

const named = (number: number) => ({ messageId: `ID:p:1:1:${number}`, sequence: number })
const range = (first: number | null, last: number | null, messageCount: number) => ({
  first: first === null ? null : named(first),
  last: last === null ? null : named(last),
  messageCount,
})

const list = new DispatchedList()
for (let number = 1; number <= 5; number++)
  list.push(new TopicEntry(null, number, { producerId: 'ID:p:1:1', producerSequenceId: number }))

const sequences = (entries: readonly { sequence: number }[]): number[] => entries.map(({ sequence }) => sequence)

describe('a range', () => {
  test.each([
    ['from the oldest', range(null, 3, 3), [1, 2, 3]],
    ['from a first one', range(2, 4, 3), [2, 3, 4]],
    ['of one', range(5, 5, 1), [5]],
  ])('%s', (_name, asked, expected) => {
    expect(sequences(findRange(list, asked, true))).toEqual(expected)
  })

  test.each([
    ['without a last one', range(null, null, 1), 'it names no last message'],
    ['from one that was not dispatched', range(9, 3, 1), 'Could not find Message-ID ID:p:1:1:9 .* \\(start of ack\\)'],
    ['to one that was not dispatched', range(null, 9, 1), 'Could not find Message-ID ID:p:1:1:9 .* \\(end of ack\\)'],
    ['backwards', range(4, 2, 1), 'Could not find Message-ID ID:p:1:1:2 .* \\(end of ack\\)'],
    ['with another count', range(null, 3, 2), 'Expected message count \\(2\\) differs from .* \\(3\\)'],
  ])('%s is refused', (_name, asked, reason) => {
    expect(() => findRange(list, asked, true)).toThrow(new RegExp(`^Unmatched acknowledge: ${reason}`))
  })

  test('of a transaction need not be counted right', () => {
    expect(sequences(findRange(list, range(null, 3, 1), false))).toEqual([1, 2, 3])
  })
})

test('a single one is the last, or refused', () => {
  expect(findLast(list, range(1, 4, 1)).sequence).toBe(4)
  expect(() => findLast(list, range(null, 9, 1))).toThrow('Could not correlate acknowledgment with dispatched message')
})

describe('of topic messages', () => {
  test.each([
    ['the range is believed', range(2, 3, 9), false, [2, 3]],
    ['else the count', range(null, 9, 2), false, [1, 2]],
    ['one by itself', range(null, 3, 1), true, [3]],
  ])('%s', (_name, asked, individual, expected) => {
    expect(sequences(findTopicRange(list, asked, individual))).toEqual(expected)
  })
})
