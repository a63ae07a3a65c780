import { describe, expect, test } from '@jest/globals'
import { DestinationCounters } from '../../../../broker/destination/destination-counters.ts'
import { destinationLimits } from '../../../../broker/destination/limits.ts'
import { MemoryUsage } from '../../../../broker/destination/memory-usage.ts'
import { TopicBacklog } from '../../../../broker/destination/subscription/topic-backlog.ts'
import { TopicMessage } from '../../../../broker/destination/topic/topic-message.ts'
import { testMessage } from '../../../support/test-message.ts'

const made = (askedLimit: number, memory = new MemoryUsage(2 ** 30)) => {
  const limits: string[] = []
  const backlog = new TopicBacklog(askedLimit, (limit) => void limits.push(limit))
  let sequence = 0
  const message = (
    persistent: boolean,
    fields: { readonly expiration?: number; readonly priority?: number } = {},
  ): TopicMessage => {
    const destination = { kind: 'topic', name: 'T' } as const
    const sent = testMessage({ destination, producerSequenceId: ++sequence, persistent, ...fields })
    return new TopicMessage(sent, sequence, memory)
  }
  const takeAll = (): number[] => {
    const taken: number[] = []
    while (backlog.length > 0) {
      const { shared } = backlog.take()
      shared.letGo()
      taken.push(shared.sequence)
    }
    return taken
  }
  return { backlog, limits, message, takeAll, memory }
}

test('beyond its limit the oldest non-persistent message goes, and then the oldest', () => {
  const { backlog, limits, message, takeAll, memory } = made(2)
  for (const persistent of [true, false, true, true]) backlog.keep(null, message(persistent), 0)
  expect(limits).toEqual(['maximumPendingMessageLimit', 'maximumPendingMessageLimit'])
  expect(memory.used).toBe(2 * 1024)
  expect(takeAll()).toEqual([3, 4])
  expect(memory.used).toBe(0)
})

test('what the window has room for does not count against the limit', () => {
  const { backlog, limits, message } = made(1)
  for (let i = 0; i < 3; i++) backlog.keep(null, message(false), 2)
  expect([backlog.length, limits]).toEqual([3, []])
})

test('nobody gets more than the broker permits', () => {
  const { backlog, message } = made(2 ** 40)
  const shared = message(false)
  for (let i = 0; i <= destinationLimits.maximumPendingMessageLimit; i++) backlog.keep(null, shared, 0)
  expect(backlog.length).toBe(destinationLimits.maximumPendingMessageLimit)
})

test('gives way while memory is short, and lets go of everything at its end', () => {
  const { backlog, limits, message, memory } = made(0, new MemoryUsage(8 * 1024))
  for (let i = 0; i < 6; i++) backlog.keep(null, message(true), 0)
  backlog.giveWay(message(true))
  expect(limits).toEqual(['congestedTopicMemoryShare', 'congestedTopicMemoryShare'])
  expect(backlog.length).toBe(4)
  backlog.clear()
  expect([backlog.length, memory.used]).toEqual([0, 0])
})

test('gives out what has expired, wherever it stands, and keeps the order of the rest', () => {
  const { backlog, message, takeAll, memory } = made(0)
  for (const expiration of [0, 100, 200, 0, 100]) backlog.keep(null, message(false, { expiration }), 0)
  const taken = (nowMs: number): number[] =>
    backlog.takeExpired(nowMs).map(({ shared }) => {
      shared.letGo()
      return shared.sequence
    })
  expect([taken(99), taken(100), taken(100)]).toEqual([[], [2, 5], []])
  expect(memory.used).toBe(3 * 1024)
  expect(takeAll()).toEqual([1, 3, 4])
  backlog.keep(null, message(false, { expiration: 100 }), 0)
  expect(taken(300)).toEqual([6])
  expect([backlog.length, memory.used]).toEqual([0, 0])
})

test('counts rightly what is left of each kind when expired ones have gone', () => {
  const { backlog, message, takeAll } = made(2)
  backlog.keep(null, message(true), 0)
  backlog.keep(null, message(false, { expiration: 100 }), 0)
  for (const { shared } of backlog.takeExpired(100)) shared.letGo()
  for (const persistent of [true, true]) backlog.keep(null, message(persistent), 0)
  expect(takeAll()).toEqual([3, 4])
})

describe('of topics that go by priority', () => {
  const news = {
    destination: { kind: 'topic', name: 'T' },
    counters: new DestinationCounters(),
    isPrioritized: true,
    expire: () => {},
  } as const

  test('the highest goes first, in the order of arrival within one; others count as of the default priority', () => {
    const { backlog, message, takeAll, memory } = made(0)
    for (const priority of [0, 9, 4, 9]) backlog.keep(news, message(false, { priority }), 0)
    for (const priority of [9, 0]) backlog.keep({ ...news, isPrioritized: false }, message(false, { priority }), 0)
    expect(backlog.length).toBe(6)
    expect(takeAll()).toEqual([2, 4, 3, 5, 6, 1])
    expect([backlog.length, memory.used]).toEqual([0, 0])
  })

  test('beyond the limit the oldest of the lowest priority goes, and persistent ones last', () => {
    const { backlog, limits, message, takeAll, memory } = made(3)
    backlog.keep(news, message(true, { priority: 0 }), 0)
    for (const priority of [9, 4, 4, 9]) backlog.keep(news, message(false, { priority }), 0)
    expect(limits).toHaveLength(2)
    expect(memory.used).toBe(3 * 1024)
    expect(takeAll()).toEqual([2, 5, 1])
    expect([backlog.length, memory.used]).toEqual([0, 0])
  })
})
