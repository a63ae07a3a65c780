// The look for what has expired of a topic's stored messages: when, how much at a time, and for whom.
import { expect, test } from '@jest/globals'
import { ManualClock } from '../../../../broker/base/manual-clock.ts'
import { silentLogger } from '../../../../broker/base/logger.ts'
import { TopicExpiry, type ExpiringBacklog } from '../../../../broker/destination/topic/topic-expiry.ts'
import { topicHolder, type Sequence } from '../../../../broker/store/held-message.ts'
import { testMessage } from '../../../support/test-message.ts'
import { turns } from '../../../support/turns.ts'
import { topicContext } from './topic-context.ts'

const destination = { kind: 'topic', name: 'T' } as const

const made = () => {
  const clock = new ManualClock()
  /** What the store has, by sequence. */
  const stored = new Map<Sequence, Buffer>()
  const reads: number[] = []
  const errors: string[] = []
  let failing = false
  const base = topicContext({ clock })
  const store = Object.assign(Object.create(base.store) as typeof base.store, {
    read: async (_owner: object, after: Sequence, upTo: Sequence, maxMessages: number) => {
      if (failing) throw new Error('the disk is gone')
      reads.push(maxMessages)
      const found = [...stored].filter(([sequence]) => sequence > after && sequence <= upTo).slice(0, maxMessages)
      return found.map(([sequence, bytes]) => ({ sequence, bytes }))
    },
  })
  const logger = { ...silentLogger, error: (text: string) => void errors.push(text) }
  const expiry = new TopicExpiry(topicHolder('T'), { ...base, store, logger, lastSequence: () => 1000 })
  const add = (sequence: Sequence, expiration: number): void => {
    stored.set(sequence, testMessage({ destination, producerSequenceId: sequence, expiration }).bytes)
    expiry.note(expiration)
  }
  /** Loses what it is told of, but what is in somebody's hands. */
  const backlog = (...held: Sequence[]) => {
    const expired: Sequence[] = []
    const expireStored = (sequence: Sequence): boolean => {
      if (held.includes(sequence)) return false
      expired.push(sequence)
      return true
    }
    return { expired, expireStored } satisfies ExpiringBacklog & { expired: Sequence[] }
  }
  return { clock, stored, reads, errors, expiry, add, backlog, fail: (now: boolean) => void (failing = now) }
}

test('nothing is read while nothing can have expired', async () => {
  const { clock, reads, expiry, add, backlog } = made()
  add(1, 0)
  add(2, clock.nowMs() + 1000)
  await expiry.sweep([backlog()], 100)
  expect(reads).toEqual([])
  clock.advance(1000)
  const one = backlog()
  await expiry.sweep([one], 100)
  expect([one.expired, reads.length]).toEqual([[2], 2])
})

test('each backlog is told of each message that has expired, and of no other', async () => {
  const { clock, expiry, add, backlog } = made()
  for (let sequence = 1; sequence <= 6; sequence++) add(sequence, sequence % 2 ? clock.nowMs() + 10 : 0)
  clock.advance(10)
  const [a, b] = [backlog(), backlog()]
  await expiry.sweep([a, b], 100)
  expect([a.expired, b.expired]).toEqual([
    [1, 3, 5],
    [1, 3, 5],
  ])
})

test('a sweep goes on where the one before it ended, and the pass ends with knowing when the next one expires', async () => {
  const { clock, stored, reads, expiry, add, backlog } = made()
  for (let sequence = 1; sequence <= 5; sequence++) add(sequence, clock.nowMs() + (sequence === 5 ? 5000 : 10))
  clock.advance(10)
  const one = backlog()
  for (const expected of [
    [1, 2],
    [1, 2, 3, 4],
    [1, 2, 3, 4],
  ]) {
    await expiry.sweep([one], 2)
    expect(one.expired).toEqual(expected)
  }
  for (const sequence of one.expired) stored.delete(sequence)
  const before = reads.length
  await expiry.sweep([one], 2)
  expect(reads).toHaveLength(before)
  clock.advance(5000)
  await expiry.sweep([one], 2)
  expect(one.expired).toEqual([1, 2, 3, 4, 5])
})

test('what somebody has in his hands is looked at again', async () => {
  const { clock, stored, expiry, add, backlog } = made()
  add(1, clock.nowMs() + 10)
  add(2, clock.nowMs() + 10)
  clock.advance(10)
  await expiry.sweep([backlog(1)], 100)
  stored.delete(2)
  const later = backlog()
  await expiry.sweep([later], 100)
  expect(later.expired).toEqual([1])
})

test('what nobody has looked at since the start is looked at', async () => {
  const { clock, stored, reads, expiry, backlog } = made()
  stored.set(1, testMessage({ destination, producerSequenceId: 1, expiration: clock.nowMs() - 1 }).bytes)
  stored.set(2, Buffer.from('no message'))
  await expiry.sweep([backlog()], 100)
  expect(reads).toEqual([])
  expiry.noteUnknown()
  const one = backlog()
  await expiry.sweep([one], 100)
  expect(one.expired).toEqual([1])
})

test('a failed read is told, and tried again with the next sweep', async () => {
  const { clock, errors, expiry, add, backlog, fail } = made()
  add(1, clock.nowMs() + 10)
  clock.advance(10)
  fail(true)
  const one = backlog()
  await expiry.sweep([one], 100)
  expect([one.expired, errors]).toEqual([[], ['Cannot read messages of topic']])
  fail(false)
  await expiry.sweep([one], 100)
  expect(one.expired).toEqual([1])
})

test('with many subscriptions others get their turn in between', async () => {
  const { clock, expiry, add, backlog } = made()
  add(1, clock.nowMs() + 10)
  clock.advance(10)
  const many = Array.from({ length: 1200 }, () => backlog())
  const told = (): number => many.filter(({ expired }) => expired.length === 1).length
  const sweep = expiry.sweep(many, 100)
  for (const expected of [500, 1000, 1200]) {
    await turns(5)
    expect(told()).toBe(expected)
    clock.advance(1)
  }
  await sweep
})
