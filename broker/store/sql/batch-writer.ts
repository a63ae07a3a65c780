// Writes batches, one after the other: what is changed while one is under way gathers and shares the next one. A batch is sent once
// the event loop has handled all input that is there, when somebody waits for it, or `lazyWriteMs` after its first change.
//
//   collected ──► sealed ──► written (and still ours) ──► callbacks, in call order
//
// A batch that conflicted with somebody else's transaction, or found no space, is sent again: nothing of it is there. Every other
// failure ends everything: no callback runs after it.
import type { Clock, Timer } from '../../base/clock.ts'
import { errorMessage, FlotillaError, isError } from '../../base/errors.ts'
import type { Logger } from '../../base/logger.ts'
import { SqlError } from '../../sql/sql-error.ts'
import type { Sequence } from '../held-message.ts'
import { CollectedBatch } from './collected-batch.ts'
import { sqlStoreLimits } from './limits.ts'
import type { WriteBatch } from './store-tables.ts'

export interface BatchWriterOptions {
  readonly clock: Clock
  readonly logger: Logger
  /** Bytes that a batch may have before it takes no more, unless it is one transaction. */
  readonly batchBytes: () => number
  /** The largest sequence that was ever used. */
  readonly lastId: () => Sequence
  /** That of the last message that was put into a batch. */
  readonly lastSequence: () => Sequence
  /** Rejects with SqlError. */
  readonly write: (batch: WriteBatch) => Promise<void>
  /** Throws or rejects when this member no longer owns the store. */
  readonly verify: () => void | Promise<void>
  /** A batch is about to be sent: what was kept back can be added to it. */
  readonly onWriting: () => void
  /** Every message up to there is. */
  readonly onDurable: (sequence: Sequence) => void
  readonly onFailed: (error: Error) => void
}

interface SealedBatch {
  /** null: nothing to write, only to be proven. */
  readonly rows: WriteBatch | null
  readonly lastSequence: Sequence
  readonly collected: CollectedBatch
}

export class BatchWriter {
  batches = 0
  rows = 0
  readonly #options: BatchWriterOptions
  #current = new CollectedBatch()
  /** The first one is being written, when one is. */
  readonly #sealed: SealedBatch[] = []
  #provenCallbacks: (() => void)[] = []
  #isRunning = false
  #scheduled = false
  /** Somebody waits for what is collected. */
  #wanted = false
  #lazyTimer: Timer | undefined
  /** The database's disk, or tablespace: what is written waits. */
  #isOutOfSpace = false
  #ended: Error | undefined
  #whenSettled: (() => void)[] = []
  #endWait = (): void => {}

  constructor(options: BatchWriterOptions) {
    this.#options = options
  }

  /** What is changed is put into this. */
  get batch(): CollectedBatch {
    if (this.#ended) return new CollectedBatch()
    if (!this.#lazyTimer) this.#writeLazily()
    return this.#current
  }

  /** All changes of `apply` are in one batch. */
  atOnce(apply: () => void): void {
    const { rows, bytes } = this.#current
    if (rows >= sqlStoreLimits.batchRows || bytes + rows * sqlStoreLimits.rowBytes >= this.#options.batchBytes())
      this.seal()
    apply()
  }

  /** Nothing more comes into what was collected so far. */
  seal(): void {
    this.#sealCurrent()
    this.requestWrite()
  }

  /** Whether other bytes of this message are on their way. */
  updates(sequence: Sequence): boolean {
    return this.#current.hasUpdate(sequence) || this.#sealed.some(({ collected }) => collected.hasUpdate(sequence))
  }

  /** Calls back when everything collected so far is durable, and was ours then. */
  whenDurable(callback: () => void): void {
    if (this.#ended) return
    const last = this.#sealed.at(-1)
    if (this.#current.rows > 0 || this.#current.callbacks.length > 0 || !last) {
      this.#current.callbacks.push(callback)
      this.requestWrite()
    } else last.collected.callbacks.push(callback)
  }

  /** Calls back at once, if the store is still ours: for what need not be durable. */
  whenProven(callback: () => void): void {
    if (this.#ended) return
    this.#provenCallbacks.push(callback)
    if (this.#provenCallbacks.length === 1) queueMicrotask(() => this.#runProvenCallbacks())
  }

  requestWrite(): void {
    this.#wanted = true
    if (this.#isRunning || this.#scheduled || this.#ended) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      void this.#run()
    })
  }

  /** Nothing is written any more, and nobody called back. */
  fail(error: Error): void {
    if (this.abandon(error)) this.#options.onFailed(error)
  }

  /** As `fail`, but nobody is told. False when it has ended before. */
  abandon(error: Error): boolean {
    if (this.#ended) return false
    this.#ended = error
    this.#current = new CollectedBatch()
    this.#sealed.length = 0
    this.#provenCallbacks = []
    this.#lazyTimer?.cancel()
    this.#endWait()
    this.#settle()
    return true
  }

  get isOutOfSpace(): boolean {
    return this.#isOutOfSpace
  }

  /** Resolves once everything collected is durable, or the writer has failed or waits for space; or when that takes too long. */
  async close(): Promise<void> {
    if (!this.#ended) this.requestWrite()
    const closed = new FlotillaError('SQL_CLOSED', 'Cannot write to the database: the store was closed')
    const patience = this.#options.clock.after(sqlStoreLimits.closeMs, () => this.abandon(closed))
    while (!this.#ended && !this.#isOutOfSpace && this.#isBusy)
      await new Promise<void>((resolve) => this.#whenSettled.push(resolve))
    patience.cancel()
    this.abandon(closed)
  }

  get #isBusy(): boolean {
    return this.#isRunning || this.#scheduled || this.#sealed.length > 0 || this.#provenCallbacks.length > 0
  }

  #sealCurrent(): void {
    const { rows, callbacks } = this.#current
    if (rows === 0 && callbacks.length === 0) return
    const { lastId, lastSequence } = this.#options
    const collected = this.#current
    this.#sealed.push({
      rows: rows === 0 ? null : collected.build(lastId()),
      lastSequence: lastSequence(),
      collected,
    })
    this.#current = new CollectedBatch()
    this.#lazyTimer?.cancel()
    this.#lazyTimer = undefined
  }

  #writeLazily(): void {
    this.#lazyTimer = this.#options.clock.after(sqlStoreLimits.lazyWriteMs, () => {
      this.#lazyTimer = undefined
      this.requestWrite()
    })
  }

  async #run(): Promise<void> {
    if (this.#isRunning) return
    this.#isRunning = true
    try {
      while (this.#wanted && !this.#ended) {
        this.#options.onWriting()
        this.#wanted = false
        this.#sealCurrent()
        for (let next = this.#sealed[0]; next && !this.#ended; next = this.#sealed[0]) await this.#carryOut(next)
      }
    } catch (error) {
      this.fail(isError(error) ? error : new FlotillaError('SQL_FAILED', errorMessage(error)))
    }
    this.#isRunning = false
    this.#settle()
  }

  async #carryOut({ rows, lastSequence, collected }: SealedBatch): Promise<void> {
    if (rows) {
      await this.#write(rows)
      if (this.#ended) return
      this.batches++
      this.rows += collected.rows
    }
    await this.#options.verify()
    if (this.#ended) return
    this.#sealed.shift()
    this.#options.onDurable(lastSequence)
    for (const callback of collected.callbacks) callback()
  }

  async #write(rows: WriteBatch): Promise<void> {
    for (let conflicts = 0; !this.#ended;) {
      try {
        await this.#options.write(rows)
        return this.#noteSpace()
      } catch (error) {
        const kind = error instanceof SqlError ? error.kind : undefined
        if (kind === 'NoSpace') await this.#waitForSpace(error)
        else if (kind === 'Conflict' && ++conflicts < sqlStoreLimits.conflictAttempts)
          await this.#pause(sqlStoreLimits.conflictPauseMs * 2 ** (conflicts - 1))
        else throw error
      }
    }
  }

  async #waitForSpace(error: unknown): Promise<void> {
    if (!this.#isOutOfSpace) {
      this.#isOutOfSpace = true
      this.#options.logger.error('The database has no space: senders of persistent messages wait', {
        error: errorMessage(error),
      })
      this.#settle()
    }
    await this.#pause(sqlStoreLimits.spaceRetryMs)
  }

  #noteSpace(): void {
    if (!this.#isOutOfSpace) return
    this.#isOutOfSpace = false
    this.#options.logger.info('The database has space again')
  }

  async #pause(delayMs: number): Promise<void> {
    if (this.#ended) return
    await new Promise<void>((resolve) => {
      const timer = this.#options.clock.after(delayMs, resolve)
      this.#endWait = () => {
        timer.cancel()
        resolve()
      }
    })
    this.#endWait = () => {}
  }

  #runProvenCallbacks(): void {
    const callbacks = this.#provenCallbacks
    this.#provenCallbacks = []
    if (this.#ended) return
    try {
      // What these wait for was proven before; a proof that takes time is not waited for, or they would be overtaken. If it fails the
      // lock tells whoever has it.
      this.#options.verify()?.catch(() => {})
      for (const callback of callbacks) callback()
    } catch (error) {
      this.fail(isError(error) ? error : new FlotillaError('SQL_FAILED', errorMessage(error)))
    }
    this.#settle()
  }

  #settle(): void {
    const settled = this.#whenSettled
    this.#whenSettled = []
    for (const resolve of settled) resolve()
  }
}
