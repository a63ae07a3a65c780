// A database that has the two rows of a lease and nothing else, and can be away, silent, or of another time: for what a real one does not do
// when it is told to. What its statements mean is tested against real ones.
import type { ManualClock } from '../../broker/base/manual-clock.ts'
import type { Database, SqlResult, SqlRow, SqlSession, SqlStatement } from '../../broker/sql/database.ts'
import { SqlError } from '../../broker/sql/sql-error.ts'

type Values = readonly unknown[]

export class PlayedLockDatabase implements Database {
  readonly kind = 'postgresql'
  readonly place = 'db:5432/orders'
  lease: { holder: string | null; endMs: number | null } = { holder: null, endMs: null }
  state: { term: number; owner: string | null; member: string | null; watchUrl: string | null } = {
    term: 0,
    owner: null,
    member: null,
    watchUrl: null,
  }
  /** Why nothing is answered but that; undefined: it is answered. */
  trouble: SqlError | undefined
  isSilent = false
  /** Such a statement is carried out the next time, and its answer is lost. */
  losesAnswer: RegExp | undefined
  /** Of its clock, against that of the members. */
  aheadMs = 0
  openSessions = 0
  readonly #clock: Pick<ManualClock, 'nowMs'>

  constructor(clock: Pick<ManualClock, 'nowMs'>) {
    this.#clock = clock
  }

  async connect(): Promise<SqlSession> {
    if (this.trouble) throw this.trouble
    this.openSessions++
    const closed = Promise.withResolvers<never>()
    closed.promise.catch(() => {})
    let isOpen = true
    return {
      kind: this.kind,
      lost: new Promise(() => {}),
      run: async (statement) => {
        if (!isOpen) throw new SqlError('Unreachable', 'the session is closed')
        if (this.isSilent) return closed.promise
        if (this.trouble) throw this.trouble
        const answer = this.#answer(statement)
        if (!this.losesAnswer?.test(statement.text)) return [answer]
        this.losesAnswer = undefined
        throw new SqlError('Unreachable', 'the connection was cut')
      },
      close: async () => {
        if (isOpen) this.openSessions--
        isOpen = false
        closed.reject(new SqlError('Unreachable', 'the session is closed'))
      },
    }
  }

  get #nowMs(): number {
    return this.#clock.nowMs() + this.aheadMs
  }

  #answer({ text, values = [] }: SqlStatement): SqlResult {
    if (text.startsWith('SELECT l.BROKER_NAME')) {
      const { holder, endMs } = this.lease
      const { term, owner, member, watchUrl } = this.state
      return rowsOf([holder, endMs, this.#nowMs, term, owner, member, watchUrl])
    }
    if (text.includes('FLOTILLA_STATE SET')) return this.#raiseTerm(values)
    if (text.includes('ACTIVEMQ_LOCK SET')) return { rows: [], changed: this.#changeLease(text, values) ? 1 : 0 }
    return rowsOf([1])
  }

  #raiseTerm([brokerName, member, watchUrl, , leaseHolder]: Values): SqlResult {
    const { owner, term } = this.state
    if (!(owner === null || owner === brokerName) || this.lease.holder !== leaseHolder) return { rows: [], changed: 0 }
    this.state = {
      term: term + 1,
      owner: String(brokerName),
      member: String(member),
      watchUrl: typeof watchUrl === 'string' ? watchUrl : null,
    }
    return { rows: [[term + 1]], changed: 1 }
  }

  #changeLease(text: string, values: Values): boolean {
    const { holder, endMs } = this.lease
    const isObtained = text.includes('TIME IS NULL')
    const isFreed = text.includes('TIME = 0')
    const isMine = isObtained ? endMs === null || endMs < this.#nowMs : holder === values[isFreed ? 0 : 2]
    if (!isMine) return false
    this.lease = isFreed
      ? { holder: null, endMs: 0 }
      : { holder: String(values[0]), endMs: this.#nowMs + Number(values[1]) }
    return true
  }
}

const rowsOf = (row: SqlRow): SqlResult => ({ rows: [row], changed: 0 })
