import { expect, test } from '@jest/globals'
import { silentLogger } from '../../../broker/base/logger.ts'
import { ManualClock } from '../../../broker/base/manual-clock.ts'
import type { Lock, LockHandle, LockHolder, LockObstacle } from '../../../broker/lock/lock.ts'
import { Election } from '../../../broker/member/election.ts'
import { abandonLockAfterMs, standbyAfterMs } from '../../../broker/member/limits.ts'

/** A lock whose volume answers when the test says so, and to nobody's giving up. */
class SlowLock implements Lock {
  readonly kind = 'File'
  obstacle: LockObstacle = { kind: 'Unknown' }
  readonly answer = Promise.withResolvers<void>()
  holderNote: LockHolder | undefined = { member: 'orders-0', term: 7 }
  releases = 0

  async acquire(): Promise<LockHandle> {
    await this.answer.promise
    return { term: 8, verify() {}, lost: new Promise(() => {}), release: async () => void this.releases++ }
  }

  async holder(): Promise<LockHolder | undefined> {
    return this.holderNote
  }
}

function setUp() {
  const clock = new ManualClock()
  const lock = new SlowLock()
  const said = Promise.withResolvers<string>()
  const logger = { ...silentLogger, info: (text: string) => said.resolve(text) }
  const election = new Election({ lock, clock, logger, adminPort: () => 8161 })
  const stopping = new AbortController()
  const waiting = election.wait(stopping.signal)
  waiting.catch(() => {})
  return { clock, lock, election, stopping, waiting, said: said.promise }
}

test.each<[LockObstacle, LockHolder | undefined, string]>([
  [{ kind: 'Held' }, { member: 'orders-0', term: 7 }, 'Standby: orders-0 is active in term 7'],
  [{ kind: 'Held' }, undefined, 'Standby: another member is active'],
  // The note may be of somebody who ended long ago.
  [
    { kind: 'Trouble', reason: 'EROFS: read-only file system' },
    { member: 'orders-0', term: 7 },
    'Standby: the lock cannot be tried now: EROFS: read-only file system',
  ],
  [{ kind: 'Unknown' }, { member: 'orders-0', term: 7 }, 'Standby: the lock has not answered yet'],
])('a standby says why it is one: %j', async (obstacle, holder, expected) => {
  const { clock, lock, said } = setUp()
  lock.obstacle = obstacle
  lock.holderNote = holder
  clock.advance(standbyAfterMs)
  expect(await said).toBe(expected)
})

test('a stop does not wait for a volume that hangs, and what comes of it later is let go', async () => {
  const { clock, lock, election, stopping, waiting } = setUp()
  const reason = new Error('The broker is being stopped')
  stopping.abort(reason)
  clock.advance(abandonLockAfterMs)
  await expect(waiting).rejects.toBe(reason)
  expect([election.asking, clock.pendingTimers]).toEqual([true, 0])
  lock.answer.resolve()
  while (election.asking) await new Promise((resolve) => setImmediate(resolve))
  expect(lock.releases).toBe(1)
})

test('what is had leaves no timer behind', async () => {
  const { clock, lock, waiting } = setUp()
  lock.answer.resolve()
  expect((await waiting).term).toBe(8)
  expect([clock.pendingTimers, lock.releases]).toEqual([0, 0])
})
