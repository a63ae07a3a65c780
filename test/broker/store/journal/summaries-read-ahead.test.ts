// Summaries are read ahead of their turn, into memory that is used again while a transaction may still look at the last one.
import { expect, test } from '@jest/globals'
import type { Disk, DiskFile } from '../../../../broker/disk/disk.ts'
import { SimulatedDisk } from '../../../support/simulated-disk.ts'
import { contentOf, durable, message } from '../../../contract/message-store.ts'
import { createJournalStore } from '../../../support/journal-stores.ts'
import { soleOwner } from '../../../support/sole-owner.ts'
import { queueHolder } from '../../../../broker/store/held-message.ts'

/** With segments of 4096 bytes, each of these begins a new one. */
const large = 'x'.repeat(3000)

const over = <T extends object>(target: T, own: Partial<T>): T =>
  new Proxy(target, {
    get: (_, key) => Reflect.get(own, key) ?? (Reflect.get(target, key) as (() => unknown) | undefined)?.bind(target),
  })

/** A disk that takes its time for every other summary, and spoils the memory that it reads into as soon as it is asked. */
function uneven(disk: SimulatedDisk): Disk {
  let slow = false
  return over<Disk>(disk, {
    async open(path, mode) {
      const file = await disk.open(path, mode)
      if (!path.endsWith('.summary')) return file
      slow = !slow
      const turns = slow ? 100 : 0
      return over<DiskFile>(file, {
        async read(position, length, into) {
          into?.fill(0xff)
          for (let turn = 0; turn < turns; turn++) await Promise.resolve()
          return file.read(position, length, into)
        },
      })
    },
  })
}

test('a transaction that went on through many summaries is recovered, by a standby as well', async () => {
  const disk = new SimulatedDisk()
  const store = createJournalStore({ disk })
  await store.open(soleOwner(1))
  let sequence = 0
  const long = store.begin()
  for (let segment = 0; segment < 30; segment++) {
    for (const part of ['a', 'b']) long.add(message(`${segment}${part}`, { queue: 'long' }))
    const short = store.begin()
    for (let n = 0; n < 3; n++) short.add(message(`${segment}.${n}`))
    short.commit(sequence + 1)
    sequence += 3
    store.add(message(large, { queue: 'other' }), ++sequence)
  }
  long.commit(sequence + 1)
  await durable(store)
  const expected = [await contentOf(store), await contentOf(store, 'long'), await contentOf(store, 'other')]
  expect(expected.map(({ length }) => length)).toEqual([90, 60, 30])
  await store.close()
  const again = createJournalStore({ disk: uneven(disk) })
  await again.open(soleOwner(2))
  expect([await contentOf(again), await contentOf(again, 'long'), await contentOf(again, 'other')]).toEqual(expected)
  await again.close()
  const standby = createJournalStore({ disk: uneven(disk) })
  standby.follow()
  await standby.open(soleOwner(3))
  expect([await contentOf(standby), await contentOf(standby, 'long'), await contentOf(standby, 'other')]).toEqual(
    expected,
  )
  await standby.close()
})

test('a standby reads each summary once, though the newest segment names others that were removed since', async () => {
  const disk = new SimulatedDisk()
  const store = createJournalStore({ disk })
  await store.open(soleOwner(1))
  for (let sequence = 1; sequence <= 6; sequence++) store.add(message(large), sequence)
  for (const sequence of [2, 3]) store.remove(queueHolder('orders'), sequence)
  await durable(store)
  await store.reclaimed()
  await durable(store)
  const expected = await contentOf(store)
  await store.close()
  const opened: string[] = []
  const watched = over<Disk>(disk, {
    open(path, mode) {
      opened.push(path)
      return disk.open(path, mode)
    },
  })
  const standby = createJournalStore({ disk: watched })
  standby.follow()
  await standby.open(soleOwner(2))
  expect(await contentOf(standby)).toEqual(expected)
  const summaries = opened.filter((path) => path.endsWith('.summary')).map((path) => path.split('/').at(-1))
  expect(summaries.length).toBeGreaterThan(2)
  expect(new Set(summaries).size).toBe(summaries.length)
  await standby.close()
})
