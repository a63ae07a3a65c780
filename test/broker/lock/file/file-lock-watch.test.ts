// A standby of the file lock that watches the holder.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { systemClock } from '../../../../broker/base/clock.ts'
import { silentLogger } from '../../../../broker/base/logger.ts'
import { FileLock, type FileLockOptions } from '../../../../broker/lock/file/file-lock.ts'
import { fileLockLimits } from '../../../../broker/lock/file/limits.ts'
import { lockLimits } from '../../../../broker/lock/limits.ts'
import { DelayClock, FakeWatches } from '../../../support/fake-watches.ts'

const never = new AbortController().signal

describe('a standby', () => {
  let directory: string
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'holder-watch-'))
  })
  afterEach(() => rmSync(directory, { recursive: true }))

  const lockOf = (member: string, options: Partial<FileLockOptions> = {}): FileLock =>
    new FileLock({ directory, brokerName: 'orders', member, clock: systemClock, logger: silentLogger, ...options })

  test('tries at once when the holder has ended, and again soon when the lock was not free yet', async () => {
    const clock = new DelayClock()
    const fake = new FakeWatches()
    const first = await lockOf('a', { watchUrl: () => 'http://a/watch' }).acquire(never)
    const waiting = lockOf('b', { clock, openWatch: fake.openWatch }).acquire(never)
    await clock.delays(1)
    expect([fake.open[0]?.url, clock.asked]).toEqual(['http://a/watch', [fileLockLimits.acquireIntervalMs]])
    fake.open[0]!.end(true)
    await clock.delays(2)
    expect(clock.asked[1]).toBe(lockLimits.hurriedIntervalMs)
    await first.release()
    clock.advance(lockLimits.hurriedIntervalMs)
    const second = await waiting
    expect([second.term, fake.open]).toEqual([2, []])
    await second.release()
  })

  test('goes back to its interval when the holder is still there', async () => {
    const clock = new DelayClock()
    const fake = new FakeWatches()
    const first = await lockOf('a', { watchUrl: () => 'http://a/watch' }).acquire(never)
    const abort = new AbortController()
    const waiting = lockOf('b', { clock, openWatch: fake.openWatch }).acquire(abort.signal)
    await clock.delays(1)
    fake.open[0]!.end(true)
    for (let attempt = 1; attempt <= lockLimits.hurriedAttempts; attempt++) {
      await clock.delays(attempt + 1)
      clock.advance(lockLimits.hurriedIntervalMs)
    }
    await clock.delays(lockLimits.hurriedAttempts + 2)
    expect(clock.asked.at(-1)).toBe(fileLockLimits.acquireIntervalMs)
    expect(fake.open).toHaveLength(1)
    abort.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
    expect(fake.open).toEqual([])
    await first.release()
  })
})
