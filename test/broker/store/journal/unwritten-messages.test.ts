// Messages that consumers were given before they were written: which of them the journal never sees, and what is known of
// their producers after a crash.
import { describe, expect, test } from '@jest/globals'
import { ManualClock } from '../../../../broker/base/manual-clock.ts'
import { SimulatedDisk } from '../../../support/simulated-disk.ts'
import { journalLimits } from '../../../../broker/journal/limits.ts'
import type { JournalStore } from '../../../../broker/store/journal/journal-store.ts'
import { storeLimits } from '../../../../broker/store/limits.ts'
import { contentOf, durable, message } from '../../../contract/message-store.ts'
import { createJournalStore } from '../../../support/journal-stores.ts'
import { turns } from '../../../support/turns.ts'
import { soleOwner } from '../../../support/sole-owner.ts'
import { queueHolder } from '../../../../broker/store/held-message.ts'

const producer = 'ID:a-1:1:1:1'
const numbered = (producerSequenceId: number, producerId = producer): ReturnType<typeof message> =>
  message(`m${producerSequenceId}`, { producerId, producerSequenceId })

async function opened(disk: SimulatedDisk): Promise<JournalStore> {
  const store = createJournalStore({ disk })
  await store.open(soleOwner(1))
  await durable(store)
  return store
}

async function reopened(disk: SimulatedDisk): Promise<JournalStore> {
  const again = createJournalStore({ disk })
  await again.open(soleOwner(2))
  return again
}

const records = (store: JournalStore): number => store.statistics().recordsWritten

test('one that is acknowledged before its write is never written, and its sender is answered at once', async () => {
  const store = await opened(new SimulatedDisk())
  store.addHolder(queueHolder('orders'))
  await durable(store)
  const before = records(store)
  const settled: string[] = []
  store.addDispatched(numbered(1), 1, () => settled.push('first'))
  store.addDispatched(numbered(7, 'ID:b-1:1:1:1'), 2, () => settled.push('second'))
  store.remove(queueHolder('orders'), 2, false)
  await Promise.resolve()
  expect(settled).toEqual(['second'])
  await durable(store)
  expect(settled).toEqual(['second', 'first'])
  expect(records(store) - before).toBe(1)
  expect(store.lastProducerSequence('ID:b-1:1:1:1')).toBe(7)
  await store.close()
})

test('one whose removal is awaited is written: a repetition of it has to be recognized after a crash', async () => {
  const disk = new SimulatedDisk()
  const store = await opened(disk)
  store.addDispatched(numbered(1), 1, () => {})
  store.remove(queueHolder('orders'), 1, true)
  await durable(store)
  await store.close()
  const again = await reopened(disk)
  expect(again.lastProducerSequence(producer)).toBe(1)
  expect(await contentOf(again)).toEqual([])
  await again.close()
})

test('a later one of a producer is not spared while an earlier one waits, which would look like a repetition', async () => {
  const disk = new SimulatedDisk()
  const store = await opened(disk)
  const settled: number[] = []
  store.addDispatched(numbered(1), 1, () => settled.push(1))
  store.addDispatched(numbered(2), 2, () => settled.push(2))
  store.remove(queueHolder('orders'), 2, false)
  await Promise.resolve()
  expect(settled).toEqual([])
  await durable(store)
  expect(settled).toEqual([1, 2])
  await store.close()
  const again = await reopened(disk)
  expect(again.lastProducerSequence(producer)).toBe(2)
  expect(await contentOf(again)).toEqual(['1:m1'])
  await again.close()
})

test('a failed disk settles nothing', async () => {
  const disk = new SimulatedDisk()
  const store = await opened(disk)
  disk.crashAfter(0)
  let settled = 0
  store.addDispatched(numbered(1), 1, () => settled++)
  await Promise.race([disk.whenCrashed, store.failed])
  expect(settled).toBe(0)
})

describe('a removal that nobody waits for', () => {
  async function withMessages(): Promise<{ store: JournalStore; clock: ManualClock; syncs: () => number }> {
    const clock = new ManualClock()
    const store = createJournalStore({ disk: new SimulatedDisk(), clock })
    await store.open(soleOwner(1))
    store.add(numbered(1), 1)
    store.add(numbered(2), 2)
    await durable(store)
    const before = store.statistics().syncs
    return { store, clock, syncs: () => store.statistics().syncs - before }
  }

  test('starts no sync of its own, and goes along with the next', async () => {
    const { store, syncs } = await withMessages()
    store.remove(queueHolder('orders'), 1, false)
    await turns(3)
    expect(syncs()).toBe(0)
    store.add(numbered(3), 3)
    await durable(store)
    expect(syncs()).toBe(1)
    expect(await contentOf(store)).toEqual(['2:m2', '3:m3'])
    await store.close()
  })

  test('nor one behind a sync that is under way', async () => {
    const { store, syncs } = await withMessages()
    store.add(numbered(3), 3)
    const added = durable(store)
    await turns(1)
    store.remove(queueHolder('orders'), 1, false)
    await added
    await turns(3)
    expect(syncs()).toBe(1)
    await store.close()
  })

  test('is written after a while when nothing comes', async () => {
    const { store, clock, syncs } = await withMessages()
    store.remove(queueHolder('orders'), 1, false)
    clock.advance(journalLimits.lazyWriteMs)
    await turns(3)
    expect(syncs()).toBe(1)
    await store.close()
    expect(clock.pendingTimers).toBe(0)
  })
})

describe('while acknowledgements come early', () => {
  async function hopeful() {
    const clock = new ManualClock()
    const store = createJournalStore({ disk: new SimulatedDisk(), clock })
    await store.open(soleOwner(1))
    const settled: number[] = []
    let sequence = 0
    const dispatch = (): number => {
      const mine = ++sequence
      store.addDispatched(numbered(mine), mine, () => settled.push(mine))
      return mine
    }
    for (let i = 0; i < 4; i++) store.remove(queueHolder('orders'), dispatch(), false)
    await durable(store)
    settled.length = 0
    return { store, clock, settled, dispatch }
  }

  test('the write waits for them, and for a moment only', async () => {
    const { store, clock, settled, dispatch } = await hopeful()
    const mine = dispatch()
    await turns(3)
    expect(settled).toEqual([])
    clock.advance(storeLimits.earlyAcknowledgementMs)
    await turns(3)
    expect(settled).toEqual([mine])
    await store.close()
  })

  test('what is acknowledged meanwhile is not written, and no timer stays', async () => {
    const { store, clock, settled, dispatch } = await hopeful()
    const { syncs } = store.statistics()
    const timers = clock.pendingTimers
    const mine = dispatch()
    await turns(3)
    store.remove(queueHolder('orders'), mine, false)
    await turns(1)
    expect([settled, store.statistics().syncs, clock.pendingTimers]).toEqual([[mine], syncs, timers])
    await store.close()
  })

  test('whoever waits for the disk does not wait longer', async () => {
    const { store, settled, dispatch } = await hopeful()
    const mine = dispatch()
    await durable(store)
    expect(settled).toEqual([mine])
    await store.close()
  })
})
