// One queue fills its share of a small journal; the others, whose consumers keep up, never stop.
import { expect, test } from '@jest/globals'
import { queueHolder } from '../../../../broker/store/held-message.ts'
import type { JournalStore } from '../../../../broker/store/journal/journal-store.ts'
import { createJournalStore } from '../../../support/journal-stores.ts'
import { SimulatedDisk } from '../../../support/simulated-disk.ts'
import { soleOwner } from '../../../support/sole-owner.ts'
import { contentOf, durable, message } from '../../../support/store-content.ts'

const kib = 1024
const segmentBytes = 64 * kib

async function openStore(limitBytes: number, capacity = Number.MAX_SAFE_INTEGER): Promise<JournalStore> {
  const disk = new SimulatedDisk()
  disk.capacity = capacity
  const store = createJournalStore({ disk, maxFileLength: segmentBytes, limitBytes })
  await store.open(soleOwner(1))
  return store
}

interface Traffic {
  readonly floodBytes: number
  readonly pairBytes: number
  /** Messages of pairs for each one of the flood, as long as that has room. */
  readonly pairsForEach: number
}

/** Adds for the flood while it has room; waits for room for the pairs, who remove what they added before. */
class Mix {
  flooded = 0
  passed = 0
  waits = 0
  last = 0
  readonly #store: JournalStore
  readonly #traffic: Traffic
  #onRoom = (): void => {}

  constructor(store: JournalStore, traffic: Traffic) {
    this.#store = store
    this.#traffic = traffic
    store.whenRoom(() => this.#onRoom())
  }

  /** True while the flood is taken. */
  flood(): boolean {
    const { floodBytes } = this.#traffic
    if (!this.#store.hasRoom(queueHolder('flood'), floodBytes)) return false
    this.#store.add(message('f'.repeat(floodBytes), { queue: 'flood' }), ++this.last)
    this.flooded++
    return true
  }

  async pair(queue: string): Promise<void> {
    const { pairBytes } = this.#traffic
    const holder = queueHolder(queue)
    while (!this.#store.hasRoom(holder, pairBytes)) {
      this.waits++
      await new Promise<void>((resolve) => (this.#onRoom = resolve))
    }
    const sequence = ++this.last
    this.#store.add(message('p'.repeat(pairBytes), { queue }), sequence)
    if (this.passed++ % 8 === 0) await durable(this.#store)
    this.#store.remove(holder, sequence)
  }
}

interface Case extends Traffic {
  readonly limitFiles: number
  /** What limits is the disk. */
  readonly isOnDisk?: boolean
}

test.each<Case>([
  { limitFiles: 4, floodBytes: 1000, pairBytes: 1000, pairsForEach: 0.1 },
  { limitFiles: 4, floodBytes: 1000, pairBytes: 1000, pairsForEach: 1 },
  { limitFiles: 4, floodBytes: 1000, pairBytes: 1000, pairsForEach: 2.5 },
  { limitFiles: 4, floodBytes: 3000, pairBytes: 200, pairsForEach: 10 },
  { limitFiles: 4, floodBytes: 100, pairBytes: 5000, pairsForEach: 0.02 },
  { limitFiles: 16, floodBytes: 1000, pairBytes: 1000, pairsForEach: 1 },
  { limitFiles: 4, floodBytes: 1000, pairBytes: 1000, pairsForEach: 1, isOnDisk: true },
  { limitFiles: 8, floodBytes: 3000, pairBytes: 200, pairsForEach: 10, isOnDisk: true },
])('beside a flood: %j', async ({ limitFiles, isOnDisk, ...traffic }) => {
  const limitBytes = limitFiles * segmentBytes
  const store = isOnDisk ? await openStore(2 ** 40, limitBytes + 2 * segmentBytes) : await openStore(limitBytes)
  const mix = new Mix(store, traffic)
  let due = 0
  for (let round = 0, refused = 0; refused < 20; round++) {
    if (!mix.flood()) refused++
    for (due += traffic.pairsForEach; due >= 1; due--) await mix.pair(`pair-${round % 20}`)
  }
  await durable(store)
  // By now the flood has a share worth having; and ten times the limit passes by.
  expect(mix.flooded * traffic.floodBytes).toBeGreaterThan(limitBytes / 4)
  let mostBytes = 0
  for (let n = 0; n < (10 * limitBytes) / traffic.pairBytes; n++) {
    if (n % 50 === 0) mix.flood()
    await mix.pair(`pair-${n % 20}`)
    mostBytes = Math.max(mostBytes, store.statistics().bytesUsed)
  }
  // What the reclaimer writes before it can remove goes beyond the limit.
  expect(mostBytes).toBeLessThan(limitBytes + segmentBytes)
  await durable(store)
  expect(await contentOf(store, 'flood')).toHaveLength(mix.flooded)
  await store.close()
})

test('a queue that is refused is told when its own messages are gone, before any segment is', async () => {
  const store = await openStore(4 * segmentBytes)
  const orders = queueHolder('orders')
  let last = 0
  while (store.hasRoom(orders, 1000)) store.add(message('x'.repeat(1000)), ++last)
  await durable(store)
  let told = 0
  store.whenRoom(() => told++)
  expect(store.hasRoom(orders, 1000)).toBe(false)
  const { bytesUsed } = store.statistics()
  store.removeHolder(queueHolder('other'))
  await durable(store)
  const before = told
  // Each second one, and no segment is sparse.
  for (let sequence = 1; sequence <= last; sequence += 2) store.remove(orders, sequence)
  await Promise.resolve()
  expect([before, told, store.hasRoom(orders, 1000)]).toEqual([0, 1, true])
  expect(store.statistics().bytesUsed).toBeGreaterThanOrEqual(bytesUsed)
  await store.close()
})

test('a message that the limit never has room for is taken by a store without messages', async () => {
  const store = await openStore(4 * segmentBytes)
  const large = 4 * segmentBytes + 1
  expect(store.hasRoom(queueHolder('orders'), large)).toBe(true)
  store.add(message('small'), 1)
  expect(store.hasRoom(queueHolder('invoices'), large)).toBe(false)
  store.remove(queueHolder('orders'), 1)
  const transaction = store.begin()
  transaction.add(message('small'))
  expect(store.hasRoom(queueHolder('invoices'), large)).toBe(false)
  transaction.rollback()
  expect(store.hasRoom(queueHolder('invoices'), large)).toBe(true)
  await store.close()
})
