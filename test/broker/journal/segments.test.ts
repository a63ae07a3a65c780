// Segments: when the next one begins, what it starts with, and how they go.
import { expect, test } from '@jest/globals'
import { seededRandom } from '../../../broker/base/random.ts'
import { recordBytes } from '../../../broker/journal/format.ts'
import { soleOwner } from '../../support/sole-owner.ts'
import { turns } from '../../support/turns.ts'
import { JournalHarness } from './journal-harness.ts'

const files = async ({ disk }: JournalHarness): Promise<readonly string[]> =>
  [...(await disk.list('/journal/term-0000000001'))].sort()

test('a full segment is followed by the next, and handed over when it is durable', async () => {
  const harness = await JournalHarness.open()
  for (let n = 0; n < 5; n++) harness.write(`record ${n}`, Buffer.alloc(1500))
  expect(harness.journal.segment).toBe(3)
  await harness.durable()
  expect(harness.sealed).toEqual([1, 2])
  await turns(3)
  expect(await files(harness)).toEqual([
    '0000000001.segment',
    '0000000001.summary',
    '0000000002.segment',
    '0000000002.summary',
    '0000000003.segment',
  ])
  expect(harness.events.filter((event) => event.startsWith('record'))).toHaveLength(5)
  await harness.journal.close()
})

test('a segment that is durable before it is closed is handed over when the next begins', async () => {
  const harness = await JournalHarness.open()
  harness.write('a', Buffer.alloc(2500))
  await harness.durable()
  expect(harness.sealed).toEqual([])
  harness.write('b', Buffer.alloc(2500))
  expect(harness.sealed).toEqual([1])
  await harness.journal.close()
})

test('each segment starts with what the user wants to stand there, however much that is', async () => {
  let preamble = ['p1', 'p2']
  const harness = await JournalHarness.open({ preamble: () => preamble })
  preamble = Array.from({ length: 200 }, (_, n) => `a long beginning ${n}`)
  harness.write('a', Buffer.alloc(3800))
  harness.write('b', Buffer.alloc(800))
  harness.write('c', Buffer.alloc(800))
  expect(harness.journal.segment).toBe(2)
  await harness.journal.close()
  const { disk } = harness
  const again = new JournalHarness({ disk })
  await again.open(soleOwner(2))
  expect(again.visited).toEqual(['reset', 'a', 'b', 'c'])
  await again.journal.close()
})

test('a record that is larger than a segment gets one', async () => {
  const harness = await JournalHarness.open()
  const place = harness.append('large', Buffer.alloc(50_000, 7))
  expect(place.segment).toBe(1)
  const next = harness.append('next')
  expect(next.segment).toBe(2)
  await harness.durable()
  const bytes = await harness.journal.read(1, place.position, 60_000)
  expect(harness.journal.body(1, place.position, bytes, place.position)?.length).toBe(50_000)
  await harness.journal.close()
})

test.each([0, 20, 150])('what records add is known before, the start of segments included: %d texts', async (texts) => {
  const preamble = Array.from({ length: texts }, (_, n) => `a long beginning ${n}`)
  const harness = await JournalHarness.open({ preamble: () => preamble })
  const { journal } = harness
  const random = seededRandom(texts)
  const used = { roomThatWasThere: 0, next: 0, several: 0 }
  for (let round = 0; round < 300; round++) {
    const most = [10, 400, 4000][round % 3]!
    const bodies = Array.from({ length: Math.ceil(random.next() * 6) }, () => Math.floor(random.next() * most))
    const length = bodies.reduce((sum, body) => sum + recordBytes(1 + body), 0)
    const [bytes, segment, cost] = [journal.bytes, journal.segment, journal.costOf(length)]
    expect(journal.costOfNext(length)).toBeGreaterThanOrEqual(cost)
    for (const body of bodies) harness.append('r', Buffer.alloc(body))
    const [added, begun] = [journal.bytes - bytes, journal.segment - segment]
    expect(added).toBeLessThanOrEqual(cost)
    if (begun === 0) expect(added).toBe(length)
    if (begun === 0 && cost === length) used.roomThatWasThere++
    else if (begun === 1) used.next++
    else if (begun > 1) used.several++
  }
  expect(Math.min(...Object.values(used))).toBeGreaterThan(5)
  await journal.close()
})

test('removed segments are gone for readers, from the disk, and after a restart', async () => {
  const harness = await JournalHarness.open()
  for (let n = 0; n < 5; n++) harness.append(`record ${n}`, Buffer.alloc(1500))
  await harness.durable()
  await turns(3)
  await harness.journal.removeSegments([1])
  expect(await files(harness)).not.toContain('0000000001.segment')
  await expect(harness.journal.read(1, 0, 10)).rejects.toMatchObject({ code: 'ENOENT' })
  expect(harness.journal.closedLength(1)).toBeUndefined()
  expect(harness.journal.closedLength(2)).toBeGreaterThan(0)
  await harness.journal.close()
  const again = new JournalHarness({ disk: harness.disk })
  const { segments, damage } = await again.open(soleOwner(2))
  expect(segments.map(({ number }) => number)).toEqual([2, 3])
  expect(damage).toEqual([])
  expect(again.visited).toEqual(['reset', 'record 2', 'record 3', 'record 4'])
  await again.journal.close()
})

test.each([1000, 2 ** 40])('a segment size of %d bytes is refused', (maxFileLength) => {
  expect(() => new JournalHarness({ maxFileLength })).toThrow(`Cannot use maxFileLength ${maxFileLength}`)
})
