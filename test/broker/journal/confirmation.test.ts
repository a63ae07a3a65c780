// Written, confirmed, completed: a batch that waits for its confirmation holds up those behind it, but not the writes of those that are worth it.
import { expect, test } from '@jest/globals'
import { journalLimits } from '../../../broker/journal/limits.ts'
import { soleOwner } from '../../support/sole-owner.ts'
import { turns } from '../../support/turns.ts'
import { HeldConfirmations, JournalHarness, type HarnessOptions } from './journal-harness.ts'

async function opened(options: HarnessOptions = {}): Promise<{ harness: JournalHarness; held: HeldConfirmations }> {
  const held = new HeldConfirmations()
  const harness = await JournalHarness.open({ confirmation: held, ...options })
  held.held = true
  return { harness, held }
}

/** One batch for each text, larger than all before together. */
async function writeAll(harness: JournalHarness, texts: readonly string[]): Promise<void> {
  for (const [index, text] of texts.entries()) {
    harness.write(text, Buffer.alloc(128 * 2 ** index))
    await turns(2)
  }
}

function close(harness: JournalHarness, held: HeldConfirmations): Promise<void> {
  held.held = false
  return harness.journal.close()
}

const completions = (harness: JournalHarness): string[] => harness.taken().filter((event) => event !== 'written')

test('the next batches are written while one waits, and are told of in the order of their writing', async () => {
  const { harness, held } = await opened()
  await writeAll(harness, ['a', 'b', 'c'])
  expect(harness.taken()).toEqual(['written', 'written', 'written'])
  const [a, b, c] = held.asked
  c!.confirm()
  b!.confirm()
  await turns(1)
  expect(harness.taken()).toEqual([])
  a!.confirm()
  await turns(1)
  expect(harness.taken()).toEqual(['durable 1', 'a', 'durable 2', 'b', 'durable 3', 'c'])
  await close(harness, held)
})

test('it is asked for after the sync, with the place up to which it counts', async () => {
  const asked: string[] = []
  const { harness, held } = await opened()
  held.held = false
  held.onAsked = (segment, end, { term }) => {
    harness.events.push('asked')
    asked.push(`segment ${segment}, term ${term}, ${end > position ? 'behind' : 'before'} the record`)
  }
  const { position } = harness.append('a')
  harness.journal.whenDurable(() => void harness.events.push('a'))
  await turns(2)
  expect(harness.taken()).toEqual(['written', 'asked', 'durable 1', 'a'])
  expect(asked).toEqual(['segment 1, term 1, behind the record'])
  await close(harness, held)
})

test('one that is given at once costs no turn: the callbacks run within the same call', async () => {
  const { harness, held } = await opened()
  held.held = false
  held.onAsked = () => queueMicrotask(() => void harness.events.push('microtask'))
  harness.write('a')
  await turns(2)
  expect(harness.taken()).toEqual(['written', 'durable 1', 'a', 'microtask'])
  await close(harness, held)
})

test('one that is given at once waits for those before it', async () => {
  const { harness, held } = await opened()
  await writeAll(harness, ['a'])
  held.held = false
  await writeAll(harness, ['b'])
  expect(completions(harness)).toEqual([])
  held.asked[0]!.confirm()
  await turns(1)
  expect(completions(harness)).toEqual(['durable 1', 'a', 'durable 2', 'b'])
  await close(harness, held)
})

test('who asks while nothing is queued waits for what is not confirmed', async () => {
  const { harness, held } = await opened()
  await writeAll(harness, ['a', 'b'])
  harness.journal.whenDurable(() => void harness.events.push('behind b'))
  await turns(2)
  expect(completions(harness)).toEqual([])
  held.asked[0]!.confirm()
  await turns(1)
  expect(completions(harness)).toEqual(['durable 1', 'a'])
  held.asked[1]!.confirm()
  await turns(1)
  expect(completions(harness)).toEqual(['durable 2', 'b', 'behind b'])
  await close(harness, held)
})

test('what is not confirmed is not durable for readers', async () => {
  const { harness, held } = await opened()
  const { segment, position } = harness.append('a')
  harness.journal.requestWrite()
  await turns(2)
  expect(held.asked).toHaveLength(1)
  expect(harness.journal.isDurable(segment, position)).toBe(false)
  held.asked[0]!.confirm()
  await turns(1)
  expect(harness.journal.isDurable(segment, position)).toBe(true)
  await close(harness, held)
})

test('after one that is refused nothing is completed, not even what was confirmed', async () => {
  const { harness, held } = await opened()
  await writeAll(harness, ['a', 'b', 'c'])
  const [a, b, c] = held.asked
  c!.confirm()
  b!.reject(new Error('Another member took over'))
  await turns(1)
  a!.confirm()
  harness.write('d')
  await turns(2)
  expect((await harness.journal.failed).message).toContain('Another member took over')
  expect(completions(harness)).toEqual([])
  await harness.journal.close()
})

test('one that is refused while the next batch is being written ends that, too', async () => {
  const { harness, held } = await opened()
  await writeAll(harness, ['a'])
  harness.disk.freeze()
  harness.write('b')
  await turns(2)
  held.asked[0]!.reject(new Error('The lock is gone'))
  await turns(1)
  const closed = harness.journal.close()
  harness.disk.thaw()
  await closed
  expect((await harness.journal.failed).message).toContain('The lock is gone')
  expect(held.asked).toHaveLength(1)
  expect(completions(harness)).toEqual([])
})

test('a callback that throws fails the journal, also behind a confirmation', async () => {
  const { harness, held } = await opened()
  harness.append('a')
  harness.journal.whenDurable(() => {
    throw new Error('A bug')
  })
  harness.write('b')
  await turns(2)
  held.asked[0]!.confirm()
  expect((await harness.journal.failed).message).toContain('A bug')
  await harness.journal.close()
})

test('what is less than what waits gathers in the next write, until it is as much or a confirmation has come', async () => {
  const { harness, held } = await opened({ maxFileLength: 1024 * 1024 })
  harness.write('long', Buffer.alloc(4096))
  await turns(2)
  harness.write('short')
  await turns(2)
  expect(held.asked).toHaveLength(1)
  harness.write('as long', Buffer.alloc(4096))
  await turns(3)
  expect(held.asked).toHaveLength(2)
  harness.write('short again')
  await turns(2)
  expect(held.asked).toHaveLength(2)
  for (const { confirm } of held.asked) confirm()
  await turns(3)
  expect(held.asked).toHaveLength(3)
  held.asked[2]!.confirm()
  await turns(1)
  const texts = completions(harness).filter((event) => !event.startsWith('durable'))
  expect(texts).toEqual(['long', 'short', 'as long', 'short again'])
  await close(harness, held)
})

test('what the user keeps back is asked for when the write begins that was held back, and not before', async () => {
  const asked: string[] = []
  const { harness, held } = await opened({ onWriting: () => void asked.push('asked') })
  harness.write('long', Buffer.alloc(2048))
  await turns(2)
  asked.length = 0
  harness.write('short')
  await turns(2)
  expect(asked).toEqual([])
  held.asked[0]!.confirm()
  await turns(3)
  expect(asked).toEqual(['asked'])
  held.asked[1]!.confirm()
  await close(harness, held)
})

test('a write that is held back when the confirmation is refused lets go of the writer', async () => {
  const { harness, held } = await opened()
  harness.write('long', Buffer.alloc(2048))
  await turns(2)
  harness.write('short')
  await turns(2)
  held.asked[0]!.reject(new Error('The quorum is gone'))
  expect((await harness.journal.failed).message).toContain('The quorum is gone')
  await harness.journal.close()
  expect(completions(harness)).toEqual([])
})

test('a segment is sealed when its last batch is completed, not when it is written', async () => {
  const { harness, held } = await opened()
  harness.write('a', Buffer.alloc(3000))
  harness.write('b', Buffer.alloc(3000))
  await turns(3)
  expect(held.asked.map(({ segment }) => segment)).toEqual([1, 2])
  expect(harness.sealed).toEqual([])
  expect(harness.journal.closedLength(1)).toBeUndefined()
  held.asked[0]!.confirm()
  await turns(1)
  expect(harness.sealed).toEqual([1])
  expect(harness.journal.closedLength(1)).toBe(held.asked[0]!.end)
  held.asked[1]!.confirm()
  await close(harness, held)
})

test('closing waits for confirmations', async () => {
  const { harness, held } = await opened()
  await writeAll(harness, ['a'])
  let closed = false
  const closing = harness.journal.close().then(() => (closed = true))
  await turns(3)
  expect(closed).toBe(false)
  held.asked[0]!.confirm()
  await turns(3)
  // The last batch, which says that all before it is whole.
  held.asked[1]!.confirm()
  await closing
  expect(completions(harness)).toEqual(['durable 1', 'a', 'durable 1'])
})

test('closing waits for confirmations on a full disk as well, and for nothing else', async () => {
  const { harness, held } = await opened()
  await writeAll(harness, ['a'])
  harness.disk.capacity = 0
  harness.write('more than is set aside', Buffer.alloc(4096))
  await turns(2)
  let closed = false
  const closing = harness.journal.close().then(() => (closed = true))
  await turns(3)
  expect(closed).toBe(false)
  held.asked[0]!.confirm()
  await turns(2)
  expect(completions(harness)).toEqual(['durable 1', 'a'])
  harness.clock.advance(journalLimits.spaceRetryMs)
  await closing
})

test('a callback that needs nothing durable is not overtaken by a slow proof, and not told after a failed one', async () => {
  const proofs: (() => void | Promise<void>)[] = [() => {}]
  const owner = { ...soleOwner(1), verify: () => proofs[0]!() }
  const { harness, held } = await opened({ owner })
  await writeAll(harness, ['a'])
  proofs[0] = () => new Promise(() => {})
  harness.journal.whenProven(() => void harness.events.push('proven'))
  await turns(1)
  expect(completions(harness)).toEqual(['proven'])
  proofs[0] = () => {
    throw new Error('Replaced')
  }
  harness.journal.whenProven(() => void harness.events.push('not proven'))
  expect((await harness.journal.failed).message).toContain('Replaced')
  held.asked[0]!.confirm()
  await turns(1)
  expect(completions(harness)).toEqual([])
  await harness.journal.close()
})
