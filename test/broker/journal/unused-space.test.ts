// The end of the newest segment when nobody closed it: what was set aside and not written is no damage, what was torn is.
import { expect, test } from '@jest/globals'
import { soleOwner } from '../../support/sole-owner.ts'
import { turns } from '../../support/turns.ts'
import { checkJournal } from '../../../broker/journal/check.ts'
import { journalLimits } from '../../../broker/journal/limits.ts'
import { JournalHarness } from './journal-harness.ts'

const maxFileLength = 1024 * 1024
const segment = '/journal/term-0000000001/0000000001.segment'
const ignored = { reset() {}, segment() {}, record() {} }

/** A journal with two records and space behind them, as a killed broker leaves it; `end` is that of the records. */
async function killed(): Promise<JournalHarness & { end: number }> {
  const harness = await JournalHarness.open({ maxFileLength })
  harness.append('a', Buffer.alloc(100, 1))
  await harness.durable()
  harness.append('b', Buffer.alloc(100, 1))
  await harness.durable()
  await turns(2)
  return Object.assign(harness, { end: harness.journal.bytes })
}

async function recovered({ disk }: JournalHarness): Promise<{ cutBytes: number; damage: unknown; visited: string[] }> {
  const next = new JournalHarness({ disk: disk.copy(), maxFileLength })
  const { cutBytes, damage } = await next.open(soleOwner(2))
  await next.journal.close()
  return { cutBytes, damage, visited: next.visited }
}

const whole = { cutBytes: 0, damage: [], visited: ['reset', 'a', 'b'] }

test('space that was not written is neither torn nor damaged', async () => {
  const harness = await killed()
  const file = await harness.disk.open(segment, 'read')
  expect(await file.size()).toBeGreaterThan(harness.end + journalLimits.firstSpaceBytes / 2)
  expect(await recovered(harness)).toEqual(whole)
  const { tornBytes, damage, segments } = await checkJournal(harness.disk, '/journal', ignored)
  expect({ tornBytes, damage }).toEqual({ tornBytes: 0, damage: [] })
  expect(segments).toMatchObject([{ length: harness.end, fileBytes: await file.size() }])
})

test('a write that was torn in it is cut, up to the last byte of it that arrived', async () => {
  const harness = await killed()
  const file = await harness.disk.open(segment, 'existing')
  await file.write([Buffer.alloc(8, 7)], harness.end + 5000)
  await file.sync()
  expect(await recovered(harness)).toEqual({ ...whole, cutBytes: 5008 })
  expect(await checkJournal(harness.disk, '/journal', ignored)).toMatchObject({ tornBytes: 5008, damage: [] })
})

test('records that became zeros are damage as long as others stand behind them', async () => {
  const harness = await killed()
  const file = await harness.disk.open(segment, 'existing')
  const { position } = harness.append('c')
  await harness.durable()
  harness.append('d')
  await harness.durable()
  await file.write([Buffer.alloc(position - harness.end + 8)], harness.end)
  await file.sync()
  const { visited, damage } = await recovered(harness)
  expect(visited).toEqual(['reset', 'a', 'b', 'd'])
  expect(damage).toEqual([{ file: '0000000001.segment', from: harness.end, to: expect.any(Number) }])
})

test('zeros at the end of what counts of a closed segment are damage', async () => {
  const harness = await killed()
  harness.append('large', Buffer.alloc(maxFileLength))
  await harness.durable()
  await harness.journal.close()
  const file = await harness.disk.open(segment, 'existing')
  await file.write([Buffer.alloc(100)], harness.end - 100)
  await file.sync()
  const damage = [{ file: '0000000001.segment', from: expect.any(Number), to: harness.end }]
  expect((await checkJournal(harness.disk, '/journal', ignored)).damage).toMatchObject(damage)
  await harness.disk.remove(segment.replace('.segment', '.summary'))
  await harness.disk.syncDirectory('/journal/term-0000000001')
  expect(await recovered(harness)).toEqual({ cutBytes: 0, damage, visited: ['reset', 'a', 'large'] })
})

test('a journal that is closed has none', async () => {
  const harness = await killed()
  await harness.journal.close()
  const file = await harness.disk.open(segment, 'read')
  const length = await file.size()
  expect(length).toBeLessThan(harness.end + 100)
  const { segments } = await checkJournal(harness.disk, '/journal', ignored)
  expect(segments).toMatchObject([{ length, fileBytes: length }])
})

test('nor has one of a killed broker when the next one has opened it; what was torn stays', async () => {
  const harness = await killed()
  const file = await harness.disk.open(segment, 'existing')
  await file.write([Buffer.alloc(8, 7)], harness.end + 96)
  await file.sync()
  const next = new JournalHarness({ disk: harness.disk, maxFileLength })
  await next.open(soleOwner(2))
  await next.journal.close()
  expect(await file.size()).toBe(harness.end + 104)
})

test('nor has a segment when the next one has begun', async () => {
  const harness = await killed()
  harness.append('large', Buffer.alloc(maxFileLength))
  await harness.durable()
  await turns(3)
  const file = await harness.disk.open(segment, 'read')
  expect(await file.size()).toBe(harness.end)
  await harness.journal.close()
})

test('a standby is not behind by it', async () => {
  const harness = await killed()
  const standby = new JournalHarness({ disk: harness.disk })
  standby.journal.follow()
  await turns(5)
  expect(standby.visited).toEqual(['reset', 'a', 'b'])
  expect(standby.journal.unreadBytes).toBe(0)
  await standby.journal.close()
  await harness.journal.close()
})
