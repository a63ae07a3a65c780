// The journal store on a disk that is full: what waits, what goes on, and what is never taken for a failed sync.
import { describe, expect, test } from '@jest/globals'
import { ManualClock } from '../../../../broker/base/manual-clock.ts'
import { silentLogger } from '../../../../broker/base/logger.ts'
import { seededRandom } from '../../../../broker/base/random.ts'
import { SimulatedDisk } from '../../../support/simulated-disk.ts'
import { JournalStore } from '../../../../broker/store/journal/journal-store.ts'
import { contentOf, durable, message } from '../../../contract/message-store.ts'
import { createJournalStore } from '../../../support/journal-stores.ts'
import { turns } from '../../../support/turns.ts'
import { soleOwner } from '../../../support/sole-owner.ts'
import { queueHolder } from '../../../../broker/store/held-message.ts'

const body = 'x'.repeat(400)

/** A store whose time stands still: it looks at the disk when the test says so. */
function storeOn(disk: SimulatedDisk): { store: JournalStore; clock: ManualClock } {
  const clock = new ManualClock()
  const store = new JournalStore({
    disk,
    directory: '/journal',
    clock,
    random: seededRandom(1),
    logger: silentLogger,
    maxFileLength: 4096,
  })
  return { store, clock }
}

/** Adds messages as a broker would, until there is no room; returns the last sequence. */
async function fill(store: JournalStore, from: number): Promise<number> {
  let sequence = from
  while (store.hasRoom(queueHolder('orders'), body.length)) {
    store.add(message(body, { producerSequenceId: sequence }), sequence++)
    if (sequence % 4 === 0) await durable(store)
  }
  await durable(store)
  return sequence - 1
}

describe('room', () => {
  test('ends before the disk does; consumers bring it back, again and again, and nothing is lost', async () => {
    const disk = new SimulatedDisk()
    disk.capacity = 60_000
    const { store } = storeOn(disk)
    let refusedWrites = 0
    const { open } = disk
    disk.open = async (path, mode) => {
      const file = await open.call(disk, path, mode)
      const { writeDurably } = file
      file.writeDurably = (buffers, position) =>
        writeDurably.call(file, buffers, position).catch((error: unknown) => {
          refusedWrites++
          throw error
        })
      return file
    }
    await store.open(soleOwner(1))
    let [first, last] = [1, 0]
    store.whenRoom(() => {})
    for (let round = 0; round < 5; round++) {
      last = await fill(store, last + 1)
      expect(await disk.freeBytes()).toBeGreaterThan(4096)
      expect((await contentOf(store)).length).toBe(last - first + 1)
      for (; first <= last - 3; first++) store.remove(queueHolder('orders'), first)
      await durable(store)
      await store.reclaimed()
      await turns(5)
      expect(store.hasRoom(queueHolder('orders'), body.length)).toBe(true)
    }
    expect(last).toBeGreaterThan(200)
    expect(refusedWrites).toBe(0)
    await store.close()
    const again = createJournalStore({ disk })
    await again.open(soleOwner(2))
    expect((await contentOf(again)).map((line) => Number.parseInt(line, 10))).toEqual([last - 2, last - 1, last])
    await again.close()
  })

  test('is what the limit leaves, if that is less than what the disk has', async () => {
    const disk = new SimulatedDisk()
    const store = createJournalStore({ disk, limitBytes: 20_000 })
    await store.open(soleOwner(1))
    const last = await fill(store, 1)
    // A segment that begins with the last message has a header.
    expect(store.statistics().bytesUsed).toBeLessThanOrEqual(21_000)
    // One queue alone leaves some of it to others.
    expect(last).toBeGreaterThan(25)
    let told = 0
    store.whenRoom(() => told++)
    for (let sequence = 1; sequence <= last; sequence++) store.remove(queueHolder('orders'), sequence)
    await durable(store)
    await store.reclaimed()
    await turns(5)
    expect([told > 0, store.hasRoom(queueHolder('orders'), body.length)]).toEqual([true, true])
    await store.close()
  })

  test('is seen when others free the disk', async () => {
    const disk = new SimulatedDisk()
    disk.capacity = 10_000
    const { store, clock } = storeOn(disk)
    await store.open(soleOwner(1))
    await fill(store, 1)
    let told = 0
    store.whenRoom(() => told++)
    disk.capacity = 100_000
    clock.advance(1000)
    await turns(3)
    expect([told, store.hasRoom(queueHolder('orders'), body.length)]).toEqual([1, true])
    await store.close()
  })
})

describe('a disk that others fill to the last byte', () => {
  test('holds everything back, removals too, and loses nothing; with space all of it goes on', async () => {
    const disk = new SimulatedDisk()
    const { store, clock } = storeOn(disk)
    disk.fail = (operation) => (operation === 'preallocate' ? 'ENOSPC' : undefined)
    await store.open(soleOwner(1))
    for (let sequence = 1; sequence <= 3; sequence++) store.add(message(`${sequence}`), sequence)
    await durable(store)
    // Nothing is set aside: the next write finds the last byte of the disk in its middle.
    disk.capacity = disk.capacity - (await disk.freeBytes()) + 50
    const answered: string[] = []
    store.add(message('4'.repeat(300)), 4)
    store.whenDurable(() => answered.push('add'))
    store.remove(queueHolder('orders'), 1)
    store.whenDurable(() => answered.push('remove'))
    for (let second = 0; second < 3; second++) {
      await turns(5)
      clock.advance(1000)
    }
    expect(answered).toEqual([])
    expect([store.hasRoom(queueHolder('orders'), 1), store.statistics().roomBytes]).toEqual([false, 0])
    disk.capacity = Number.MAX_SAFE_INTEGER
    clock.advance(1000)
    await turns(5)
    expect(answered).toEqual(['add', 'remove'])
    expect(store.hasRoom(queueHolder('orders'), 1)).toBe(true)
    await store.close()
    const again = createJournalStore({ disk })
    await again.open(soleOwner(2))
    expect((await contentOf(again)).map((line) => line.slice(0, 3))).toEqual(['2:2', '3:3', '4:4'])
    await again.close()
  })

  test.each(['create', 'writeDurably'] as const)('at the %s of the next segment: the same', async (refused) => {
    const disk = new SimulatedDisk()
    const { store, clock } = storeOn(disk)
    await store.open(soleOwner(1))
    let isFull = true
    disk.fail = (operation, path) =>
      isFull && operation === refused && path.endsWith('2.segment') ? 'ENOSPC' : undefined
    for (let sequence = 1; sequence <= 12; sequence++) store.add(message(body), sequence)
    const added = durable(store)
    await turns(10)
    expect(store.hasRoom(queueHolder('orders'), 1)).toBe(false)
    isFull = false
    clock.advance(1000)
    await added
    await store.close()
    const again = createJournalStore({ disk })
    await again.open(soleOwner(2))
    expect((await contentOf(again)).length).toBe(12)
    await again.close()
  })

  test('does not keep a broker from stopping, nor one that is being opened', async () => {
    const disk = new SimulatedDisk()
    const first = storeOn(disk)
    await first.store.open(soleOwner(1))
    disk.fail = (operation) => (operation === 'writeDurably' ? 'EDQUOT' : undefined)
    let answered = false
    first.store.add(message('never answered'), 1)
    first.store.whenDurable(() => (answered = true))
    await turns(5)
    const closed = first.store.close()
    first.clock.advance(1000)
    await closed
    expect(answered).toBe(false)

    const second = storeOn(disk)
    const opened = second.store.open(soleOwner(2))
    await turns(20)
    const closedToo = second.store.close()
    second.clock.advance(1000)
    await closedToo
    await expect(opened).rejects.toMatchObject({ code: 'JOURNAL_CLOSED' })
  })

  test('and a process that dies in it has what it was answered for', async () => {
    const disk = new SimulatedDisk()
    const { store } = storeOn(disk)
    await store.open(soleOwner(1))
    store.add(message('answered'), 1)
    await durable(store)
    disk.capacity = disk.capacity - (await disk.freeBytes()) + 50
    store.add(message(body), 2)
    await turns(10)
    const after = disk.restart(seededRandom(3))
    after.capacity = Number.MAX_SAFE_INTEGER
    const again = createJournalStore({ disk: after })
    await again.open(soleOwner(2))
    expect(await contentOf(again)).toEqual(['1:answered'])
    await again.close()
  })
})
