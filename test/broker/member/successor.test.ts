import { expect, test } from '@jest/globals'
import { ManualClock } from '../../../broker/base/manual-clock.ts'
import type { LockHolder } from '../../../broker/lock/lock.ts'
import { clientsMoveMs, clientsMoveShare, successorPollMs, successorWithinMs } from '../../../broker/member/limits.ts'
import { awaitSuccessor } from '../../../broker/member/successor.ts'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

function setUp(ask: () => Promise<LockHolder | undefined>, isActive: () => boolean = () => true) {
  const clock = new ManualClock()
  let over = false
  void awaitSuccessor({ holder: ask }, 7, async () => isActive(), clock).then(() => (over = true))
  const pass = async (durationMs: number): Promise<boolean> => {
    for (let passed = 0; passed < durationMs; passed += successorPollMs) {
      await turn()
      clock.advance(Math.min(successorPollMs, durationMs - passed))
    }
    await turn()
    return over
  }
  return { pass, clock }
}

test('it is over some moments after a member that has the lock in a later term is active', async () => {
  let holder: LockHolder = { member: 'orders-0', term: 7 }
  let isActive = false
  const { pass } = setUp(
    async () => holder,
    () => isActive,
  )
  expect(await pass(successorPollMs)).toBe(false)
  holder = { member: 'orders-1', term: 8 }
  expect(await pass(successorPollMs)).toBe(false)
  isActive = true
  expect(await pass(successorPollMs + clientsMoveMs - 1)).toBe(false)
  expect(await pass(1)).toBe(true)
})

test('the longer it took, the longer clients wait between two tries', async () => {
  const tookMs = 30 * successorPollMs
  let isActive = false
  const { pass } = setUp(
    async () => ({ member: 'orders-1', term: 8 }),
    () => isActive,
  )
  expect(await pass(tookMs - 1)).toBe(false)
  isActive = true
  expect(await pass(1)).toBe(false)
  expect(await pass(clientsMoveShare * tookMs - 1)).toBe(false)
  expect(await pass(1)).toBe(true)
})

test('but not longer than anybody is waited for', async () => {
  const tookMs = successorWithinMs - successorPollMs
  let isActive = false
  const { pass } = setUp(
    async () => ({ member: 'orders-1', term: 8 }),
    () => isActive,
  )
  expect(await pass(tookMs - 1)).toBe(false)
  isActive = true
  expect(await pass(1)).toBe(false)
  expect(await pass(clientsMoveMs)).toBe(true)
})

test.each<[string, () => Promise<LockHolder | undefined>, boolean?]>([
  ['nobody takes the lock', async () => ({ member: 'orders-0', term: 7 })],
  ['who has it does not become active', async () => ({ member: 'orders-1', term: 8 }), false],
  ['there is no note of it', async () => undefined],
  ['the note cannot be read', () => Promise.reject(new Error('EIO'))],
])('it is over in time when %s', async (_, ask, isActive = true) => {
  const { pass, clock } = setUp(ask, () => isActive)
  expect(await pass(successorWithinMs - 1)).toBe(false)
  expect(await pass(1 + successorPollMs)).toBe(true)
  expect(clock.pendingTimers).toBe(0)
})
