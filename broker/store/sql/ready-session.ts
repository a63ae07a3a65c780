// A session that is there when the store opens: a connection takes several round trips, more with TLS, and clients wait for them once a standby
// has the lock.
//
// Until it is taken it is asked for nothing. It is made anew from time to time, so that new credentials hold and no firewall forgets it, and
// when it is lost. Nothing is logged of troubles: whoever waits for `ready` does that.
import type { Clock } from '../../base/clock.ts'
import type { SqlSession } from '../../sql/database.ts'
import { sqlStoreLimits } from './limits.ts'

export class ReadySession {
  readonly #clock: Clock
  readonly #connect: () => Promise<SqlSession>
  /** Ready, or taken. */
  #session: SqlSession | undefined
  /** When there is none that is ready. */
  #connecting: Promise<void> | undefined
  /** Why there is none, when the last try has failed. */
  #trouble: unknown
  #isKeeping = false
  #isClosed = false
  #wake: () => void = () => {}

  constructor(clock: Clock, connect: () => Promise<SqlSession>) {
    this.#clock = clock
    this.#connect = connect
  }

  /** Has one ready, from now on until `take` or `close`. */
  follow(): void {
    this.#isKeeping = true
    void this.#keep()
  }

  /** Resolves when one is there, or nobody wants one to be; rejects with SqlError when there is none now. */
  async ready(): Promise<void> {
    if (!this.#session) await this.#connecting
    if (this.#isKeeping && !this.#session) throw this.#trouble
  }

  /** The one that is ready, if it is alive, or a new one. Rejects with SqlError. */
  async take(): Promise<SqlSession> {
    this.#endKeeping()
    await this.#connecting
    const ready = this.#session
    if (ready && (await this.#answers(ready))) return ready
    void ready?.close()
    const session = await this.#connect()
    this.#session = session
    if (this.#isClosed) await session.close()
    return session
  }

  /** Also of the one that was taken. One that is being made is closed when it is there. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#endKeeping()
    await this.#session?.close()
  }

  async #keep(): Promise<void> {
    const { keptMs, keptRetryMs } = sqlStoreLimits
    while (this.#isKeeping) {
      const renewing = this.#renew()
      if (!this.#session) this.#connecting = renewing
      await renewing
      const kept = this.#session
      if (kept && (await this.#lasts(kept, keptMs))) continue
      if (kept) this.#trouble = await kept.lost
      if (this.#session === kept) this.#session = undefined
      await this.#pause(keptRetryMs)
    }
  }

  /** One that is lost later, or cannot be had now, is tried again. */
  async #renew(): Promise<void> {
    const session = await this.#connect().catch((error: unknown) => {
      this.#trouble = error
    })
    const former = this.#session
    if (!session) return
    // Somebody has taken the former one meanwhile.
    if (this.#isClosed || (former && !this.#isKeeping)) return session.close()
    this.#session = session
    void former?.close()
  }

  /** Whether it is still there after that time. */
  async #lasts(session: SqlSession, durationMs: number): Promise<boolean> {
    let isLost = false
    void session.lost.then(() => {
      isLost = true
      this.#wake()
    })
    await this.#pause(durationMs)
    return !isLost
  }

  /** A wire that swallows everything tells nothing of it: the store would wait for as long as it has patience. */
  async #answers(session: SqlSession): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const timer = this.#clock.after(sqlStoreLimits.keptAnswerMs, () => resolve(false))
    session.run({ text: 'SELECT 1' }).then(
      () => resolve(true),
      () => resolve(false),
    )
    const answers = await promise
    timer.cancel()
    return answers
  }

  #endKeeping(): void {
    this.#isKeeping = false
    this.#wake()
  }

  /** Sooner when nothing is kept any more. */
  async #pause(delayMs: number): Promise<void> {
    if (!this.#isKeeping) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = this.#clock.after(delayMs, resolve)
    this.#wake = resolve
    await promise
    timer.cancel()
  }
}
