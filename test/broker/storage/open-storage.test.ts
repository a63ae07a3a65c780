import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../../broker/base/clock.ts'
import { silentLogger } from '../../../broker/base/logger.ts'
import { seededRandom } from '../../../broker/base/random.ts'
import { brokerConfigSchema, type BrokerConfigInput } from '../../../broker/config/schema.ts'
import { nodeDisk } from '../../../broker/disk/node-disk.ts'
import { openStorage } from '../../../broker/storage/open-storage.ts'
import type { Storage } from '../../../broker/storage/storage.ts'
import { message } from '../../contract/message-store.ts'

const never = new AbortController().signal

let parent: string
let dataDirectory: string
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'flotilla-storage-'))
  dataDirectory = join(parent, 'data')
})
afterEach(() => rmSync(parent, { recursive: true }))

const storageOf = (store: BrokerConfigInput['store'], member = 'a'): Storage =>
  openStorage(brokerConfigSchema.parse({ store }), {
    member,
    dataDirectory,
    makesDirectory: true,
    disk: nodeDisk,
    clock: systemClock,
    random: seededRandom(1),
    logger: silentLogger,
    memoryLimitBytes: 2 ** 20,
    watchUrl: () => 'http://127.0.0.1:8161/watch',
    openWatch: () => () => {},
  })

test.each([
  ['as much as the broker may', undefined, 2 ** 20],
  ['as much as it is told to', '2Mi', 2 ** 21],
])('a store in memory takes %s', async (_what, limit, expected) => {
  const { lock, store } = storageOf({ type: 'Memory', limit })
  await store.open(await lock.acquire(never))
  expect(store.statistics().roomBytes).toBe(expected)
})

test('memory is had by nobody else: there is no lock, and nothing on the disk', async () => {
  const { kind, lock, store } = storageOf({ type: 'Memory' })
  expect([kind, lock.kind]).toEqual(['Memory', 'None'])
  const handle = await lock.acquire(never)
  expect(await store.open(handle)).toEqual({ queues: [], lastSequence: 0 })
  await store.close()
  await handle.release()
  expect(existsSync(dataDirectory)).toBe(false)
})

test('a journal goes with the lock of its data directory, in the terms of that lock', async () => {
  for (const term of [1, 2]) {
    const { kind, lock, store } = storageOf({ type: 'Journal' })
    expect([kind, lock.kind]).toEqual(['Journal', 'File'])
    const handle = await lock.acquire(never)
    expect(handle.term).toBe(term)
    expect(await lock.holder()).toMatchObject({ watchUrl: 'http://127.0.0.1:8161/watch' })
    expect((await store.open(handle)).queues).toHaveLength(term - 1)
    if (term === 1) store.add(message('kept'), 1)
    await store.close()
    await handle.release()
  }
  expect(existsSync(join(dataDirectory, 'journal'))).toBe(true)
})

test('the owner is whoever has the lock: without it nothing counts as durable', async () => {
  const { lock, store } = storageOf({ type: 'Journal' })
  const handle = await lock.acquire(never)
  await store.open(handle)
  writeFileSync(join(parent, 'note'), '{"member": "z", "term": 9}')
  renameSync(join(parent, 'note'), join(dataDirectory, 'lock.json'))
  store.add(message('late'), 1)
  let isDurable = false
  store.whenDurable(() => (isDurable = true))
  expect((await store.failed).message).toContain('lock.json was replaced')
  expect(isDurable).toBe(false)
  await store.close()
  await handle.release()
})

test('terms go on from the journal when the files of the lock are gone', async () => {
  const first = storageOf({ type: 'Journal' })
  const handle = await first.lock.acquire(never)
  await first.store.open(handle)
  await first.store.close()
  await handle.release()
  for (const name of ['lock.sqlite', 'lock.json']) rmSync(join(dataDirectory, name))
  const next = await storageOf({ type: 'Journal' }).lock.acquire(never)
  expect(next.term).toBe(handle.term + 1)
  await next.release()
})
