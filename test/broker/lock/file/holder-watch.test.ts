import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { systemClock, type Timer } from '../../../../broker/base/clock.ts'
import { silentLogger } from '../../../../broker/base/logger.ts'
import { ManualClock } from '../../../../broker/base/manual-clock.ts'
import { FileLock, type FileLockOptions } from '../../../../broker/lock/file/file-lock.ts'
import { HolderWatch, type OpenWatch } from '../../../../broker/lock/file/holder-watch.ts'
import { fileLockLimits } from '../../../../broker/lock/file/limits.ts'
import { openWatch } from '../../../../broker/lock/file/open-watch.ts'

const never = new AbortController().signal

/** Watches that end when they are told to. */
class FakeWatches {
  readonly open: { readonly url: string; readonly end: (wasAnswered: boolean) => void }[] = []
  readonly givenUp: string[] = []
  readonly openWatch: OpenWatch = (url, ended) => {
    const forget = (): void => void this.open.splice(this.open.indexOf(watch), 1)
    const watch = {
      url,
      end(wasAnswered: boolean) {
        forget()
        ended(wasAnswered)
      },
    }
    this.open.push(watch)
    return () => {
      forget()
      this.givenUp.push(url)
    }
  }
}

describe('a watch of the holder', () => {
  const watches = (): { fake: FakeWatches; watch: HolderWatch; ends: number[] } => {
    const fake = new FakeWatches()
    const ends: number[] = []
    return { fake, ends, watch: new HolderWatch('b', fake.openWatch, () => ends.push(1)) }
  }

  test('is kept as long as the holder stays, and goes over to the next one', () => {
    const { fake, watch, ends } = watches()
    watch.follow({ member: 'a', term: 1, watchUrl: 'http://a' })
    watch.follow({ member: 'a', term: 1, watchUrl: 'http://a' })
    expect(fake.open).toMatchObject([{ url: 'http://a' }])
    watch.follow({ member: 'c', term: 2, watchUrl: 'http://c' })
    expect(fake.open).toMatchObject([{ url: 'http://c' }])
    watch.stop()
    expect([fake.open, fake.givenUp, ends]).toEqual([[], ['http://a', 'http://c'], []])
  })

  test('tells of an end only if somebody was there, and is opened anew afterwards', () => {
    const { fake, watch, ends } = watches()
    const holder = { member: 'a', term: 1, watchUrl: 'http://a' }
    watch.follow(holder)
    fake.open[0]!.end(false)
    expect(ends).toEqual([])
    watch.follow(holder)
    fake.open[0]!.end(true)
    expect(ends).toEqual([1])
    watch.follow(holder)
    expect(fake.open).toHaveLength(1)
  })

  test('nobody is watched who cannot be, and no member watches its own earlier life', () => {
    const { fake, watch } = watches()
    watch.follow(undefined)
    watch.follow({ member: 'a', term: 1 })
    watch.follow({ member: 'b', term: 1, watchUrl: 'http://b' })
    expect(fake.open).toEqual([])
  })
})

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
    expect(clock.asked[1]).toBe(fileLockLimits.hurriedIntervalMs)
    await first.release()
    clock.advance(fileLockLimits.hurriedIntervalMs)
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
    for (let attempt = 1; attempt <= fileLockLimits.hurriedAttempts; attempt++) {
      await clock.delays(attempt + 1)
      clock.advance(fileLockLimits.hurriedIntervalMs)
    }
    await clock.delays(fileLockLimits.hurriedAttempts + 2)
    expect(clock.asked.at(-1)).toBe(fileLockLimits.acquireIntervalMs)
    expect(fake.open).toHaveLength(1)
    abort.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
    expect(fake.open).toEqual([])
    await first.release()
  })
})

describe('over HTTP', () => {
  const endOf = (url: string): Promise<boolean> => new Promise((resolve) => void openWatch(url, resolve))

  /** A holder that answers with this status and headers only. */
  async function holder(status: number): Promise<{ server: Server; url: string; asked: Promise<unknown> }> {
    const server = createServer((_, response) => response.writeHead(status).flushHeaders())
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/watch`
    return { server, url, asked: once(server, 'request') }
  }

  test('it ends when the holder does', async () => {
    const { server, url, asked } = await holder(200)
    const end = endOf(url)
    await asked
    server.close()
    server.closeAllConnections()
    expect(await end).toBe(true)
  })

  test('nobody there, or somebody who does not know what is asked, is no end', async () => {
    const { server, url } = await holder(404)
    expect(await endOf(url)).toBe(false)
    server.close()
    await once(server, 'close')
    expect(await endOf(url)).toBe(false)
  })

  test('what was given up says nothing any more', async () => {
    const { server, url, asked } = await holder(200)
    let ends = 0
    const giveUp = openWatch(url, () => ends++)
    await asked
    giveUp()
    const closed = once(server, 'close')
    server.close()
    await closed
    expect(ends).toBe(0)
  })
})

/** Knows for how long somebody wanted to wait. */
class DelayClock extends ManualClock {
  readonly asked: number[] = []
  override after(delayMs: number, callback: () => void): Timer {
    this.asked.push(delayMs)
    return super.after(delayMs, callback)
  }
  async delays(count: number): Promise<void> {
    while (this.asked.length < count) await new Promise((resolve) => setImmediate(resolve))
  }
}
