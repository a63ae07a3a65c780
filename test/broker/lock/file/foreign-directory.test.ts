// A data directory belongs to the broker that its note names: nobody else's members wait for its lock.
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { existsSync, mkdtempSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../../../broker/base/clock.ts'
import { silentLogger } from '../../../../broker/base/logger.ts'
import { FileLock } from '../../../../broker/lock/file/file-lock.ts'
import type { LockHandle, LockHolder } from '../../../../broker/lock/lock.ts'

const never = new AbortController().signal

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'file-lock-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

const lockOf = (brokerName: string): FileLock =>
  new FileLock({
    directory,
    brokerName,
    member: `${brokerName}-0`,
    clock: systemClock,
    logger: silentLogger,
    acquireIntervalMs: 1,
  })

const note = (): LockHolder => JSON.parse(readFileSync(join(directory, 'lock.json'), 'utf8')) as LockHolder
const writeNote = (text: string): void => writeFileSync(join(directory, 'lock.json'), text)

test('the sentence names directory, both brokers and the way out, and nothing was touched', async () => {
  writeNote('{"brokerName": "orders", "member": "orders-0", "term": 3}')
  const sentence = `Cannot use data directory ${directory}: it belongs to broker orders, and this one is invoices; if orders is gone for good and its messages are to be taken over, remove ${directory}/lock.json`
  const lock = lockOf('invoices')
  await expect(lock.acquire(never)).rejects.toMatchObject({ code: 'STORAGE_REFUSED', message: sentence })
  expect((await lock.refusal())?.message).toBe(sentence)
  expect(existsSync(join(directory, 'lock.sqlite'))).toBe(false)
})

test('without the note it is had, in a term that is larger all the same', async () => {
  const former = await lockOf('orders').acquire(never)
  await former.release()
  unlinkSync(join(directory, 'lock.json'))
  const handle = await lockOf('invoices').acquire(never)
  expect(handle.term).toBe(former.term + 1)
  expect(note()).toEqual({ brokerName: 'invoices', member: 'invoices-0', term: handle.term })
  await handle.release()
})

test.each(['{"member": "a", "term": 8}', '{"member": "a", "te'])(
  'a note without a name refuses nobody, and gets one: %s',
  async (text) => {
    writeNote(text)
    expect(await lockOf('orders').refusal()).toBeUndefined()
    const handle = await lockOf('orders').acquire(never)
    expect(note()).toMatchObject({ brokerName: 'orders', term: handle.term })
    expect((await lockOf('invoices').refusal())?.code).toBe('STORAGE_REFUSED')
    await handle.release()
  },
)

test('one who waits is refused when the lock goes to another broker', async () => {
  const old = await lockOf('orders').acquire(never)
  writeNote(`{"member": "old", "term": ${old.term}}`)
  const waiting = lockOf('invoices').acquire(never)
  waiting.catch(() => {})
  await old.release()
  const next = await Promise.allSettled([lockOf('orders').acquire(never), waiting])
  expect(next.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  for (const outcome of next) if (outcome.status === 'fulfilled') await outcome.value.release()
})

test('of several brokers that find it without a name exactly one has it', async () => {
  for (let round = 0; round < 20; round++) {
    for (const name of ['lock.sqlite', 'lock.json']) rmSync(join(directory, name), { force: true })
    const outcomes = await Promise.allSettled(['a', 'b', 'c'].map((name) => lockOf(name).acquire(never)))
    const handles = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
    const reasons = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []))
    expect(reasons).toMatchObject([{ code: 'STORAGE_REFUSED' }, { code: 'STORAGE_REFUSED' }])
    expect(note().term).toBe(handles[0]?.term)
    await Promise.all(handles.map((handle: LockHandle) => handle.release()))
  }
})
