// Learning at once that the holder of a lock is gone, instead of with the next try: a standby keeps a request open at
// the holder that is answered by nothing but its end. The operating system ends it the instant the process is dead.
//
// A hint and nothing more: it makes a standby try sooner, and whoever cannot be reached is noticed with the next try.
import type { LockHolder } from './lock.ts'

/**
 * Keeps a request to `url` open and says when it has ended, once, and whether it had been answered: otherwise nobody was
 * there to end. Returns how to give it up, after which nothing is said any more.
 */
export type OpenWatch = (url: string, ended: (wasAnswered: boolean) => void) => () => void

export class HolderWatch {
  readonly #member: string
  readonly #open: OpenWatch
  readonly #gone: () => void
  #url: string | undefined
  #giveUp: () => void = () => {}

  /** `gone`: the holder that was watched has ended. */
  constructor(member: string, open: OpenWatch, gone: () => void) {
    this.#member = member
    this.#open = open
    this.#gone = gone
  }

  /** Watches who has the lock now, unless it does so already. */
  follow(holder: LockHolder | undefined): void {
    // Our own name is of an earlier life: the new holder has not written its own yet.
    const url = holder?.member === this.#member ? undefined : holder?.watchUrl
    if (url === this.#url) return
    this.stop()
    if (url === undefined) return
    this.#url = url
    this.#giveUp = this.#open(url, (wasAnswered) => {
      this.#url = undefined
      if (wasAnswered) this.#gone()
    })
  }

  stop(): void {
    if (this.#url === undefined) return
    this.#url = undefined
    this.#giveUp()
  }
}
