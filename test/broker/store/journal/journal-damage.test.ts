// What the journal store does about a disk that decays, fills up or fails, and about space and terms.
import { describe, expect, test } from '@jest/globals'
import { silentLogger, type Logger } from '../../../../broker/base/logger.ts'
import { ManualClock } from '../../../../broker/base/manual-clock.ts'
import { seededRandom } from '../../../../broker/base/random.ts'
import { SimulatedDisk } from '../../../support/simulated-disk.ts'
import { checkJournal } from '../../../../broker/journal/check.ts'
import { JournalStore, newestTerm } from '../../../../broker/store/journal/journal-store.ts'
import { contentOf, durable, message } from '../../../contract/message-store.ts'
import { createJournalStore } from '../../../support/journal-stores.ts'
import { turns } from '../../../support/turns.ts'
import { soleOwner } from '../../../support/sole-owner.ts'
import { queueHolder } from '../../../../broker/store/held-message.ts'

interface Logged {
  readonly message: string
  readonly fields: Record<string, unknown>
}

function collectingLogger(): { logger: Logger; logged: Logged[] } {
  const logged: Logged[] = []
  const log = (message: string, fields = {}): void => void logged.push({ message, fields })
  return { logger: { ...silentLogger, warn: log, error: log }, logged }
}

const segmentsOf = async (disk: SimulatedDisk, term: number): Promise<string[]> =>
  (await disk.list(`/journal/term-${String(term).padStart(10, '0')}`)).filter((name) => name.endsWith('.segment'))

/** Finds where a text stands in the segments of a term. */
async function findText(disk: SimulatedDisk, term: number, text: string): Promise<{ path: string; offset: number }> {
  const directory = `/journal/term-${String(term).padStart(10, '0')}`
  for (const name of await segmentsOf(disk, term)) {
    const file = await disk.open(`${directory}/${name}`, 'read')
    const offset = (await file.read(0, await file.size())).indexOf(text)
    if (offset >= 0) return { path: `${directory}/${name}`, offset }
  }
  throw new Error(`${text} is nowhere`)
}

async function filledStore(disk: SimulatedDisk, count: number): Promise<JournalStore> {
  const store = createJournalStore({ disk })
  await store.open(soleOwner(1))
  for (let sequence = 1; sequence <= count; sequence++) {
    store.add(message(`text-${sequence}-${'x'.repeat(200)}`, { producerSequenceId: sequence }), sequence)
    await durable(store)
  }
  return store
}

describe('a flipped bit', () => {
  test('in a message is reported with file and offset, not served, and hides nothing else', async () => {
    const disk = new SimulatedDisk()
    const store = await filledStore(disk, 60)
    const { path, offset } = await findText(disk, 1, 'text-30-')
    disk.flipBit(path, offset)
    expect((await contentOf(store)).length).toBe(59)
    await store.close()
    const { logger, logged } = collectingLogger()
    const again = createJournalStore({ disk, logger })
    await again.open(soleOwner(2))
    const texts = (await contentOf(again)).map((line) => line.slice(0, line.indexOf('-x')))
    expect(texts.length).toBe(59)
    expect(texts).not.toContain('30:text-30')
    const file = path.slice(path.lastIndexOf('/') + 1)
    expect(logged.some(({ fields }) => fields['file'] === file)).toBe(true)
    const check = await checkJournal(disk, '/journal', { reset() {}, segment() {}, record() {} })
    expect(check.damage).toEqual([expect.objectContaining({ file })])
    expect(check.damage[0]!.from).toBeLessThanOrEqual(offset)
    expect(check.damage[0]!.to).toBeGreaterThan(offset)
    await again.close()
  })

  test.each([10, 70, 130])('in the header of a segment, at %i, loses no message', async (offset) => {
    for (let index = 0; index < 4; index++) {
      const disk = new SimulatedDisk()
      const store = await filledStore(disk, 60)
      await store.close()
      const name = (await segmentsOf(disk, 1)).at(index - 2)!
      disk.flipBit(`/journal/term-0000000001/${name}`, offset)
      const again = createJournalStore({ disk })
      await again.open(soleOwner(2))
      expect((await contentOf(again)).length).toBe(60)
      await again.close()
    }
  })

  test('in every summary loses nothing: the segments are read instead', async () => {
    const disk = new SimulatedDisk()
    await (await filledStore(disk, 60)).close()
    for (const name of await disk.list('/journal/term-0000000001'))
      if (name.endsWith('.summary')) disk.flipBit(`/journal/term-0000000001/${name}`, 40)
    const again = createJournalStore({ disk })
    await again.open(soleOwner(2))
    expect((await contentOf(again)).length).toBe(60)
    await again.close()
  })

  test('in the last batch of a journal that was closed is damage, not a torn tail, and takes nothing else along', async () => {
    const disk = new SimulatedDisk()
    const store = createJournalStore({ disk })
    await store.open(soleOwner(1))
    for (let sequence = 1; sequence <= 3; sequence++) store.add(message(`text-${sequence}-`), sequence)
    await durable(store)
    await store.close()
    const { path, offset } = await findText(disk, 1, 'text-2-')
    disk.flipBit(path, offset)
    const { logger, logged } = collectingLogger()
    const again = createJournalStore({ disk, logger })
    await again.open(soleOwner(2))
    expect(await contentOf(again)).toEqual(['1:text-1-', '3:text-3-'])
    expect(logged.map(({ message }) => message)).toContain('Skipped damaged bytes of the journal')
    await again.close()
  })

  test('in the only table of contents that is left loses no message', async () => {
    const disk = new SimulatedDisk()
    const store = await filledStore(disk, 60)
    for (let sequence = 1; sequence <= 59; sequence++) store.remove(queueHolder('orders'), sequence)
    await durable(store)
    await store.reclaimed()
    await store.close()
    for (const name of await segmentsOf(disk, 1)) disk.flipBit(`/journal/term-0000000001/${name}`, 130)
    const again = createJournalStore({ disk })
    await again.open(soleOwner(2))
    expect((await contentOf(again)).map((line) => line.slice(0, 8))).toEqual(['60:text-'])
    await again.close()
  })

  test('in the list of queues at the start of the newest segment takes no queue away', async () => {
    const disk = new SimulatedDisk()
    await (await filledStore(disk, 60)).close()
    const path = `/journal/term-0000000001/${(await segmentsOf(disk, 1)).sort().at(-1)!}`
    const file = await disk.open(path, 'read')
    disk.flipBit(path, (await file.read(0, await file.size())).indexOf('orders'))
    const again = createJournalStore({ disk })
    await again.open(soleOwner(2))
    expect((await contentOf(again)).length).toBe(60)
    await again.close()
  })

  test('a missing segment is reported; the rest stays readable', async () => {
    const disk = new SimulatedDisk()
    await (await filledStore(disk, 60)).close()
    const { path } = await findText(disk, 1, 'text-30-')
    await disk.remove(path)
    await disk.remove(path.replace('.segment', '.summary'))
    const { logger, logged } = collectingLogger()
    const again = createJournalStore({ disk, logger })
    await again.open(soleOwner(2))
    const count = (await contentOf(again)).length
    expect(count).toBeGreaterThan(30)
    expect(count).toBeLessThan(60)
    expect(logged.map(({ message }) => message)).toContain('A segment of the journal is missing')
    await again.close()
  })
})

describe('a failing disk', () => {
  test.each(['EIO', 'EROFS'])('(%s) ends the store: no callback, a reason, nothing tried again', async (code) => {
    const disk = new SimulatedDisk()
    const store = await filledStore(disk, 3)
    disk.fail = (kind) => (kind === 'writeDurably' ? code : undefined)
    let called = false
    store.add(message('lost'), 4)
    store.whenDurable(() => (called = true))
    const error = await store.failed
    expect(error).toMatchObject({ code: 'JOURNAL_FAILED', message: expect.stringContaining(code) })
    disk.fail = () => undefined
    const before = disk.operations
    store.add(message('also lost'), 5)
    store.whenDurable(() => (called = true))
    await turns(10)
    expect(called).toBe(false)
    expect(disk.operations).toBe(before)
    await store.close()
  })

  test('that has no room for a summary is no reason not to open', async () => {
    const disk = new SimulatedDisk()
    await (await filledStore(disk, 60)).close()
    for (const name of await disk.list('/journal/term-0000000001'))
      if (name.endsWith('.summary')) await disk.remove(`/journal/term-0000000001/${name}`)
    disk.fail = (operation, path) => (operation === 'create' && path.endsWith('.summary') ? 'ENOSPC' : undefined)
    const again = createJournalStore({ disk })
    await again.open(soleOwner(2))
    expect((await contentOf(again)).length).toBe(60)
    await again.close()
  })

  test('lost ownership ends the store before anything is acknowledged', async () => {
    const disk = new SimulatedDisk()
    let owner = true
    const store = createJournalStore({ disk })
    await store.open({
      term: 1,
      verify() {
        if (!owner) throw new Error('The lock is gone')
      },
    })
    owner = false
    let called = false
    store.add(message('a'), 1)
    store.whenDurable(() => (called = true))
    expect((await store.failed).message).toContain('The lock is gone')
    expect(called).toBe(false)
    await store.close()
  })
})

describe('terms', () => {
  test('a smaller term than the newest on disk is refused', async () => {
    const disk = new SimulatedDisk()
    const store = createJournalStore({ disk })
    await store.open(soleOwner(7))
    await store.close()
    expect(await newestTerm(disk, '/journal')).toBe(7)
    await expect(createJournalStore({ disk }).open(soleOwner(6))).rejects.toMatchObject({ code: 'JOURNAL_FENCED' })
  })

  test('what a replaced writer still writes is never read', async () => {
    const disk = new SimulatedDisk()
    const old = createJournalStore({ disk })
    await old.open(soleOwner(1))
    old.add(message('acknowledged'), 1)
    await durable(old)
    const next = createJournalStore({ disk })
    await next.open(soleOwner(2))
    // The old one does not know: its ownership check says yes here.
    for (let sequence = 2; sequence <= 5; sequence++) old.add(message(`stale-${sequence}`), sequence)
    await turns(20)
    next.add(message('new'), 2)
    await durable(next)
    await next.close()
    const last = createJournalStore({ disk })
    await last.open(soleOwner(3))
    expect(await contentOf(last)).toEqual(['1:acknowledged', '2:new'])
    await last.close()
  })

  test('a replaced writer that needs a new segment finds that it is dead', async () => {
    const disk = new SimulatedDisk()
    const old = createJournalStore({ disk })
    await old.open(soleOwner(1))
    const next = createJournalStore({ disk })
    await next.open(soleOwner(2))
    for (let sequence = 1; sequence <= 50; sequence++) old.add(message('x'.repeat(300)), sequence)
    expect(await old.failed).toMatchObject({ code: 'JOURNAL_FAILED' })
    await next.close()
  })
})

describe('space', () => {
  test('comes back as messages are consumed', async () => {
    const disk = new SimulatedDisk()
    const store = createJournalStore({ disk })
    await store.open(soleOwner(1))
    for (let sequence = 1; sequence <= 2000; sequence++) {
      store.add(message('x'.repeat(200)), sequence)
      store.remove(queueHolder('orders'), sequence - 10)
      if (sequence % 10 === 0) await durable(store)
    }
    await durable(store)
    await store.reclaimed()
    expect((await segmentsOf(disk, 1)).length).toBeLessThan(10)
    expect(store.statistics().bytesUsed).toBeLessThan(40_000)
    await store.close()
  })

  test('is not pinned by one old message here and there', async () => {
    const disk = new SimulatedDisk()
    const store = createJournalStore({ disk })
    await store.open(soleOwner(1))
    const kept: number[] = []
    for (let sequence = 1; sequence <= 1000; sequence++) {
      store.add(message(`${sequence}-`.padEnd(200, 'x')), sequence)
      await durable(store)
      if (sequence % 50 === 0) kept.push(sequence)
      else store.remove(queueHolder('orders'), sequence)
    }
    await durable(store)
    await store.reclaimed()
    expect((await segmentsOf(disk, 1)).length).toBeLessThan(12)
    expect((await contentOf(store)).map((line) => Number.parseInt(line, 10))).toEqual(kept)
    await store.close()
    const again = createJournalStore({ disk })
    await again.open(soleOwner(2))
    expect((await contentOf(again)).map((line) => Number.parseInt(line, 10))).toEqual(kept)
    await again.close()
  })
})

describe('a standby', () => {
  test('follows, so that only the tail is left to be read', async () => {
    const disk = new SimulatedDisk()
    const clock = new ManualClock()
    const random = seededRandom(1)
    const base = {
      disk,
      directory: '/journal',
      random,
      logger: silentLogger,
      maxFileLength: 4096,
    }
    const standby = new JournalStore({ ...base, clock })
    standby.follow()
    const active = await filledStore(disk, 40)
    for (let poll = 0; poll < 3; poll++) {
      clock.advance(100)
      await turns(100)
    }
    const reads: string[] = []
    const { open } = disk
    disk.open = (path, mode) => {
      reads.push(path)
      return open.call(disk, path, mode)
    }
    expect((await standby.open(soleOwner(2))).queues).toEqual([expect.objectContaining({ messageCount: 40 })])
    // Tail for its header, its content and what is left of it; then the new segment.
    expect(new Set(reads).size).toBe(2)
    expect((await contentOf(standby)).length).toBe(40)
    await standby.close()
    await active.close()
  })
})
