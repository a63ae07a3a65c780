// The lock of a member that is alone: granted at once, never lost, always term 1. For stores that nobody shares.
import { LockLostError } from '../lock-lost-error.ts'
import type { Lock, LockHandle, LockHolder } from '../lock.ts'

export class NoLock implements Lock {
  readonly kind = 'None'
  readonly obstacle = { kind: 'Unknown' } as const
  readonly #holder: LockHolder
  #held = false

  constructor(member: string) {
    this.#holder = { member, term: 1 }
  }

  /** Nobody else's storage can be had. */
  async refusal(): Promise<undefined> {}

  async acquire(signal: AbortSignal): Promise<LockHandle> {
    signal.throwIfAborted()
    this.#held = true
    let released: LockLostError | undefined
    return {
      term: this.#holder.term,
      verify() {
        if (released) throw released
      },
      lost: new Promise(() => {}),
      release: async () => {
        released ??= new LockLostError('it was released')
        this.#held = false
      },
    }
  }

  async holder(): Promise<LockHolder | undefined> {
    return this.#held ? this.#holder : undefined
  }
}
