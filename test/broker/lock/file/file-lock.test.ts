import { spawn, type ChildProcess } from 'node:child_process'
import { getEventListeners } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { systemClock, type Timer } from '../../../../broker/base/clock.ts'
import { silentLogger } from '../../../../broker/base/logger.ts'
import { ManualClock } from '../../../../broker/base/manual-clock.ts'
import { FileLock, type FileLockOptions } from '../../../../broker/lock/file/file-lock.ts'
import { statByOpening } from '../../../../broker/lock/file/lock-files.ts'

const never = new AbortController().signal
const nodeBinary = join(import.meta.dirname, '..', '..', '..', '..', 'node_modules', '.bin', 'node')
const holderScript = join(import.meta.dirname, '..', '..', '..', 'support', 'lock-holder.ts')

let directory: string
const children: ChildProcess[] = []
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'file-lock-'))
})
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  rmSync(directory, { recursive: true })
})

const lockOf = (member: string, options: Partial<FileLockOptions> = {}): FileLock =>
  new FileLock({
    directory,
    brokerName: 'orders',
    member,
    clock: systemClock,
    logger: silentLogger,
    acquireIntervalMs: 5,
    ...options,
  })

/** A process that acquires the lock; resolves with its term once it has it. */
function holder(member: string): { child: ChildProcess; acquired: Promise<number> } {
  const child = spawn(nodeBinary, [holderScript, directory, member], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  const acquired = new Promise<number>((resolve) => child.stdout.once('data', (data) => resolve(Number(data))))
  return { child, acquired }
}

const refused = async (lock: FileLock): Promise<boolean> => {
  const abort = new AbortController()
  const acquired = lock.acquire(abort.signal).then(
    () => false,
    () => true,
  )
  await new Promise((resolve) => setTimeout(resolve, 50))
  abort.abort()
  return acquired
}

describe('the file lock', () => {
  test('is held by one, and each holder gets a larger term', async () => {
    const first = await lockOf('a').acquire(never)
    expect(first.term).toBe(1)
    expect(() => first.verify()).not.toThrow()
    expect(await refused(lockOf('b'))).toBe(true)
    expect(await lockOf('b').holder()).toEqual({ brokerName: 'orders', member: 'a', term: 1 })
    const waiting = lockOf('b').acquire(never)
    await first.release()
    const second = await waiting
    expect(second.term).toBe(2)
    expect(await lockOf('c').holder()).toEqual({ brokerName: 'orders', member: 'b', term: 2 })
    expect(() => first.verify()).toThrow('Cannot go on as holder of the lock: it was released')
    await second.release()
  })

  test('tries again when told, without waiting for the interval', async () => {
    const clock = new ManualClock()
    const first = await lockOf('a').acquire(never)
    const lock = lockOf('b', { clock })
    const waiting = lock.acquire(never)
    while (clock.pendingTimers === 0) await new Promise((resolve) => setImmediate(resolve))
    await first.release()
    lock.tryNow()
    const second = await waiting
    expect(second.term).toBe(2)
    await second.release()
  })

  test('waits for days without leaving anything on the signal that ends its wait', async () => {
    const clock = new ManualClock()
    const holding = await lockOf('a').acquire(never)
    const giveUp = new AbortController()
    const waiting = lockOf('b', { clock }).acquire(giveUp.signal)
    for (let attempt = 0; attempt < 20; attempt++) {
      while (clock.pendingTimers === 0) await new Promise((resolve) => setImmediate(resolve))
      clock.advance(5)
    }
    expect(getEventListeners(giveUp.signal, 'abort').length).toBeLessThanOrEqual(1)
    giveUp.abort(new Error('given up'))
    await expect(waiting).rejects.toThrow('given up')
    await holding.release()
  })

  test('hands out terms beyond those that the journal knows', async () => {
    const handle = await lockOf('a', { newestTerm: async () => 41 }).acquire(never)
    expect(handle.term).toBe(42)
    await handle.release()
  })

  test.each([
    ['lock.sqlite deleted', () => unlinkSync(join(directory, 'lock.sqlite'))],
    ['lock.json deleted', () => unlinkSync(join(directory, 'lock.json'))],
    [
      'lock.sqlite replaced by a copy',
      () => {
        const path = join(directory, 'lock.sqlite')
        writeFileSync(`${path}.copy`, readFileSync(join(directory, 'lock.json')))
        renameSync(`${path}.copy`, path)
      },
    ],
    [
      'lock.json replaced by another member',
      () => {
        writeFileSync(join(directory, 'other'), '{"member": "z", "term": 9}')
        renameSync(join(directory, 'other'), join(directory, 'lock.json'))
      },
    ],
  ])('is lost: %s', async (_, harm) => {
    const clock = new ManualClock()
    const handle = await lockOf('a', { clock }).acquire(never)
    harm()
    expect(() => handle.verify()).toThrow(/^Cannot go on as holder of the lock: .*lock\.(sqlite|json) /)
    expect((await handle.lost).message).toMatch(/Cannot go on as holder/)
    await handle.release()
  })

  test('the keep-alive finds out by itself', async () => {
    const clock = new ManualClock()
    const handle = await lockOf('a', { clock, keepAlivePeriodMs: 2000 }).acquire(never)
    writeFileSync(join(directory, 'lock.json'), '{"member": "z", "term": 9}')
    clock.advance(2000)
    expect((await handle.lost).message).toContain('term 9 was begun by z')
    await handle.release()
  })

  test('goes to another process the moment its holder is killed, and not while it is stopped', async () => {
    const first = holder('a')
    expect(await first.acquired).toBe(1)
    first.child.kill('SIGSTOP')
    expect(await refused(lockOf('b'))).toBe(true)
    const second = holder('b')
    first.child.kill('SIGKILL')
    expect(await second.acquired).toBe(2)
    expect(await lockOf('c').holder()).toEqual({ brokerName: 'orders', member: 'b', term: 2 })
    second.child.kill('SIGTERM')
    const third = await lockOf('c').acquire(never)
    expect(third.term).toBe(3)
    await third.release()
  })
})

describe('a wait for the lock', () => {
  test('a lock file that is no database is put aside, and the next term is larger all the same', async () => {
    writeFileSync(join(directory, 'lock.sqlite'), 'this is not a database '.repeat(100))
    writeFileSync(join(directory, 'lock.json'), '{"member": "z", "term": 8}')
    const handle = await lockOf('a').acquire(never)
    expect(handle.term).toBe(9)
    expect(readdirSync(directory).filter((name) => name.startsWith('lock.sqlite.damaged-'))).toHaveLength(1)
    await handle.release()
  })

  test.each([
    ['is not there', 4096],
    ['is empty', 8192],
  ])('so is a database whose second page %s', async (_, length) => {
    const first = await lockOf('a').acquire(never)
    await first.release()
    truncateSync(join(directory, 'lock.sqlite'), 4096)
    truncateSync(join(directory, 'lock.sqlite'), length)
    const handle = await lockOf('b').acquire(never)
    expect(handle.term).toBe(2)
    expect(readdirSync(directory).filter((name) => name.startsWith('lock.sqlite.damaged-'))).toHaveLength(1)
    await handle.release()
  })

  test('goes on while the directory is gone, and makes none in its place', async () => {
    const holding = await lockOf('a').acquire(never)
    const clock = new ManualClock()
    const warnings: string[] = []
    const logger = { ...silentLogger, warn: (message: string) => void warnings.push(message) }
    const lock = lockOf('b', { clock, logger })
    const waiting = lock.acquire(never)
    while (clock.pendingTimers === 0) await new Promise((resolve) => setImmediate(resolve))
    renameSync(directory, `${directory}.aside`)
    for (let attempt = 0; attempt < 2; attempt++) {
      lock.tryNow()
      while (warnings.length === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    expect(existsSync(directory)).toBe(false)
    expect(lock.obstacle).toMatchObject({ kind: 'Trouble', reason: expect.stringContaining('ENOENT') })
    expect(warnings).toEqual(['Cannot try the lock now, and keep on trying'])
    renameSync(`${directory}.aside`, directory)
    await holding.release()
    for (;;) {
      lock.tryNow()
      const handle = await Promise.race([
        waiting,
        new Promise<undefined>((resolve) => setTimeout(resolve, 5, undefined)),
      ])
      if (!handle) continue
      expect(handle.term).toBe(2)
      return handle.release()
    }
  })
})

describe('a directory that cannot be used is said at once', () => {
  test.each([
    ['/proc/nope', "Cannot use data directory /proc/nope: ENOENT: no such file or directory, mkdir '/proc/nope'"],
    ['/dev/null', 'Cannot use data directory /dev/null: it is no directory'],
    ['/dev/null/below', "Cannot use data directory /dev/null/below: ENOTDIR: not a directory, stat '/dev/null/below'"],
  ])('%s', async (path, message) => {
    const lock = lockOf('a', { directory: path })
    await expect(lock.acquire(never)).rejects.toMatchObject({ code: 'DATA_DIRECTORY', message })
  })

  const { geteuid, seteuid } = process
  // Root may write everywhere.
  const asNobody = geteuid?.() === 0 && seteuid ? test : test.skip
  asNobody.each(['directory', 'lock.sqlite'])('%s is not writable', async (name) => {
    const first = await lockOf('a').acquire(never)
    await first.release()
    chmodSync(directory, name === 'directory' ? 0o555 : 0o777)
    chmodSync(join(directory, 'lock.sqlite'), 0o444)
    process.seteuid!(65_534)
    try {
      await expect(lockOf('b').acquire(never)).rejects.toThrow(/^Cannot use data directory .*: E(ACCES|PERM): /)
    } finally {
      process.seteuid!(0)
    }
  })
})

describe('on a network file system', () => {
  const remote = async (options: Partial<FileLockOptions> = {}): ReturnType<FileLock['acquire']> =>
    lockOf('a', { isLocal: async () => false, ...options }).acquire(never)

  test('the proof is asked for in the background, and finds a replaced note', async () => {
    const handle = await remote()
    await expect(Promise.resolve(handle.verify())).resolves.toBeUndefined()
    writeFileSync(join(directory, 'other'), '{"member": "z", "term": 9}')
    renameSync(join(directory, 'other'), join(directory, 'lock.json'))
    await expect(Promise.resolve(handle.verify())).rejects.toThrow('was replaced by z for term 9')
    expect(() => handle.verify()).toThrow('was replaced by z for term 9')
    await handle.release()
  })

  test('a volume that leaves a whole keep-alive without an answer counts as lost, though verify waits', async () => {
    const clock = new ManualClock()
    const silent = Promise.withResolvers<never>()
    const proofs = { database: () => silent.promise, note: statByOpening }
    const handle = await remote({ clock, keepAlivePeriodMs: 2000, proofs })
    const proof = Promise.resolve(handle.verify())
    clock.advance(2000)
    clock.advance(1999)
    let isLost = false
    void handle.lost.then(() => (isLost = true))
    await new Promise((resolve) => setImmediate(resolve))
    expect(isLost).toBe(false)
    clock.advance(1)
    expect((await handle.lost).message).toContain('the volume has not answered for 2000 ms')
    silent.reject(new Error('Stale file handle'))
    await expect(proof).rejects.toThrow('has not answered')
    await handle.release()
  })

  test('an answer in time keeps the lock', async () => {
    const clock = new RecordingClock()
    let answer = Promise.withResolvers<void>()
    const proofs = { database: (path: string) => answer.promise.then(() => stat(path)), note: statByOpening }
    const handle = await remote({ clock, keepAlivePeriodMs: 2000, proofs })
    for (let period = 0; period < 3; period++) {
      clock.advance(2000)
      clock.advance(1999)
      expect(clock.lastDelayMs).toBe(500)
      answer.resolve()
      answer = Promise.withResolvers<void>()
      while (clock.lastDelayMs !== 2000) await new Promise((resolve) => setImmediate(resolve))
    }
    answer.resolve()
    await expect(Promise.resolve(handle.verify())).resolves.toBeUndefined()
    await handle.release()
  })
})

/** Knows whether the next keep-alive waits for its period, or the last one for its answer. */
class RecordingClock extends ManualClock {
  lastDelayMs = 0
  override after(delayMs: number, callback: () => void): Timer {
    this.lastDelayMs = delayMs
    return super.after(delayMs, callback)
  }
}
