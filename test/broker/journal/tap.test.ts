// Whoever listens to a journal can write the same files: it is told of every byte, when its write begins, and when it is on the disk.
import { expect, test } from '@jest/globals'
import { segmentFileName, type Predecessor } from '../../../broker/journal/format.ts'
import type { JournalTap } from '../../../broker/journal/tap.ts'
import { withFile } from '../../../broker/journal/segment-table.ts'
import { soleOwner } from '../../support/sole-owner.ts'
import { turns } from '../../support/turns.ts'
import { HeldConfirmations, JournalHarness } from './journal-harness.ts'

/** A copy of the journal, made of what is told. */
class Copy implements JournalTap {
  readonly events: string[] = []
  readonly segments = new Map<number, Buffer>()
  onEvent = (event: string): void => void this.events.push(event)

  opened(segments: readonly Predecessor[]): void {
    this.onEvent(`opened ${segments.map(({ number }) => number).join(' ')}`)
  }

  writing({ number, length }: Predecessor, offset: number, buffers: readonly Buffer[]): void {
    const before = this.segments.get(number) ?? Buffer.alloc(0)
    expect(before.length).toBe(offset)
    const after = Buffer.concat([before, ...buffers])
    expect(after.length).toBe(length)
    this.segments.set(number, after)
    this.onEvent(offset === 0 ? `header of ${number}` : `writing ${number}`)
  }

  written(segment: number, end: number): void {
    expect(end).toBe(this.segments.get(segment)!.length)
    this.onEvent(`written ${segment}`)
  }

  removed(segments: readonly number[]): void {
    this.onEvent(`removed ${segments.join(' ')}`)
  }
}

const fileOf = (harness: JournalHarness, term: number, number: number): Promise<Buffer> =>
  withFile(harness.disk, `/journal/term-${String(term).padStart(10, '0')}/${segmentFileName(number)}`, (file) =>
    file.read(0, 100_000),
  )

test('a segment is told with its header first, each write before it is on the disk', async () => {
  const tap = new Copy()
  const harness = await JournalHarness.open({ tap })
  expect(tap.events).toEqual(['opened ', 'header of 1', 'written 1', 'writing 1', 'written 1'])
  tap.events.length = 0
  tap.onEvent = (event) => void harness.events.push(event)
  harness.write('a')
  await turns(2)
  expect(harness.taken()).toEqual(['writing 1', 'written', 'written 1', 'durable 1', 'a'])
  await harness.journal.close()
})

test('what is told is what is in the files, over all segments, with what counts of older terms', async () => {
  const tap = new Copy()
  const first = await JournalHarness.open({ tap })
  for (let count = 0; count < 20; count++) {
    first.write(`${count}`.repeat(400))
    await turns(2)
  }
  await first.journal.close()
  expect(tap.segments.size).toBeGreaterThan(2)
  for (const [number, bytes] of tap.segments) expect(await fileOf(first, 1, number)).toEqual(bytes)
  const again = new Copy()
  const second = new JournalHarness({ disk: first.disk, tap: again })
  await second.open(soleOwner(2))
  const numbers = [...tap.segments.keys()]
  expect(again.events.slice(0, 2)).toEqual([`opened ${numbers.join(' ')}`, `header of ${numbers.length + 1}`])
  await second.journal.close()
})

test('a write that finds no space is told once', async () => {
  const tap = new Copy()
  const harness = await JournalHarness.open({ tap })
  tap.events.length = 0
  const { fail } = harness.disk
  let attempts = 0
  harness.disk.fail = (operation, path) => {
    if (operation === 'writeDurably' && attempts++ < 2) return 'ENOSPC'
    return fail(operation, path)
  }
  harness.write('a')
  while (!tap.events.includes('written 1')) {
    await turns(1)
    harness.clock.advance(1000)
  }
  expect([attempts, tap.events]).toEqual([3, ['writing 1', 'written 1']])
  await harness.journal.close()
})

test('files go when the record of that is confirmed, and whoever listens was told', async () => {
  const tap = new Copy()
  const held = new HeldConfirmations()
  const harness = await JournalHarness.open({ tap, confirmation: held })
  harness.journal.closeSegment()
  await turns(4)
  held.held = true
  harness.events.length = 0
  tap.onEvent = (event) => void (event.startsWith('removed') && harness.events.push(event))
  const { fail } = harness.disk
  harness.disk.fail = (operation, path) => {
    if (operation === 'remove') harness.events.push('file gone')
    return fail(operation, path)
  }
  const removing = harness.journal.removeSegments([1])
  await turns(4)
  expect(harness.taken()).toEqual(['written'])
  held.held = false
  for (const { confirm } of held.asked) confirm()
  await removing
  expect(harness.taken().filter((event) => !event.startsWith('durable'))).toEqual([
    'removed 1',
    'file gone',
    'file gone',
  ])
  await harness.journal.close()
})

test('a write whose confirmation fails answers nobody, nor does a stop', async () => {
  const tap = new Copy()
  const held = new HeldConfirmations()
  const harness = await JournalHarness.open({ tap, confirmation: held })
  held.held = true
  harness.write('a')
  await turns(2)
  held.asked[0]!.reject(new Error('deposed'))
  expect((await harness.journal.failed).message).toContain('deposed')
  await harness.journal.close()
  expect(harness.taken()).toEqual(['written'])
})
