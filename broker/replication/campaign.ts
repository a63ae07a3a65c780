// A candidate and what the others have said: elected by a quorum of promises, its own included, that were given or given again once there was
// a quorum of them; defeated when that cannot be reached any more.
import type { CampaignRound, Refused } from './message.ts'

export class Campaign {
  readonly term: number
  readonly founding: boolean
  ticks = 0
  /** Its own promise is durable: others may be asked. */
  isOpen = false
  readonly #replicas: number
  readonly #quorum: number
  readonly #promised = new Set<string>()
  /** After a quorum had. */
  readonly #confirmed = new Set<string>()
  readonly #refused = new Map<string, Refused>()

  constructor(options: { term: number; founding: boolean; replicas: number; quorum: number }) {
    this.term = options.term
    this.founding = options.founding
    this.#replicas = options.replicas
    this.#quorum = options.quorum
  }

  promised(by: string, round: CampaignRound): void {
    this.#refused.delete(by)
    this.#promised.add(by)
    if (round === 2) this.#confirmed.add(by)
  }

  refused(by: string, refusal: Refused): void {
    if (!this.#confirmed.has(by)) this.#refused.set(by, refusal)
  }

  /** What is asked. */
  get round(): CampaignRound {
    return this.#promised.size >= this.#quorum ? 2 : 1
  }

  needs(member: string): boolean {
    return this.isOpen && !(this.round === 1 ? this.#promised : this.#confirmed).has(member)
  }

  get isWon(): boolean {
    return this.#confirmed.size >= this.#quorum
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
