// A standby: what it has read when it takes over, and what it says of how far it is behind.
import { expect, test } from '@jest/globals'
import { journalLimits } from '../../../broker/journal/limits.ts'
import { soleOwner } from '../../support/sole-owner.ts'
import { turns } from '../../support/turns.ts'
import { JournalHarness } from './journal-harness.ts'

const look = async (standby: JournalHarness): Promise<void> => {
  standby.clock.advance(journalLimits.followIntervalMs)
  await turns(2)
}

test('a standby visits what is written, and goes on where it was when it takes over', async () => {
  const active = await JournalHarness.open()
  const standby = new JournalHarness({ disk: active.disk })
  active.append('a')
  await active.durable()
  standby.journal.follow()
  await turns(2)
  expect(standby.visited).toEqual(['reset', 'a'])
  active.append('b', Buffer.alloc(3000))
  active.append('c', Buffer.alloc(3000))
  await active.durable()
  await look(standby)
  expect(standby.visited).toEqual(['reset', 'a', 'b', 'c'])
  active.append('d')
  await active.journal.close()
  await standby.open(soleOwner(2))
  expect(standby.visited).toEqual(['reset', 'a', 'b', 'c', 'd'])
  await standby.journal.close()
})

test('says what it has not read of what was there when it looked', async () => {
  const active = await JournalHarness.open()
  const standby = new JournalHarness({ disk: active.disk })
  expect(standby.journal.unreadBytes).toBeUndefined()
  standby.journal.follow()
  await turns(2)
  expect(standby.journal.unreadBytes).toBe(0)
  active.append('a', Buffer.alloc(2000))
  await active.durable()
  expect(standby.journal.unreadBytes).toBe(0)
  const unread: (number | undefined)[] = []
  standby.onVisit = () => void unread.push(standby.journal.unreadBytes)
  await look(standby)
  expect(unread[0]).toBeGreaterThan(2000)
  expect(standby.journal.unreadBytes).toBe(0)
  await active.journal.close()
  await standby.journal.close()
})

test('is behind by all segments at first, and by fewer and fewer', async () => {
  const active = await JournalHarness.open()
  for (let n = 0; n < 6; n++) active.append(`record ${n}`, Buffer.alloc(3000))
  await active.durable()
  const standby = new JournalHarness({ disk: active.disk })
  const unread: number[] = []
  standby.onVisit = () => void unread.push(standby.journal.unreadBytes!)
  standby.journal.follow()
  await turns(5)
  expect(standby.visited).toEqual(['reset', ...Array.from({ length: 6 }, (_, n) => `record ${n}`)])
  expect(unread[0]).toBeGreaterThan(5 * 3000)
  expect(unread).toEqual(unread.toSorted((a, b) => b - a))
  // The space set aside in the last segment counts until it was looked at.
  expect(unread.at(-1)).toBeLessThan(4096)
  expect(standby.journal.unreadBytes).toBe(0)
  active.append('newer', Buffer.alloc(3000))
  active.append('newest', Buffer.alloc(3000))
  await active.durable()
  unread.length = 0
  await look(standby)
  expect(unread[0]).toBeGreaterThan(3000)
  expect(standby.journal.unreadBytes).toBe(0)
  await active.journal.close()
  await standby.journal.close()
})

test('is behind by what cannot be read yet', async () => {
  const active = await JournalHarness.open()
  active.append('whole')
  await active.durable()
  const { disk } = active
  const path = '/journal/term-0000000001/0000000001.segment'
  const file = await disk.open(path, 'existing')
  await file.write([Buffer.alloc(100, 1)], active.journal.bytes)
  const standby = new JournalHarness({ disk })
  standby.journal.follow()
  await turns(2)
  expect(standby.journal.unreadBytes).toBe(100)
  await standby.journal.close()
  expect(standby.journal.unreadBytes).toBeUndefined()
  await active.journal.close()
})

test('who writes is not behind, and who finds nothing is not either', async () => {
  const standby = new JournalHarness()
  standby.journal.follow()
  await turns(2)
  expect(standby.journal.unreadBytes).toBe(0)
  await standby.open()
  expect(standby.journal.unreadBytes).toBeUndefined()
  await standby.journal.close()
})

/** What the active has written, taken away: the copy of a member has none. */
async function takeSummary(active: JournalHarness, number: number): Promise<Buffer> {
  const path = summaryPath(number)
  const file = await active.disk.open(path, 'read')
  const bytes = Buffer.from(await file.read(0, await file.size()))
  await file.close()
  await active.disk.remove(path)
  return bytes
}

const summaryPath = (number: number): string => `/journal/term-0000000001/000000000${number}.summary`

async function summaryAt(standby: JournalHarness, number: number): Promise<Buffer> {
  const file = await standby.disk.open(summaryPath(number), 'read')
  const bytes = Buffer.from(await file.read(0, await file.size()))
  await file.close()
  return bytes
}

test('a standby with a copy of its own writes the summaries that are missing, as the active has them', async () => {
  const active = await JournalHarness.open()
  for (let n = 0; n < 4; n++) active.append(`record ${n}`, Buffer.alloc(3000))
  await active.durable()
  await turns(3)
  const summaries = [await takeSummary(active, 1), await takeSummary(active, 2)]
  const standby = new JournalHarness({ disk: active.disk, followsOwnCopy: true })
  standby.journal.follow()
  await turns(6)
  expect([await summaryAt(standby, 1), await summaryAt(standby, 2)]).toEqual(summaries)
  await active.journal.close()
  await standby.journal.close()
})

test('also of a segment that it has read in pieces', async () => {
  const active = await JournalHarness.open()
  const standby = new JournalHarness({ disk: active.disk, followsOwnCopy: true })
  standby.journal.follow()
  await turns(2)
  for (const text of ['a', 'b', 'c']) {
    active.append(text, Buffer.alloc(900))
    await active.durable()
    await look(standby)
  }
  active.append('d', Buffer.alloc(3000))
  await active.durable()
  await turns(3)
  const summary = await takeSummary(active, 1)
  await look(standby)
  await turns(3)
  expect(await summaryAt(standby, 1)).toEqual(summary)
  expect(standby.visited).toEqual(['reset', 'a', 'b', 'c', 'd'])
  await active.journal.close()
  await standby.journal.close()
})

test('what an active has on a shared disk is left alone', async () => {
  const active = await JournalHarness.open()
  for (let n = 0; n < 3; n++) active.append(`record ${n}`, Buffer.alloc(3000))
  await active.durable()
  await turns(3)
  await takeSummary(active, 1)
  const standby = new JournalHarness({ disk: active.disk })
  standby.journal.follow()
  await turns(6)
  expect(standby.visited).toHaveLength(4)
  expect(await active.disk.exists(summaryPath(1))).toBe(false)
  await active.journal.close()
  await standby.journal.close()
})

test('the summary of a segment that was removed meanwhile goes, too', async () => {
  const active = await JournalHarness.open()
  active.append('a', Buffer.alloc(3000))
  active.append('b', Buffer.alloc(3000))
  await active.durable()
  await turns(3)
  await takeSummary(active, 1)
  const standby = new JournalHarness({ disk: active.disk, followsOwnCopy: true })
  let removed: Promise<void> | undefined
  standby.onVisit = () => void (removed ??= active.disk.remove(summaryPath(1).replace('.summary', '.segment')))
  standby.journal.follow()
  await turns(6)
  await removed
  expect(await active.disk.exists(summaryPath(1))).toBe(false)
  await active.journal.close()
  await standby.journal.close()
})
