import { beforeEach, expect, test } from '@jest/globals'
import { ManualClock } from '../../../broker/base/manual-clock.ts'
import type { Database, SqlResult, SqlSession, SqlStatement } from '../../../broker/sql/database.ts'
import { sqlLimits } from '../../../broker/sql/limits.ts'
import { ProbedDatabase } from '../../../broker/sql/probed-session.ts'
import { SqlError } from '../../../broker/sql/sql-error.ts'

const { lateAnswerMs, answerUnderWayMs } = sqlLimits
const result = (...rows: unknown[][]): SqlResult => ({ rows, changed: 0 })

/** Says which number it has; answers the rest when the test says so. */
class FakeSession implements SqlSession {
  readonly kind = 'postgresql'
  readonly ended = Promise.withResolvers<SqlError>()
  readonly waiting: PromiseWithResolvers<readonly SqlResult[]>[] = []
  closed = false

  get lost(): Promise<SqlError> {
    return this.ended.promise
  }

  async run({ text }: SqlStatement): Promise<readonly SqlResult[]> {
    if (text === 'SELECT pg_backend_pid()') return [result([4711])]
    if (text.includes('pg_stat_activity WHERE pid = 4711')) return [asked()]
    const answer = Promise.withResolvers<readonly SqlResult[]>()
    this.waiting.push(answer)
    return answer.promise
  }

  async close(): Promise<void> {
    this.closed = true
    for (const { reject } of this.waiting.splice(0)) reject(new SqlError('Unreachable', 'it is closed'))
  }
}

let clock: ManualClock
let real: FakeSession
let purposes: string[]
let session: SqlSession
/** What the server says of the session, and how often it was asked. */
let asked: () => SqlResult
let questions: number

beforeEach(async () => {
  clock = new ManualClock()
  purposes = []
  questions = 0
  const database: Database = {
    kind: 'postgresql',
    place: 'db',
    async connect({ applicationName }) {
      purposes.push(applicationName)
      const made = new FakeSession()
      if (applicationName === 'writer') real = made
      return made
    },
  }
  session = await new ProbedDatabase(database, clock).connect({ applicationName: 'writer', answerTimeoutMs: 60_000 })
})

const serverWorks = (...answers: boolean[]): void => {
  asked = () => (answers[Math.min(questions++, answers.length - 1)] ? result([1]) : result())
}

const isLost = async (): Promise<boolean> => (await Promise.race([session.lost, settled()])) !== undefined

/** All that follows of what has been answered. */
async function settled(): Promise<undefined> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve()
}

async function pass(ms: number): Promise<void> {
  clock.advance(ms)
  await settled()
}

test('an answer in time asks nobody', async () => {
  const running = session.run({ text: 'one' })
  await pass(lateAnswerMs - 1)
  real.waiting[0]!.resolve([result([1])])
  expect(await running).toEqual([result([1])])
  await pass(10 * lateAnswerMs)
  expect(purposes).toEqual(['writer'])
})

test('a server that works on it is waited for, and asked again', async () => {
  serverWorks(true)
  const running = session.run({ text: 'one' })
  for (let times = 0; times < 3; times++) await pass(lateAnswerMs)
  expect(purposes).toEqual(['writer', 'writer/probe', 'writer/probe', 'writer/probe'])
  expect(await isLost()).toBe(false)
  real.waiting[0]!.resolve([])
  expect(await running).toEqual([])
})

test('a server that waits for us: the session is lost', async () => {
  serverWorks(false)
  const running = session.run({ text: 'one' }).catch((error: unknown) => error)
  await pass(lateAnswerMs)
  expect(await isLost()).toBe(false)
  await pass(answerUnderWayMs)
  expect(await session.lost).toMatchObject({ kind: 'Unreachable', message: expect.stringContaining('waits for us') })
  expect(await running).toMatchObject({ kind: 'Unreachable' })
  expect(real.closed).toBe(true)
})

test('an answer that was under way counts, also when the next one is awaited already', async () => {
  serverWorks(false)
  const first = session.run({ text: 'one' })
  void session.run({ text: 'two' }).catch(() => {})
  await pass(lateAnswerMs)
  real.waiting[0]!.resolve([])
  await first
  await pass(answerUnderWayMs)
  expect(await isLost()).toBe(false)
})

test('a server that cannot be asked is asked later', async () => {
  asked = () => {
    questions++
    throw new SqlError('Unreachable', 'gone')
  }
  void session.run({ text: 'one' }).catch(() => {})
  await pass(lateAnswerMs)
  await pass(lateAnswerMs)
  expect(questions).toBe(2)
  expect(await isLost()).toBe(false)
})

test('what the session itself says of its end is passed on', async () => {
  const error = new SqlError('Unreachable', 'reset')
  real.ended.resolve(error)
  expect(await session.lost).toBe(error)
})
