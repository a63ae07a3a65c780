// The lock of a member that is alone: granted at once, never lost, always term 1. For stores that nobody shares.
import type { Lock, LockHandle, LockHolder } from './lock.ts'

export class NoLock implements Lock {
  readonly #holder: LockHolder
  #held = false

  constructor(member: string) {
    this.#holder = { member, term: 1 }
  }

  async acquire(signal: AbortSignal): Promise<LockHandle> {
    signal.throwIfAborted()
    this.#held = true
    return {
      term: this.#holder.term,
      verify() {},
      lost: new Promise(() => {}),
      release: async () => {
        this.#held = false
      },
    }
  }

  async holder(): Promise<LockHolder | undefined> {
    return this.#held ? this.#holder : undefined
  }
}
