// The second and third step: batches that are written are confirmed (confirmation.ts) and then completed, in the order in
// which they were written. Where confirmation answers at once, completion follows within the same call.
//
// While some wait, the next write begins only when it has gathered as much as they have: who waits for an answer from far away is joined by others,
// where each alone would cost a frame, a sync and an answer at everybody who confirms. Long lines of records still keep the way busy.
import type { BatchConfirmation, JournalOwner } from './confirmation.ts'
import type { QueuedBatch } from './open-segment.ts'

export interface BatchCompletionOptions {
  readonly owner: JournalOwner
  readonly confirmation: BatchConfirmation
  /** Before the callbacks of the batch. */
  readonly onCompleted: (completed: QueuedBatch) => void
  /** A batch that had to wait for its confirmation is completed. */
  readonly onCaughtUp: () => void
  readonly onFailed: (error: unknown) => void
}

interface UnconfirmedBatch {
  readonly written: QueuedBatch
  confirmed: boolean
}

export class BatchCompletion {
  readonly #options: BatchCompletionOptions
  /** In the order of writing. */
  #unconfirmed: UnconfirmedBatch[] = []
  #unconfirmedBytes = 0
  #completedSegment = 0
  #completedEnd = 0
  #provenCallbacks: (() => void)[] = []
  #whenFewer: (() => void) | undefined
  #failed = false

  constructor(options: BatchCompletionOptions) {
    this.#options = options
  }

  /** Whether written batches wait for their confirmation. */
  get isBehind(): boolean {
    return this.#unconfirmed.length > 0
  }

  /** Whether a write of so many bytes has to wait. */
  holdsBack(bytes: number): boolean {
    return bytes < this.#unconfirmedBytes
  }

  isCompleted(segment: number, position: number): boolean {
    return segment < this.#completedSegment || (segment === this.#completedSegment && position < this.#completedEnd)
  }

  /** Whether everything is completed up to exactly here. */
  endsAt(segment: number, end: number): boolean {
    return this.#completedSegment === segment && this.#completedEnd === end
  }

  /** Resolves when something was confirmed, when `gathered` was told of enough, or when it has failed. One may wait. */
  whenFewer(): Promise<void> {
    return new Promise((resolve) => (this.#whenFewer = resolve))
  }

  /** So much would be written next. */
  gathered(bytes: number): void {
    if (!this.holdsBack(bytes)) this.#tellFewer()
  }

  get isWaitedFor(): boolean {
    return this.#whenFewer !== undefined
  }

  /** A batch is synced. Throws when it cannot be confirmed. */
  written(written: QueuedBatch): void {
    const { confirmation, owner } = this.#options
    const waits = confirmation.confirm(written.segment.number, written.batch.end, owner)
    if (!waits && this.#unconfirmed.length === 0) return this.#complete(written)
    const unconfirmed = { written, confirmed: !waits }
    this.#unconfirmed.push(unconfirmed)
    this.#unconfirmedBytes += bytesOf(written)
    waits?.then(
      () => {
        unconfirmed.confirmed = true
        this.#completeConfirmed()
      },
      (error: unknown) => this.#options.onFailed(error),
    )
  }

  /** Calls back when everything that was written is completed. */
  whenCompleted(callback: () => void): void {
    const last = this.#unconfirmed.at(-1)
    if (last) last.written.batch.callbacks.push(callback)
    else this.whenProven(callback)
  }

  /** Calls back at once, if this member still owns the journal: for what need not be durable. */
  whenProven(callback: () => void): void {
    this.#provenCallbacks.push(callback)
    if (this.#provenCallbacks.length === 1) queueMicrotask(() => this.#runProvenCallbacks())
  }

  /** Nothing is completed any more, and nobody called back. */
  fail(): void {
    this.#failed = true
    this.#unconfirmed = []
    this.#unconfirmedBytes = 0
    this.#provenCallbacks = []
    this.#tellFewer()
  }

  #completeConfirmed(): void {
    try {
      // Each is taken out before its callbacks run: what they wait for is behind it.
      while (this.#unconfirmed[0]?.confirmed) {
        const { written } = this.#unconfirmed.shift()!
        this.#unconfirmedBytes -= bytesOf(written)
        this.#complete(written)
      }
    } catch (error) {
      this.#options.onFailed(error)
    }
    this.#tellFewer()
    this.#options.onCaughtUp()
  }

  #complete(completed: QueuedBatch): void {
    const { segment, batch } = completed
    this.#completedSegment = segment.number
    this.#completedEnd = batch.end
    this.#options.onCompleted(completed)
    for (const callback of batch.callbacks) callback()
  }

  #tellFewer(): void {
    const tell = this.#whenFewer
    this.#whenFewer = undefined
    tell?.()
  }

  #runProvenCallbacks(): void {
    const callbacks = this.#provenCallbacks
    this.#provenCallbacks = []
    if (this.#failed) return
    try {
      // What these wait for was durable and proven before; a proof that takes time is not waited for, or they would be
      // overtaken. If it fails the lock tells whoever has it.
      this.#options.owner.verify()?.catch(() => {})
      for (const callback of callbacks) callback()
    } catch (error) {
      this.#options.onFailed(error)
    }
  }
}

const bytesOf = ({ batch }: QueuedBatch): number => batch.end - batch.start
