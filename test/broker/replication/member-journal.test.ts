// The journal of a member that copies another one's: real segments, written by a JournalStore elsewhere and brought here in pieces.
import { expect, test } from '@jest/globals'
import { systemClock } from '../../../broker/base/clock.ts'
import { silentLogger } from '../../../broker/base/logger.ts'
import { seededRandom } from '../../../broker/base/random.ts'
import { encodeSegmentHeader, segmentFileName } from '../../../broker/journal/format.ts'
import { withFile } from '../../../broker/journal/segment-table.ts'
import { MemberJournal } from '../../../broker/replication/member-journal.ts'
import { emptyMember } from '../../../broker/replication/member-state.ts'
import type { DiskOperation } from '../../../broker/replication/core.ts'
import type { SegmentRef } from '../../../broker/replication/position.ts'
import { SimulatedDisk } from '../../support/simulated-disk.ts'

const directory = '/data/journal'
const promise = { promised: 3, candidate: 'a', isVoter: true }

const openJournal = (disk: SimulatedDisk): MemberJournal =>
  new MemberJournal({ disk, directory, maxFileLength: 64 * 1024, clock: systemClock, logger: silentLogger })

/** A segment without records: its header alone. */
function header(number: number, predecessors: readonly SegmentRef[] = []): { segment: SegmentRef; bytes: Buffer } {
  const identity = { number, term: 3, salt: 77 + number, createdMs: 0 }
  const bytes = encodeSegmentHeader(identity, predecessors)
  return { segment: { number, term: 3, salt: identity.salt, length: bytes.length }, bytes }
}

let id = 0
const state = (): DiskOperation => ({ kind: 'state', id: ++id, state: promise })
const write = ({ segment, bytes }: ReturnType<typeof header>, sync = true): DiskOperation => ({
  kind: 'write',
  id: ++id,
  segment,
  offset: 0,
  bytes,
  sync,
})

test('is empty at first, and has promised nothing', async () => {
  expect(await openJournal(new SimulatedDisk()).open()).toEqual({ durable: emptyMember, segments: [] })
})

test('a promise is there after a crash, and the directory has its name', async () => {
  const disk = new SimulatedDisk()
  const journal = openJournal(disk)
  await journal.open()
  await journal.perform([state()])
  const after = disk.restart(seededRandom(1))
  expect(await openJournal(after).open()).toEqual({ durable: promise, segments: [] })
  expect(await after.list(directory)).toContain('term-0000000003')
})

test('what was written is found again, as far as the newest header says that it counts', async () => {
  const disk = new SimulatedDisk()
  const journal = openJournal(disk)
  await journal.open()
  const first = header(1)
  const second = header(2, [first.segment])
  await journal.perform([state(), write(first), write(second)])
  const found = await openJournal(disk.restart(seededRandom(2))).open()
  expect(found.segments).toEqual([first.segment, second.segment])
})

test('writes that go on where the last one ended go out as one', async () => {
  const disk = new SimulatedDisk()
  const journal = openJournal(disk)
  await journal.open()
  const { segment, bytes } = header(1)
  await journal.perform([state(), write({ segment, bytes })])
  const before = disk.operations
  const parts = [0, 1, 2, 3].map((part): DiskOperation => {
    const offset = segment.length + part * 8
    return {
      kind: 'write',
      id: ++id,
      segment: { ...segment, length: offset + 8 },
      offset,
      bytes: Buffer.alloc(8),
      sync: true,
    }
  })
  await journal.perform(parts)
  expect(disk.operations).toBe(before + 1)
})

test('a trim shortens and drops, durably', async () => {
  const disk = new SimulatedDisk()
  const journal = openJournal(disk)
  await journal.open()
  const [first, other] = [header(1), header(2)]
  const longer = { ...first.segment, length: first.segment.length + 8 }
  await journal.perform([
    state(),
    write({ segment: longer, bytes: Buffer.concat([first.bytes, Buffer.alloc(8)]) }),
    write(other),
    { kind: 'trim', id: ++id, cut: [{ number: 1, length: first.segment.length }], drop: [2] },
  ])
  const after = disk.restart(seededRandom(3))
  expect((await openJournal(after).open()).segments).toEqual([first.segment])
  expect(await after.list(`${directory}/term-0000000003`)).toEqual([segmentFileName(1)])
})

test('what a member that starts finds is on its disk before others are told of it', async () => {
  const first = header(1)
  const second = header(2, [first.segment])
  for (let seed = 1; seed <= 20; seed++) {
    const disk = new SimulatedDisk()
    await disk.makeDirectory('/data')
    await disk.syncDirectory('/')
    const killed = openJournal(disk)
    await killed.open()
    // Written, and its process is gone before it was synced.
    await killed.perform([state(), write(first), write(second, false)])
    const { segments } = await openJournal(disk).open()
    expect(segments.at(-1)).toEqual(second.segment)
    expect((await openJournal(disk.restart(seededRandom(seed))).open()).segments).toEqual(segments)
  }
})

test('without syncs, a crash takes the end of the last segment and leaves no hole in front of it', async () => {
  const first = header(1)
  const second = header(2, [first.segment])
  for (let seed = 1; seed <= 20; seed++) {
    const disk = new SimulatedDisk()
    await disk.makeDirectory('/data')
    await disk.syncDirectory('/')
    const journal = openJournal(disk)
    await journal.open()
    await journal.perform([state(), write(first, false), write(second, false)])
    const { segments } = await openJournal(disk.restart(seededRandom(seed))).open()
    expect(segments[0]).toEqual(first.segment)
  }
})

test('a full disk holds it up and loses nothing', async () => {
  const disk = new SimulatedDisk()
  const journal = openJournal(disk)
  await journal.open()
  await journal.perform([state()])
  const { fail } = disk
  let failures = 0
  disk.fail = (operation) => {
    if (operation !== 'create' || failures++ > 0) return undefined
    return 'ENOSPC'
  }
  const first = header(1)
  await journal.perform([write(first)])
  disk.fail = fail
  expect(failures).toBe(2)
  expect((await openJournal(disk.restart(seededRandom(4))).open()).segments).toEqual([first.segment])
})

test('a state that cannot be read is damage, not an empty member', async () => {
  const disk = new SimulatedDisk()
  const journal = openJournal(disk)
  await journal.open()
  await journal.perform([state()])
  const file = await disk.open(`${directory}/promise`, 'existing')
  await file.write([Buffer.from('{"promised":1')], 0)
  await file.close()
  await expect(openJournal(disk).open()).rejects.toThrow(
    'Cannot read /data/journal/promise: it is damaged, so nobody knows what this member has promised',
  )
})

// Whoever lost its promise must not promise twice: it knows that it has promised the newest term that its journal has a directory for, and not to whom.
test('without its promise beside a journal it votes for nobody, and takes nothing of older terms', async () => {
  const disk = new SimulatedDisk()
  const journal = openJournal(disk)
  await journal.open()
  const first = header(1)
  await journal.perform([state(), write(first)])
  await disk.remove(`${directory}/promise`)
  expect(await openJournal(disk).open()).toEqual({
    durable: { promised: 3, candidate: null, isVoter: false },
    segments: [first.segment],
  })
})

test('neither does it with a promise that is older than its journal', async () => {
  const disk = new SimulatedDisk()
  const journal = openJournal(disk)
  await journal.open()
  await journal.perform([state()])
  const older = await withFile(disk, `${directory}/promise`, (file) => file.read(0, 1000))
  await journal.perform([{ kind: 'state', id: ++id, state: { ...promise, promised: 9 } }])
  const file = await disk.open(`${directory}/promise`, 'existing')
  await file.write([older], 0)
  await file.close()
  expect((await openJournal(disk).open()).durable).toEqual({ promised: 9, candidate: null, isVoter: false })
})

test('a promise without a journal is kept, and votes for nobody', async () => {
  const disk = new SimulatedDisk()
  const journal = openJournal(disk)
  await journal.open()
  await journal.perform([state()])
  await disk.removeDirectory(`${directory}/term-0000000003`)
  expect(await openJournal(disk).open()).toEqual({ durable: { ...promise, isVoter: false }, segments: [] })
})
