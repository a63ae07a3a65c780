// A candidate and what the others have said: elected by a quorum of promises, its own included; defeated when that cannot be reached any more.
import type { Refused } from './message.ts'

export class Campaign {
  readonly term: number
  readonly founding: boolean
  ticks = 0
  /** Its own promise is durable: others may be asked. */
  isOpen = false
  readonly #replicas: number
  readonly #quorum: number
  readonly #promised = new Set<string>()
  readonly #refused = new Map<string, Refused>()

  constructor(options: { term: number; founding: boolean; replicas: number; quorum: number }) {
    this.term = options.term
    this.founding = options.founding
    this.#replicas = options.replicas
    this.#quorum = options.quorum
  }

  promised(by: string): void {
    this.#refused.delete(by)
    this.#promised.add(by)
  }

  refused(by: string, refusal: Refused): void {
    if (!this.#promised.has(by)) this.#refused.set(by, refusal)
  }

  needs(member: string): boolean {
    return this.isOpen && !this.#promised.has(member)
  }

  get isWon(): boolean {
    return this.#promised.size >= this.#quorum
  }

  /** Why it is lost; undefined: it is not. */
  get defeat(): string | undefined {
    for (const [by, { reason, promised }] of this.#refused)
      if (reason === 'term' && promised > this.term) return `${by} has promised term ${promised}`
      // It is there and has more: it should be the candidate.
      else if (reason === 'behind') return `${by} ${becauseOf.behind}`
    if (this.#replicas - this.#refused.size >= this.#quorum) return undefined
    return [...this.#refused].map(([by, { reason }]) => `${by} ${becauseOf[reason]}`).join(', ')
  }

  get standing(): string {
    return `${this.#promised.size} of ${this.#quorum} promises were there in time`
  }
}

const becauseOf = {
  term: 'has promised the term to another member',
  behind: 'has more than this member',
  empty: 'was empty and is not in sync yet',
} as const
