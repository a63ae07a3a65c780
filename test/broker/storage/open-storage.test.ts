import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
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
import { turns } from '../../support/turns.ts'

const never = new AbortController().signal

let seed = 0
let parent: string
let dataDirectory: string
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'flotilla-storage-'))
  dataDirectory = join(parent, 'data')
})
afterEach(() => rmSync(parent, { recursive: true }))

const storageOf = (
  store: BrokerConfigInput['store'],
  { hostName = 'host', ...config }: Omit<BrokerConfigInput, 'store'> & { hostName?: string } = {},
): Storage =>
  openStorage(brokerConfigSchema.parse({ store, ...config }), {
    member: 'a',
    dataDirectory,
    hostName,
    makesDirectory: true,
    disk: nodeDisk,
    clock: systemClock,
    random: seededRandom(++seed),
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
  expect(await store.open(handle)).toEqual({ queues: [], subscriptions: [], arrivals: [], lastSequence: 0 })
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

describe('the temp store', () => {
  const directories = (): string[] => readdirSync(join(dataDirectory, 'temp'))

  test.each(['Journal', 'Memory'] as const)(
    'of a %s is in the data directory, with a limit of its own',
    async (type) => {
      const { temp } = storageOf({ type }, { tempLimit: '8Mi' })
      expect(existsSync(dataDirectory)).toBe(false)
      await temp!.open()
      expect(temp!.statistics().limitBytes).toBe(8 * 2 ** 20)
      expect(directories()).toHaveLength(1)
      await temp!.close()
      expect(directories()).toEqual([])
    },
  )

  test.each(['0', '0B'])('is not there with a limit of %s', (tempLimit) => {
    expect(storageOf({ type: 'Journal' }, { tempLimit }).temp).toBeNull()
    expect(storageOf({ type: 'Memory' }, { tempLimit }).temp).toBeNull()
  })

  test('of a journal removes what others left, because it has the lock', async () => {
    const [killed, next] = [1, 2].map(() => storageOf({ type: 'Journal' }).temp!)
    await killed!.open()
    await next!.open()
    while (directories().length > 1) await turns(1)
    await Promise.all([killed!.close(), next!.close()])
  })

  test('without a lock removes only what it had itself: others may use the directory', async () => {
    const memory = (hostName: string, port: number) =>
      storageOf({ type: 'Memory' }, { hostName, admin: { port } }).temp!
    const others = [memory('host', 8162), memory('host2', 8161), memory('host', 0)]
    for (const other of others) await other.open()
    const killed = memory('host', 8161)
    await killed.open()
    const next = memory('host', 8161)
    const free = memory('host', 0)
    await next.open()
    await free.open()
    while (directories().length > 5) await turns(1)
    await Promise.all([...others, killed, next, free].map((temp) => temp.close()))
    expect(directories()).toEqual([])
  })
})
