// What one topic keeps: which messages, how long, and what it takes of memory.
import { expect, test } from '@jest/globals'
import { ManualClock } from '../../../../../broker/base/manual-clock.ts'
import { MemoryUsage } from '../../../../../broker/destination/memory-usage.ts'
import { FixedCount } from '../../../../../broker/destination/topic/recovery/fixed-count.ts'
import { KeptMessages } from '../../../../../broker/destination/topic/recovery/kept-messages.ts'
import { RecoveryMemory } from '../../../../../broker/destination/topic/recovery/recovery-memory.ts'
import type { RecoveryPolicy } from '../../../../../broker/destination/topic/recovery/recovery-policy.ts'
import { Timed } from '../../../../../broker/destination/topic/recovery/timed.ts'
import { TopicMessage } from '../../../../../broker/destination/topic/topic-message.ts'
import { testMessage } from '../../../../support/test-message.ts'

const made = (policy: RecoveryPolicy, memoryLimit = 2 ** 20) => {
  const clock = new ManualClock()
  const memory = new MemoryUsage(memoryLimit)
  const recoveryMemory = new RecoveryMemory(memory)
  const keeper = (): KeptMessages =>
    new KeptMessages({ policy, alwaysRetroactive: false, memory: recoveryMemory, clock })
  let last = 0
  const message = (expiration = 0): TopicMessage => {
    const destination = { kind: 'topic', name: 'T' } as const
    return new TopicMessage(testMessage({ destination, producerSequenceId: ++last, expiration }), last, memory)
  }
  return { clock, memory, recoveryMemory, kept: keeper(), keeper, message }
}

const sequences = (kept: KeptMessages): number[] => Array.from(kept.messages(), ({ sequence }) => sequence)

test('the oldest go when the policy says so, and with them their memory', () => {
  const { memory, recoveryMemory, kept, message } = made(new FixedCount(2))
  for (let i = 0; i < 4; i++) kept.keep(message())
  expect(sequences(kept)).toEqual([3, 4])
  expect([memory.used, recoveryMemory.used]).toEqual([2048, 2048])
  kept.clear()
  expect([sequences(kept), memory.used, recoveryMemory.used]).toEqual([[], 0, 0])
})

test('a message that subscribers keep waiting as well counts once in memory', () => {
  const { memory, kept, message } = made(new FixedCount(2))
  const shared = message()
  shared.hold()
  kept.keep(shared)
  expect(memory.used).toBe(1024)
  shared.letGo()
  expect([memory.used, sequences(kept)]).toEqual([1024, [1]])
})

test('what is too old is not handed out, and is gone with the next sweep', () => {
  const { clock, memory, kept, message } = made(new Timed(1000))
  kept.keep(message())
  clock.advance(600)
  kept.keep(message())
  clock.advance(600)
  expect(sequences(kept)).toEqual([2])
  expect(memory.used).toBe(1024)
  clock.advance(600)
  kept.sweep()
  expect(memory.used).toBe(0)
})

test('what has expired is not handed out, wherever it stands, and is gone with the next sweep', () => {
  const { clock, memory, kept, message } = made(new FixedCount(10))
  for (const expiration of [0, clock.nowMs() + 10, 0]) kept.keep(message(expiration))
  clock.advance(20)
  expect([sequences(kept), memory.used]).toEqual([[1, 3], 3072])
  kept.sweep()
  expect([sequences(kept), memory.used]).toEqual([[1, 3], 2048])
})

test('all topics together keep no more than a tenth of memory, and one alone leaves a part of that to the others', () => {
  const { recoveryMemory, kept, keeper, message } = made(new FixedCount(1000), 100 * 1024 * 10)
  for (let i = 0; i < 200; i++) kept.keep(message())
  expect(sequences(kept).at(-1)).toBe(200)
  expect(recoveryMemory.used / 1024).toBeGreaterThan(60)
  expect(recoveryMemory.used / 1024).toBeLessThanOrEqual(75)
  const others = Array.from({ length: 50 }, keeper)
  for (const other of others) other.keep(message())
  expect(recoveryMemory.used / 1024).toBeLessThanOrEqual(100)
  expect(others.filter((other) => sequences(other).length === 1).length).toBeGreaterThanOrEqual(25)
})

test('while memory is short nothing is kept, and what was kept gives way', () => {
  const { memory, kept, message } = made(new FixedCount(1000))
  for (let i = 0; i < 10; i++) kept.keep(message())
  memory.add(memory.limit * 0.8)
  kept.keep(message())
  expect([sequences(kept), memory.used]).toEqual([[], memory.limit * 0.8])
  memory.release(memory.limit * 0.8)
  kept.keep(message())
  expect(sequences(kept)).toEqual([12])
})
