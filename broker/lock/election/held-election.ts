// What a member has that was elected: proven as long as a quorum follows it and the election has not taken it back; lost once, for one reason.
import { errorMessage } from '../../base/errors.ts'
import type { Logger } from '../../base/logger.ts'
import type { Replicator } from '../../replication/replicator.ts'
import type { LockHandle } from '../lock.ts'
import { LockLostError } from '../lock-lost-error.ts'

export interface HeldElectionOptions {
  readonly term: number
  readonly replicator: Pick<Replicator, 'verify' | 'lost'>
  readonly logger: Logger
  readonly release: () => Promise<void>
}

export class HeldElection implements LockHandle {
  readonly term: number
  readonly lost: Promise<Error>
  readonly #options: HeldElectionOptions
  #resolveLost: (error: Error) => void = () => {}
  #error: LockLostError | undefined
  #released: Promise<void> | undefined

  constructor(options: HeldElectionOptions) {
    this.#options = options
    this.term = options.term
    this.lost = new Promise((resolve) => (this.#resolveLost = resolve))
    void options.replicator.lost.then((reason) => this.lose(errorMessage(reason), reason))
  }

  verify(): void {
    if (this.#error) throw this.#error
    try {
      this.#options.replicator.verify()
    } catch (error) {
      throw this.lose(errorMessage(error), error)
    }
  }

  /** Only the first reason counts. */
  lose(state: string, cause?: unknown): LockLostError {
    if (this.#error) return this.#error
    const error = new LockLostError(state, { fields: { term: this.term }, cause })
    this.#error = error
    this.#options.logger.error('Lost the lock', { error })
    this.#resolveLost(error)
    return error
  }

  release(): Promise<void> {
    this.#error ??= new LockLostError('it was released')
    return (this.#released ??= this.#options.release())
  }
}
