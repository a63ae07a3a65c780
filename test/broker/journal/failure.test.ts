// What ends a journal, what does not, and that nobody is told anything after its end.
import { expect, test } from '@jest/globals'
import type { DiskOperation } from '../../support/simulated-disk.ts'
import { journalLimits } from '../../../broker/journal/limits.ts'
import { soleOwner } from '../../support/sole-owner.ts'
import { turns } from '../../support/turns.ts'
import { JournalHarness } from './journal-harness.ts'

const failing = (harness: JournalHarness, operation: DiskOperation, code: string): void => {
  harness.disk.fail = (asked) => (asked === operation ? code : undefined)
}

test.each(['EIO', 'EROFS'])(
  'a write that fails with %s is the end: nobody is told, nothing is written',
  async (code) => {
    const harness = await JournalHarness.open()
    failing(harness, 'writeDurably', code)
    harness.write('a')
    const error = await harness.journal.failed
    expect(error).toMatchObject({ code: 'JOURNAL_FAILED', message: expect.stringContaining(code) })
    harness.disk.fail = () => undefined
    const { records } = harness.journal
    harness.write('b')
    harness.journal.whenProven(() => void harness.events.push('proven'))
    await turns(3)
    harness.clock.advance(1000)
    await turns(3)
    expect(harness.taken()).toEqual([])
    expect(harness.journal.records).toBe(records)
    await harness.journal.close()
  },
)

test('a write that finds no space waits for some, and all of it is written again at the same place', async () => {
  const harness = await JournalHarness.open()
  failing(harness, 'writeDurably', 'ENOSPC')
  harness.write('a')
  await turns(3)
  expect(harness.journal.isOutOfSpace).toBe(true)
  harness.write('b')
  harness.disk.fail = () => undefined
  // What the write left is not what was written: it may have been lost in the sync.
  const segment = await harness.disk.open('/journal/term-0000000001/0000000001.segment', 'existing')
  const length = await segment.size()
  await segment.writeDurably([Buffer.alloc(40)], length - 40)
  harness.clock.advance(journalLimits.spaceRetryMs)
  await turns(3)
  expect(harness.journal.isOutOfSpace).toBe(false)
  expect(harness.taken()).toEqual(['durable 1', 'a', 'durable 2', 'b'])
  await harness.journal.close()
  const next = new JournalHarness({ disk: harness.disk.copy() })
  const { damage, cutBytes } = await next.open(soleOwner(2))
  expect({ visited: next.visited, damage, cutBytes }).toEqual({ visited: ['reset', 'a', 'b'], damage: [], cutBytes: 0 })
  await next.journal.close()
})

test('a segment that cannot be made is the end', async () => {
  const harness = await JournalHarness.open()
  failing(harness, 'create', 'EROFS')
  harness.write('a', Buffer.alloc(3000))
  harness.write('b', Buffer.alloc(3000))
  expect((await harness.journal.failed).message).toContain('EROFS')
  await harness.journal.close()
  expect(harness.taken().filter((event) => event === 'b')).toEqual([])
})

test('a callback that throws is the end', async () => {
  const harness = await JournalHarness.open()
  harness.append('a')
  harness.journal.whenDurable(() => {
    throw new Error('A bug')
  })
  harness.journal.whenDurable(() => void harness.events.push('after the bug'))
  expect((await harness.journal.failed).message).toContain('A bug')
  await harness.journal.close()
  expect(harness.taken()).not.toContain('after the bug')
})

test('an owner that lost its journal is told so before it writes', async () => {
  const harness = await JournalHarness.open()
  await harness.journal.close()
  const next = new JournalHarness({ disk: harness.disk })
  await next.open(soleOwner(5))
  const late = new JournalHarness({ disk: harness.disk })
  await expect(late.open(soleOwner(4))).rejects.toMatchObject({ code: 'JOURNAL_FENCED' })
  await late.journal.close()
  await next.journal.close()
})

test('a journal that is not open says so', async () => {
  const harness = new JournalHarness()
  expect(() => harness.append('a')).toThrow('Cannot use the journal: it is not open')
  expect(() => harness.journal.whenDurable(() => {})).toThrow('it is not open')
  await harness.journal.close()
})
