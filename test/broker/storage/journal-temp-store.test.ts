import { afterAll, describe, expect, test } from '@jest/globals'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../../broker/base/clock.ts'
import { silentLogger, type Logger } from '../../../broker/base/logger.ts'
import { ManualClock } from '../../../broker/base/manual-clock.ts'
import { seededRandom } from '../../../broker/base/random.ts'
import type { Disk } from '../../../broker/disk/disk.ts'
import { nodeDisk } from '../../../broker/disk/node-disk.ts'
import { JournalTempStore, type JournalTempStoreOptions } from '../../../broker/storage/journal-temp-store.ts'
import { queueHolder } from '../../../broker/store/held-message.ts'
import { fill, sequencesOf, tempLimitBytes, tempStoreContract, written } from '../../contract/temp-store.ts'
import { SimulatedDisk, type DiskOperation } from '../../support/simulated-disk.ts'
import { message } from '../../support/store-content.ts'
import { turns } from '../../support/turns.ts'

const mib = 2 ** 20
const orders = queueHolder('orders')

let seed = 0

const tempStoreOn = (disk: Disk, options: Partial<JournalTempStoreOptions> = {}): JournalTempStore =>
  new JournalTempStore({
    disk,
    directory: '/data/temp',
    clock: systemClock,
    random: seededRandom(++seed),
    logger: silentLogger,
    limitBytes: tempLimitBytes,
    ...options,
  })

const parents: string[] = []
const realDirectory = (): string => {
  const parent = mkdtempSync(join(tmpdir(), 'flotilla-temp-store-'))
  parents.push(parent)
  return join(parent, 'data', 'temp')
}
afterAll(() => parents.forEach((parent) => rmSync(parent, { recursive: true })))

tempStoreContract('JournalTempStore on a simulated disk', async () => {
  const disk = new SimulatedDisk()
  return { create: () => tempStoreOn(disk) }
})

tempStoreContract('JournalTempStore on a real disk', async () => {
  const directory = realDirectory()
  return { create: () => tempStoreOn(nodeDisk, { directory }) }
})

async function opened(disk: Disk, options?: Partial<JournalTempStoreOptions>): Promise<JournalTempStore> {
  const store = tempStoreOn(disk, options)
  await store.open()
  return store
}

/** Waits until the background has done what it has to do. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await turns(1)
}

const usedBytes = async (disk: SimulatedDisk): Promise<number> => disk.capacity - (await disk.freeBytes())

describe('a flood', () => {
  test('gives the space back when it was consumed, all but the segment that is written to', async () => {
    const disk = new SimulatedDisk()
    disk.capacity = 100 * mib
    const store = await opened(disk)
    const last = await fill(store)
    for (let sequence = 1; sequence <= last; sequence++) store.remove(orders, sequence)
    await written(store)
    await until(async () => (await usedBytes(disk)) <= mib)
    expect(store.statistics()).toMatchObject({ messages: 0 })
    await store.close()
    expect(await usedBytes(disk)).toBe(0)
  })

  test('does so when one old message stays', async () => {
    const disk = new SimulatedDisk()
    disk.capacity = 100 * mib
    const store = await opened(disk)
    const last = await fill(store)
    for (let sequence = 2; sequence <= last; sequence++) store.remove(orders, sequence)
    await written(store)
    await until(async () => (await usedBytes(disk)) <= mib)
    expect(await sequencesOf(store)).toEqual([1])
    await store.close()
  })
})

test('it never syncs, and sets no space aside', async () => {
  const disk = new SimulatedDisk()
  const operations = new Set<DiskOperation>()
  disk.fail = (operation) => {
    operations.add(operation)
    return undefined
  }
  const store = await opened(disk)
  const last = await fill(store)
  store.removeHolder(orders)
  await written(store)
  await store.close()
  expect(last).toBeGreaterThan(100)
  expect([...operations].filter((operation) => /sync|preallocate/i.test(operation))).toEqual([])
})

describe('what an earlier process left', () => {
  async function leftOver(disk: Disk, options?: Partial<JournalTempStoreOptions>): Promise<JournalTempStore> {
    const killed = await opened(disk, options)
    await fill(killed)
    return killed
  }

  test('does not keep the next one from opening, and is removed meanwhile', async () => {
    const disk = new SimulatedDisk()
    disk.capacity = 100 * mib
    await leftOver(disk)
    const leftBytes = await usedBytes(disk)
    // Nothing can be removed yet.
    const removal = Promise.withResolvers<void>()
    const { remove } = disk
    disk.remove = async (path) => {
      await removal.promise
      return remove.call(disk, path)
    }
    const store = await opened(disk)
    store.add(message('first'), 1)
    await written(store)
    expect(await sequencesOf(store)).toEqual([1])
    expect(await usedBytes(disk)).toBeGreaterThan(leftBytes)
    removal.resolve()
    await until(async () => (await usedBytes(disk)) < mib / 10)
    expect(await disk.list('/data/temp')).toHaveLength(1)
    await store.close()
    expect(await disk.list('/data/temp')).toEqual([])
  })

  test('makes room on a disk that it has filled', async () => {
    const disk = new SimulatedDisk()
    await leftOver(disk)
    disk.capacity = disk.capacity - (await disk.freeBytes())
    const clock = new ManualClock()
    const store = tempStoreOn(disk, { clock })
    const opening = store.open()
    await until(async () => (await disk.freeBytes()) > mib)
    clock.advance(500)
    await opening
    store.add(message('first'), 1)
    await written(store)
    expect(await sequencesOf(store)).toEqual([1])
    const closed = store.close()
    clock.advance(1000)
    await closed
  })

  test('is removed by the third when the removal by the second was interrupted', async () => {
    const disk = new SimulatedDisk()
    disk.capacity = 100 * mib
    await leftOver(disk)
    let removals = 0
    disk.fail = (operation) => (operation === 'remove' && ++removals > 3 ? 'EIO' : undefined)
    const warned: unknown[] = []
    const logger: Logger = { ...silentLogger, warn: (text) => void warned.push(text), child: () => logger }
    const second = await opened(disk, { logger })
    await until(async () => warned.length > 0)
    expect(warned).toEqual(['Cannot remove what was left in the temp store'])
    expect(await disk.list('/data/temp')).toHaveLength(2)
    disk.fail = () => undefined
    await second.close()
    const third = await opened(disk)
    await until(async () => (await disk.list('/data/temp')).length === 1)
    await third.close()
  })

  test('goes although who left it has not ended and makes another file meanwhile', async () => {
    const disk = new SimulatedDisk()
    disk.capacity = 100 * mib
    await leftOver(disk)
    const { removeDirectory } = disk
    let made = 0
    disk.removeDirectory = async (path) => {
      if (made++ < 2) await (await disk.open(`${path}/late.segment`, 'create')).close()
      return removeDirectory.call(disk, path)
    }
    const next = await opened(disk)
    await until(async () => made > 2 && (await disk.list('/data/temp')).length === 1)
    await next.close()
  })

  test('is left to others where each has its own', async () => {
    const directory = realDirectory()
    const other = await leftOver(nodeDisk, { directory, owner: 'b' })
    const mine = await leftOver(nodeDisk, { directory, owner: 'a' })
    const store = await opened(nodeDisk, { directory, owner: 'a' })
    await until(async () => readdirSync(directory).length === 2)
    expect(await sequencesOf(other)).not.toEqual([])
    await Promise.all([store.close(), other.close(), mine.close()])
    expect(readdirSync(directory)).toEqual([])
  })

  test('goes whatever it is', async () => {
    const directory = realDirectory()
    const first = await opened(nodeDisk, { directory })
    await first.close()
    writeFileSync(join(directory, 'a file'), 'x')
    const store = await opened(nodeDisk, { directory })
    await until(async () => !existsSync(join(directory, 'a file')))
    await store.close()
  })
})

test('one that was replaced and does not know it does not disturb the next', async () => {
  const disk = new SimulatedDisk()
  const frozen = await opened(disk)
  frozen.add(message('old'), 1)
  await written(frozen)
  const store = await opened(disk)
  await until(async () => (await disk.list('/data/temp')).length === 1)
  // It goes on: into the file that it has open, until it needs another one.
  for (let sequence = 2; sequence < 200; sequence++) frozen.add(message('x'.repeat(10_000)), sequence)
  store.add(message('new'), 1)
  await written(store)
  expect((await frozen.failed).message).toContain('ENOENT')
  expect(await store.read(orders, 0, 10, 10, 1000)).toEqual([{ sequence: 1, bytes: Buffer.from('new') }])
  await Promise.all([frozen.close(), store.close()])
})

test('a disk that fails ends it', async () => {
  const disk = new SimulatedDisk()
  const store = await opened(disk)
  disk.fail = (operation) => (operation === 'write' ? 'EIO' : undefined)
  store.add(message('lost'), 1)
  let answered = false
  store.whenWritten(() => (answered = true))
  expect((await store.failed).message).toContain('EIO')
  expect(answered).toBe(false)
  await store.close()
})

test('a full disk is waited for, and a tenth of it is left to the store', async () => {
  const disk = new SimulatedDisk()
  disk.capacity = 20 * mib
  const clock = new ManualClock()
  const store = await opened(disk, { limitBytes: 64 * mib, clock })
  // Two segments of 4 MiB are for what gives space back.
  expect(store.statistics().roomBytes).toBeLessThan(10.1 * mib)
  disk.capacity = await usedBytes(disk)
  store.add(message('waits'), 1)
  let answered = false
  store.whenWritten(() => (answered = true))
  await turns(5)
  expect([answered, store.hasRoom(orders, 1)]).toEqual([false, false])
  disk.capacity = 20 * mib
  clock.advance(1000)
  await written(store)
  expect(answered).toBe(true)
  await store.close()
})

test('a directory that cannot be made is said together with the way out', async () => {
  const directory = realDirectory()
  const parent = join(directory, '..', '..')
  writeFileSync(join(parent, 'data'), 'a file')
  const store = tempStoreOn(nodeDisk, { directory })
  await expect(store.open()).rejects.toMatchObject({
    code: 'TEMP_DIRECTORY',
    message: expect.stringMatching(/^Cannot use .*data\/temp for messages .*ENOTDIR.*; tempLimit: "0" does without$/),
  })
  await store.close()
})

test('a directory for which there is no space is made when there is some', async () => {
  const disk = new SimulatedDisk()
  const clock = new ManualClock()
  disk.fail = (operation) => (operation === 'create' ? 'ENOSPC' : undefined)
  const store = tempStoreOn(disk, { clock })
  let opened = false
  const opening = store.open().then(() => (opened = true))
  await turns(5)
  expect(opened).toBe(false)
  disk.fail = () => undefined
  clock.advance(500)
  await opening
  expect(store.hasRoom(orders, 1)).toBe(true)
  await store.close()
})

test('one that waits for space while it is being opened can be closed', async () => {
  const disk = new SimulatedDisk()
  const clock = new ManualClock()
  disk.fail = (operation) => (operation === 'write' ? 'ENOSPC' : undefined)
  const store = tempStoreOn(disk, { clock })
  const opening = store.open().catch((error: unknown) => error)
  await turns(5)
  const closed = store.close()
  clock.advance(1000)
  await turns(5)
  clock.advance(1000)
  await closed
  expect(await opening).toMatchObject({ code: 'TEMP_DIRECTORY' })
})

test('one that is closed while it is being opened ends, and leaves nothing', async () => {
  for (let steps = 0; steps < 12; steps++) {
    const disk = new SimulatedDisk()
    const store = tempStoreOn(disk)
    const opening = store.open().catch((error: unknown) => error)
    for (let step = 0; step < steps; step++) await Promise.resolve()
    await store.close()
    await opening
    expect(store.hasRoom(orders, 1)).toBe(false)
    expect((await disk.exists('/data/temp')) ? await disk.list('/data/temp') : []).toEqual([])
  }
})
