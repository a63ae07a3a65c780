import { beforeEach, expect, test } from '@jest/globals'
import { ManualClock } from '../../../../broker/base/manual-clock.ts'
import type { SqlSession } from '../../../../broker/sql/database.ts'
import { SqlError } from '../../../../broker/sql/sql-error.ts'
import { sqlStoreLimits } from '../../../../broker/store/sql/limits.ts'
import { ReadySession } from '../../../../broker/store/sql/ready-session.ts'

const { keptMs, keptRetryMs, keptAnswerMs } = sqlStoreLimits
const away = new SqlError('Unreachable', 'connection refused')

interface FakeSession extends SqlSession {
  readonly number: number
  isOpen: boolean
  isSilent: boolean
  lose(): void
}

let clock: ManualClock
/** All that were made. */
let made: FakeSession[]
/** How often one was asked for. */
let attempts: number
let trouble: SqlError | undefined
/** Set: connections wait for it. */
let held: Promise<void> | undefined
let ready: ReadySession
beforeEach(() => {
  clock = new ManualClock()
  made = []
  attempts = 0
  trouble = held = undefined
  ready = new ReadySession(clock, connect)
})

async function connect(): Promise<SqlSession> {
  attempts++
  await held
  if (trouble) throw trouble
  const lost = Promise.withResolvers<SqlError>()
  const session: FakeSession = {
    number: made.length + 1,
    kind: 'postgresql',
    isOpen: true,
    isSilent: false,
    lost: lost.promise,
    run: () => (session.isSilent ? new Promise(() => {}) : Promise.resolve([])),
    lose() {
      session.isOpen = false
      lost.resolve(away)
    },
    close: async () => {
      session.isOpen = false
    },
  }
  made.push(session)
  return session
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

async function pass(durationMs: number): Promise<void> {
  clock.advance(durationMs)
  await turn()
}

const open = (): number[] => made.filter(({ isOpen }) => isOpen).map(({ number }) => number)

/** Takes it and tells which one it is. */
const take = async (): Promise<number> => ((await ready.take()) as FakeSession).number

test('what is ready is what is taken, and stays as it is from then on', async () => {
  ready.follow()
  await turn()
  expect(open()).toEqual([1])
  expect(await take()).toBe(1)
  await pass(2 * keptMs)
  expect([attempts, open(), clock.pendingTimers]).toEqual([1, [1], 0])
  await ready.close()
  expect(open()).toEqual([])
})

test('without anything ready one is made, with the reason when it cannot be', async () => {
  trouble = away
  await expect(ready.take()).rejects.toBe(away)
  trouble = undefined
  expect(await take()).toBe(1)
})

test('one that is just being made is waited for', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  held = promise
  ready.follow()
  const taken = take()
  resolve()
  expect([await taken, attempts]).toEqual([1, 1])
})

test('it is made anew when it is old, and only then the old one goes', async () => {
  ready.follow()
  await turn()
  const { promise, resolve } = Promise.withResolvers<void>()
  held = promise
  await pass(keptMs)
  expect([attempts, open()]).toEqual([2, [1]])
  resolve()
  await turn()
  expect(open()).toEqual([2])
  expect(await take()).toBe(2)
})

test('the old one is taken while a new one is made, which then is not needed', async () => {
  ready.follow()
  await turn()
  const { promise, resolve } = Promise.withResolvers<void>()
  held = promise
  await pass(keptMs)
  expect(await take()).toBe(1)
  resolve()
  await turn()
  expect([attempts, open()]).toEqual([2, [1]])
})

test('the old one stays when no new one can be had', async () => {
  ready.follow()
  await turn()
  trouble = away
  await pass(keptMs)
  expect([attempts, open()]).toEqual([2, [1]])
  expect(await take()).toBe(1)
})

test('one that is lost is replaced after a moment, however often', async () => {
  ready.follow()
  await turn()
  for (let number = 1; number <= 5; number++) {
    made.at(-1)!.lose()
    await turn()
    expect(attempts).toBe(number)
    await pass(keptRetryMs)
    expect([attempts, open()]).toEqual([number + 1, [number + 1]])
  }
})

test('a database that is away is asked now and then, and no sooner', async () => {
  trouble = away
  ready.follow()
  await turn()
  for (let attempt = 2; attempt <= 5; attempt++) {
    await pass(keptRetryMs - 1)
    expect(attempts).toBe(attempt - 1)
    await pass(1)
    expect(attempts).toBe(attempt)
  }
  trouble = undefined
  expect(await take()).toBe(1)
})

test('one that does not answer any more is not taken', async () => {
  ready.follow()
  await turn()
  made[0]!.isSilent = true
  const taken = take()
  await turn()
  clock.advance(keptAnswerMs)
  expect([await taken, open()]).toEqual([2, [2]])
})

test('what is closed leaves nothing behind, also when it was just being made', async () => {
  ready.follow()
  await turn()
  await ready.close()
  expect([open(), clock.pendingTimers]).toEqual([[], 0])
  const { promise, resolve } = Promise.withResolvers<void>()
  held = promise
  ready = new ReadySession(clock, connect)
  ready.follow()
  await ready.close()
  resolve()
  await turn()
  expect([attempts, open(), clock.pendingTimers]).toEqual([2, [], 0])
})

test('says whether one is there, and else why not', async () => {
  await ready.ready()
  trouble = away
  ready.follow()
  await expect(ready.ready()).rejects.toBe(away)
  trouble = undefined
  await pass(keptRetryMs)
  await ready.ready()
  made.at(-1)!.lose()
  await turn()
  await expect(ready.ready()).rejects.toBe(away)
  await ready.close()
  await ready.ready()
})
