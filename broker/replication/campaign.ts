// A candidate and what the others have said: elected by a quorum of promises, its own included, that were given or given again once there was
// a quorum of them; defeated when that cannot be reached any more.
import type { CampaignRound, Refused } from './message.ts'

export class Campaign {
  readonly term: number
  readonly founding: boolean
  ticks = 0
  /** Of those, with somebody who has more. */
  behindTicks = 0
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

  /** Somebody has more, who should be the candidate. That one may be out of the election's reach, so that others may elect this one all the same. */
  get isBehind(): boolean {
    return [...this.#refused.values()].some(({ reason }) => reason === 'behind')
  }

  /** Why it is lost; undefined: it is not. `connected`: the others that can answer at this moment. */
  defeat(connected: ReadonlySet<string>): string | undefined {
    for (const [by, { reason, promised }] of this.#refused)
      if (reason === 'term' && promised > this.term) return `${by} has promised term ${promised}`
    const willing = this.isBehind
      ? 1 + [...connected].filter((member) => !this.#refused.has(member)).length
      : this.#replicas - this.#refused.size
    if (willing >= this.#quorum) return undefined
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
