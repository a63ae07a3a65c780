import { beforeEach, describe, expect, test } from '@jest/globals'
import { ManualClock } from '../../../broker/base/manual-clock.ts'
import type { SqlResult, SqlStatement } from '../../../broker/sql/database.ts'
import { sqlLimits } from '../../../broker/sql/limits.ts'
import { QueuedSession, type DriverConnection } from '../../../broker/sql/queued-session.ts'
import { SqlError } from '../../../broker/sql/sql-error.ts'

/** Answers when the test says so. */
class FakeConnection implements DriverConnection {
  readonly kind = 'postgresql'
  readonly host = 'db:5432'
  readonly running: { text: string; answer: (result: SqlResult | SqlError) => void }[] = []
  readonly ended = Promise.withResolvers<void>()
  ends = 0
  destroyed = 0
  onLost = (_error: SqlError): void => {}

  execute({ text }: SqlStatement): Promise<readonly SqlResult[]> {
    const { promise, resolve, reject } = Promise.withResolvers<readonly SqlResult[]>()
    const answer = (result: SqlResult | SqlError): void =>
      result instanceof SqlError ? reject(result) : resolve([result])
    this.running.push({ text, answer })
    return promise
  }

  end(): Promise<void> {
    this.ends++
    return this.ended.promise
  }

  destroy(): void {
    this.destroyed++
  }
}

let connection: FakeConnection
let clock: ManualClock
let session: QueuedSession

beforeEach(() => {
  connection = new FakeConnection()
  clock = new ManualClock()
  session = new QueuedSession(connection, clock, { answerTimeoutMs: 1000 })
})

const result: SqlResult = { rows: [], changed: 1 }
const texts = () => connection.running.map(({ text }) => text)

async function isLost(): Promise<boolean> {
  return (await Promise.race([session.lost, Promise.resolve(null)])) !== null
}

describe('statements', () => {
  test('go one at a time, in the order of their calls', async () => {
    const first = session.run({ text: 'one' })
    const second = session.run({ text: 'two' })
    expect(texts()).toEqual(['one'])
    connection.running[0]!.answer(result)
    expect(await first).toEqual([result])
    expect(texts()).toEqual(['one', 'two'])
    connection.running[1]!.answer(result)
    expect(await second).toEqual([result])
    expect(clock.pendingTimers).toBe(0)
  })

  test('that fail leave the session as it is', async () => {
    const first = session.run({ text: 'one' })
    connection.running[0]!.answer(new SqlError('Conflict', 'deadlock'))
    await expect(first).rejects.toMatchObject({ kind: 'Conflict' })
    const second = session.run({ text: 'two' })
    connection.running[1]!.answer(result)
    expect(await second).toEqual([result])
    expect(await isLost()).toBe(false)
  })
})

describe('a session is lost', () => {
  test('by an answer that does not come', async () => {
    const runs = [session.run({ text: 'one' }), session.run({ text: 'two' })]
    clock.advance(999)
    expect(await isLost()).toBe(false)
    clock.advance(1)
    const error = {
      kind: 'Unreachable',
      message: 'Cannot go on with the database at db:5432: no answer for 1000 ms',
    }
    for (const run of runs) await expect(run).rejects.toMatchObject(error)
    expect(await session.lost).toMatchObject(error)
    expect(connection.destroyed).toBe(1)
    expect(texts()).toEqual(['one'])
  })

  test('each statement has the whole time, whatever came before it', async () => {
    const first = session.run({ text: 'one' })
    const second = session.run({ text: 'two' })
    clock.advance(900)
    connection.running[0]!.answer(result)
    await first
    clock.advance(900)
    connection.running[1]!.answer(result)
    expect(await second).toEqual([result])
  })

  test('by an error that says so', async () => {
    const runs = [session.run({ text: 'one' }), session.run({ text: 'two' })]
    connection.running[0]!.answer(new SqlError('Unreachable', 'shutting down'))
    for (const run of runs) await expect(run).rejects.toThrow('shutting down')
    expect((await session.lost).message).toBe('shutting down')
    await expect(session.run({ text: 'three' })).rejects.toThrow('shutting down')
    expect(connection.destroyed).toBe(1)
  })

  test('by the connection, also while nothing is asked of it', async () => {
    connection.onLost(new SqlError('Unreachable', 'reset by peer'))
    expect((await session.lost).message).toBe('reset by peer')
    await expect(session.run({ text: 'one' })).rejects.toThrow('reset by peer')
  })

  test('once, for the first reason', async () => {
    connection.onLost(new SqlError('Unreachable', 'first'))
    connection.onLost(new SqlError('Unreachable', 'second'))
    expect((await session.lost).message).toBe('first')
    expect(connection.destroyed).toBe(1)
    await session.close()
    expect(connection.ends).toBe(0)
  })
})

describe('a session is closed', () => {
  test('by taking leave, and is not lost then', async () => {
    const closed = session.close()
    expect(connection.ends).toBe(1)
    connection.ended.resolve()
    await closed
    connection.onLost(new SqlError('Unreachable', 'too late'))
    expect(await isLost()).toBe(false)
    await expect(session.run({ text: 'one' })).rejects.toThrow(
      'Cannot use the session with the database at db:5432: it is closed',
    )
  })

  test('at once where something runs, which is given up', async () => {
    const run = session.run({ text: 'one' })
    const closed = session.close()
    await expect(run).rejects.toMatchObject({ kind: 'Unreachable' })
    await closed
    expect(connection).toMatchObject({ ends: 0, destroyed: 1 })
    expect(await isLost()).toBe(false)
  })

  test('also where nobody answers the leave, and then sooner than an answer would be waited for', async () => {
    session = new QueuedSession(connection, clock, { answerTimeoutMs: 60_000 })
    const closed = session.close()
    clock.advance(sqlLimits.leaveMs)
    await closed
    expect(connection.destroyed).toBe(1)
  })

  test('once', async () => {
    connection.ended.resolve()
    await Promise.all([session.close(), session.close()])
    expect(connection.ends).toBe(1)
  })
})
