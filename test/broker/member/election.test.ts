import { describe, expect, test } from '@jest/globals'
import { silentLogger } from '../../../broker/base/logger.ts'
import { ManualClock } from '../../../broker/base/manual-clock.ts'
import type { Lock, LockHandle, LockHolder, LockObstacle } from '../../../broker/lock/lock.ts'
import { Election } from '../../../broker/member/election.ts'
import { MemberState } from '../../../broker/member/member-state.ts'
import { StorageRefusedError } from '../../../broker/lock/storage-refused-error.ts'
import { abandonLockAfterMs, refusedIntervalMs, standbyAfterMs } from '../../../broker/member/limits.ts'

/** A lock whose volume answers when the test says so, and to nobody's giving up. */
class SlowLock implements Lock {
  readonly kind = 'File'
  obstacle: LockObstacle = { kind: 'Unknown' }
  readonly answer = Promise.withResolvers<void>()
  holderNote: LockHolder | undefined = { member: 'orders-0', term: 7 }
  releases = 0
  refusals: (StorageRefusedError | undefined)[] = []

  async refusal(): Promise<StorageRefusedError | undefined> {
    return this.refusals.length > 1 ? this.refusals.shift() : this.refusals[0]
  }

  async acquire(): Promise<LockHandle> {
    await this.answer.promise
    return { term: 8, verify() {}, lost: new Promise(() => {}), release: async () => void this.releases++ }
  }

  async holder(): Promise<LockHolder | undefined> {
    return this.holderNote
  }
}

function setUp(waitsWhenRefused = true) {
  const clock = new ManualClock()
  const lock = new SlowLock()
  const state = new MemberState()
  const infos: string[] = []
  const errors: string[] = []
  const logger = {
    ...silentLogger,
    info: (text: string) => void infos.push(text),
    error: (text: string) => void errors.push(text),
  }
  const election = new Election({ lock, clock, logger, waitsWhenRefused, adminPort: () => 8161 }, state)
  return { clock, lock, state, election, infos, errors, stopping: new AbortController() }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

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
  const { clock, lock, election, stopping, infos } = setUp()
  lock.obstacle = obstacle
  lock.holderNote = holder
  const waiting = election.wait(stopping.signal)
  clock.advance(standbyAfterMs)
  await turn()
  expect(infos).toEqual([expected])
  lock.answer.resolve()
  await waiting
})

test('a stop does not wait for a volume that hangs, and what comes of it later is let go', async () => {
  const { clock, lock, election, stopping } = setUp()
  const waiting = election.wait(stopping.signal)
  const reason = new Error('The broker is being stopped')
  stopping.abort(reason)
  clock.advance(abandonLockAfterMs)
  await expect(waiting).rejects.toBe(reason)
  expect([election.asking, clock.pendingTimers]).toEqual([true, 0])
  lock.answer.resolve()
  while (election.asking) await turn()
  expect(lock.releases).toBe(1)
})

test('what is had leaves no timer behind', async () => {
  const { clock, lock, election, stopping } = setUp()
  const waiting = election.wait(stopping.signal)
  lock.answer.resolve()
  expect((await waiting).term).toBe(8)
  expect([clock.pendingTimers, lock.releases]).toEqual([0, 0])
})

describe('storage of another broker', () => {
  const refusalOf = (owner: string): StorageRefusedError => new StorageRefusedError(`it belongs to ${owner}`)

  test('is looked at again until it is refused no more; each reason is said once', async () => {
    const { clock, lock, election, state, stopping, errors } = setUp()
    const [orders, invoices] = [refusalOf('orders'), refusalOf('invoices')]
    lock.refusals = [orders, orders, invoices, undefined]
    const admitted = election.admit(stopping.signal)
    for (const refusal of [orders, orders, invoices]) {
      while (clock.pendingTimers === 0) await turn()
      expect([state.refusal, state.role]).toEqual([refusal.message, 'Starting'])
      clock.advance(refusedIntervalMs)
    }
    await admitted
    expect(state.refusal).toBeNull()
    expect(errors).toEqual([orders.message, invoices.message])
    expect(clock.pendingTimers).toBe(0)
  })

  test('is the end where nobody waits', async () => {
    const { lock, election, state, stopping, errors } = setUp(false)
    const refusal = refusalOf('orders')
    lock.refusals = [refusal]
    await expect(election.admit(stopping.signal)).rejects.toBe(refusal)
    expect([state.refusal, errors]).toEqual([null, []])
  })

  test('a stop ends the waiting at once', async () => {
    const { clock, lock, election, stopping } = setUp()
    lock.refusals = [refusalOf('orders')]
    const admitted = election.admit(stopping.signal)
    while (clock.pendingTimers === 0) await turn()
    const reason = new Error('The broker is being stopped')
    stopping.abort(reason)
    await expect(admitted).rejects.toBe(reason)
    expect(clock.pendingTimers).toBe(0)
  })
})
