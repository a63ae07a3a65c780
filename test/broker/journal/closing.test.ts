// An orderly end: what is queued is written and told, and the next owner knows that nothing is torn.
import { expect, test } from '@jest/globals'
import { soleOwner } from '../../support/sole-owner.ts'
import { turns } from '../../support/turns.ts'
import { JournalHarness } from './journal-harness.ts'

test('closing writes what nobody waits for, and tells who waits', async () => {
  const harness = await JournalHarness.open()
  harness.append('lazy')
  harness.write('awaited')
  await harness.journal.close()
  expect(harness.taken().filter((event) => event === 'awaited')).toEqual(['awaited'])
  expect(harness.clock.pendingTimers).toBe(0)
  const again = new JournalHarness({ disk: harness.disk })
  const { cutBytes, damage } = await again.open(soleOwner(2))
  expect(again.visited).toEqual(['reset', 'lazy', 'awaited'])
  expect([cutBytes, damage]).toEqual([0, []])
  await again.journal.close()
})

test('damage to the last batch of a closed journal is damage, and no torn tail', async () => {
  const harness = await JournalHarness.open()
  const { position } = harness.append('damaged')
  await harness.durable()
  await harness.journal.close()
  harness.disk.flipBit('/journal/term-0000000001/0000000001.segment', position + 10)
  const again = new JournalHarness({ disk: harness.disk })
  const { cutBytes, damage } = await again.open(soleOwner(2))
  expect(cutBytes).toBe(0)
  expect(damage).toHaveLength(1)
  await again.journal.close()
})

test('nothing can be appended or waited for afterwards', async () => {
  const harness = await JournalHarness.open()
  await harness.journal.close()
  harness.taken()
  harness.write('late')
  harness.journal.whenProven(() => void harness.events.push('proven'))
  await turns(3)
  expect(harness.taken()).toEqual([])
})

test('closing waits for a write that is on its way', async () => {
  const harness = await JournalHarness.open()
  harness.write('a')
  harness.disk.freeze()
  await turns(2)
  let closed = false
  const closing = harness.journal.close().then(() => (closed = true))
  await turns(3)
  expect(closed).toBe(false)
  harness.disk.thaw()
  await closing
  expect(harness.taken()).toContain('a')
})
