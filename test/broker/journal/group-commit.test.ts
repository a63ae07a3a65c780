// What shares a write, when it begins, and in which order its callbacks run.
import { expect, test } from '@jest/globals'
import { journalLimits } from '../../../broker/journal/limits.ts'
import { turns } from '../../support/turns.ts'
import { JournalHarness } from './journal-harness.ts'

test('everything that is appended before a write begins goes out in one durable write', async () => {
  const harness = await JournalHarness.open()
  for (const text of ['a', 'b', 'c']) harness.write(text)
  expect(harness.taken()).toEqual([])
  await turns(2)
  expect(harness.taken()).toEqual(['written', 'durable 3', 'a', 'b', 'c'])
  expect(harness.journal.syncs).toBe(2)
  await harness.journal.close()
})

test('what is appended during a write gathers, and goes out with the next one', async () => {
  const harness = await JournalHarness.open()
  harness.write('a')
  const later = ['b', 'c']
  harness.disk.fail = (operation) => {
    if (operation !== 'writeDurably') return undefined
    harness.events.push('written')
    for (const text of later.splice(0)) harness.write(text)
    return undefined
  }
  await turns(3)
  expect(harness.taken()).toEqual(['written', 'durable 1', 'a', 'written', 'durable 3', 'b', 'c'])
  await harness.journal.close()
})

test('callbacks run in the order of the calls, whatever they wait for', async () => {
  const harness = await JournalHarness.open()
  const { journal, events } = harness
  journal.whenDurable(() => void events.push('nothing before it'))
  harness.write('a')
  journal.whenDurable(() => {
    events.push('after a')
    journal.whenDurable(() => void events.push('asked for in a callback'))
  })
  await turns(3)
  expect(harness.taken()).toEqual([
    'nothing before it',
    'written',
    'durable 1',
    'a',
    'after a',
    'asked for in a callback',
  ])
  await journal.close()
})

test('what nobody waits for is written when its time has come, or with what somebody waits for', async () => {
  const harness = await JournalHarness.open()
  harness.append('a')
  await turns(2)
  harness.clock.advance(journalLimits.lazyWriteMs - 1)
  await turns(2)
  expect(harness.taken()).toEqual([])
  harness.clock.advance(1)
  await turns(2)
  expect(harness.taken()).toEqual(['written', 'durable 1'])
  harness.append('b')
  harness.write('c')
  await turns(2)
  expect(harness.taken()).toEqual(['written', 'durable 3', 'c'])
  harness.clock.advance(journalLimits.lazyWriteMs)
  await turns(2)
  expect(harness.taken()).toEqual([])
  await harness.journal.close()
})

test('what the user kept back goes along with the write that begins', async () => {
  let kept = ['kept back']
  const harness = await JournalHarness.open({
    onWriting(journal) {
      for (const text of kept) journal.append(text)
      kept = []
    },
  })
  kept = ['later']
  harness.write('a')
  await turns(2)
  expect(harness.taken()).toEqual(['written', 'durable 3', 'a'])
  await harness.journal.close()
})

test('the bytes of a record are those of the moment it was appended; a record beyond the limits is refused', async () => {
  const harness = await JournalHarness.open()
  const meta = Buffer.from('before')
  harness.journal.append(20, meta, meta.length)
  meta.write('AFTER!')
  const place = harness.append('body', Buffer.from('the body'))
  expect(() => harness.journal.append(20, Buffer.alloc(70_000), 70_000)).toThrow('largest record')
  await harness.durable()
  const bytes = await harness.journal.read(place.segment, 0, 10_000)
  expect(bytes.includes('before')).toBe(true)
  expect(harness.journal.body(place.segment, place.position, bytes, 0)?.toString()).toBe('the body')
  await harness.journal.close()
})
