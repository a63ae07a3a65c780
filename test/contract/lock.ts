// What every Lock does, whatever elects. A setting is one lock that several members may want; what only shared ones can do
// is left out where a member is alone.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { LockLostError } from '../../broker/lock/lock-lost-error.ts'
import type { Lock, LockHandle } from '../../broker/lock/lock.ts'
import { StorageRefusedError } from '../../broker/lock/storage-refused-error.ts'

export interface LockSetting {
  /** `brokerName`: of the group that the member is of; all are of one if not given. */
  lockOf(member: string, brokerName?: string): Lock
  readonly shared?: {
    /** Resolves when a member has asked, and waits to ask again. */
    waiting(): Promise<void>
    /** Lets those who wait ask again. */
    elapse(): void
    /** Takes the lock away behind its holder's back; resolves as soon as the holder can know. */
    takeAway(): Promise<void> | void
  }
  dispose(): Promise<void> | void
}

const never = new AbortController().signal

const proof = async (handle: LockHandle): Promise<void> => handle.verify()

/** What a promise has come to by now. */
const settled = async (promise: Promise<unknown>): Promise<unknown> => {
  await new Promise((resolve) => setImmediate(resolve))
  return Promise.race([promise, Promise.resolve('pending')])
}

export function lockContract(name: string, create: () => LockSetting): void {
  let setting: LockSetting
  beforeEach(() => {
    setting = create()
  })
  afterEach(() => setting.dispose())

  describe(`${name} as a lock`, () => {
    test('is had at once when it is free, and can be proven', async () => {
      const handle = await setting.lockOf('a').acquire(never)
      expect(handle.term).toBeGreaterThan(0)
      await proof(handle)
      await handle.release()
    })

    test('tells who holds it', async () => {
      const lock = setting.lockOf('a')
      expect(await lock.holder()).toBeUndefined()
      const { term, release } = await acquired(lock)
      expect(await lock.holder()).toMatchObject({ member: 'a', term })
      await release()
    })

    test('is not had by whoever has given up', async () => {
      const reason = new Error('given up')
      await expect(setting.lockOf('a').acquire(AbortSignal.abort(reason))).rejects.toBe(reason)
      const handle = await setting.lockOf('b').acquire(never)
      await handle.release()
    })

    test('refuses no member of the broker that had it', async () => {
      const lock = setting.lockOf('a')
      expect(await lock.refusal()).toBeUndefined()
      const { release } = await acquired(lock)
      expect(await setting.lockOf('b').refusal()).toBeUndefined()
      await release()
      expect(await setting.lockOf('b').refusal()).toBeUndefined()
    })

    test('refuses members of another broker, whether it is held or free', async () => {
      if (!setting.shared) return
      const stranger = setting.lockOf('z', 'invoices')
      const { release } = await acquired(setting.lockOf('a'))
      for (const state of ['held', 'free']) {
        expect(await stranger.refusal()).toBeInstanceOf(StorageRefusedError)
        await expect(stranger.acquire(never)).rejects.toThrow(StorageRefusedError)
        if (state === 'held') await release()
      }
      const own = await setting.lockOf('b').acquire(never)
      await own.release()
    })

    test('of two brokers that want a new one at the same moment one has it, and the other is refused', async () => {
      const { shared } = setting
      if (!shared) return
      const outcomes: unknown[] = []
      for (const brokerName of ['orders', 'invoices'])
        void setting
          .lockOf('a', brokerName)
          .acquire(never)
          .catch((error: unknown) => error)
          .then((outcome) => outcomes.push(outcome))
      while (outcomes.length < 2) {
        shared.elapse()
        await new Promise((resolve) => setImmediate(resolve))
      }
      const [handle, ...none] = outcomes.filter((outcome) => !(outcome instanceof StorageRefusedError))
      expect(none).toEqual([])
      await proof(handle as LockHandle)
      await (handle as LockHandle).release()
    })

    test('after its release it cannot be proven, is not lost either, and is had again in no smaller term', async () => {
      const first = await setting.lockOf('a').acquire(never)
      await first.release()
      await first.release()
      await expect(proof(first)).rejects.toThrow(LockLostError)
      expect(await settled(first.lost)).toBe('pending')
      const second = await setting.lockOf('a').acquire(never)
      expect(second.term).toBeGreaterThanOrEqual(first.term)
      await proof(second)
      await second.release()
    })

    test('is held by one at a time, in terms that grow', async () => {
      const { shared } = setting
      if (!shared) return
      let holder = await setting.lockOf('member-0').acquire(never)
      for (const member of ['member-1', 'member-2']) {
        const lock = setting.lockOf(member)
        const next = lock.acquire(never)
        await shared.waiting()
        shared.elapse()
        await shared.waiting()
        expect(await settled(next)).toBe('pending')
        expect(await lock.holder()).toMatchObject({ term: holder.term })
        await proof(holder)
        await holder.release()
        shared.elapse()
        const handle = await next
        expect(handle.term).toBeGreaterThan(holder.term)
        expect(await lock.holder()).toMatchObject({ member, term: handle.term })
        holder = handle
      }
      await holder.release()
    })

    test('whoever waits can give up, and is not given it any more', async () => {
      const { shared } = setting
      if (!shared) return
      const holder = await setting.lockOf('a').acquire(never)
      const giveUp = new AbortController()
      const waiting = setting.lockOf('b').acquire(giveUp.signal)
      await shared.waiting()
      giveUp.abort(new Error('given up'))
      await expect(waiting).rejects.toThrow('given up')
      await proof(holder)
      await holder.release()
      const next = await setting.lockOf('c').acquire(never)
      await next.release()
    })

    test('a lost one is told once, is proven no more, and can be let go', async () => {
      const { shared } = setting
      if (!shared) return
      const handle = await setting.lockOf('a').acquire(never)
      await shared.takeAway()
      await expect(proof(handle)).rejects.toThrow(LockLostError)
      const reason = await handle.lost
      expect(reason).toBeInstanceOf(LockLostError)
      await expect(proof(handle)).rejects.toBe(reason)
      expect(await handle.lost).toBe(reason)
      await handle.release()
      const next = await setting.lockOf('b').acquire(never)
      expect(next.term).toBeGreaterThan(handle.term)
      await next.release()
    })
  })
}

async function acquired(lock: Lock): Promise<{ term: number; release: () => Promise<void> }> {
  const handle = await lock.acquire(never)
  return { term: handle.term, release: () => handle.release() }
}
