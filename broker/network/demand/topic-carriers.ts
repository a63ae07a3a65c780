// Which demand takes along a message that several demands of one bridge would take: a copy for each would reach the other broker's
// subscribers as duplicates. Of a queue only one of them gets the message anyway.
//
// What durable demands keep is theirs: all of them take it. Of the others the oldest does, unless a durable one does.
import { isWildcard } from '../../message/destination.ts'
import { matchesWildcard, parseWildcard, type WildcardPattern } from '../../routing/wildcard.ts'
import type { Demand } from './demand.ts'
import { maxRememberedAnswers } from './limits.ts'

/** Number of no demand. */
const durableOnes = 0

export class TopicCarriers {
  readonly #concrete = new Map<string, Demand>()
  readonly #wildcards = new Map<Demand, WildcardPattern>()
  readonly #carriers = new Map<string, number>()

  add(demand: Demand): void {
    this.#carriers.clear()
    if (isWildcard(demand.destination)) this.#wildcards.set(demand, parseWildcard(demand.destination.name))
    else this.#concrete.set(demand.destination.name, demand)
  }

  remove(demand: Demand): void {
    this.#carriers.clear()
    this.#wildcards.delete(demand)
    // The one that takes its place was added before.
    if (this.#concrete.get(demand.destination.name) === demand) this.#concrete.delete(demand.destination.name)
  }

  /** Whether the demand, which matches the topic, takes its messages along. Demands that are not known here always do. */
  carries(demand: Demand, topic: string): boolean {
    if (demand.subscriptionName !== null || this.#wildcards.size === 0) return true
    const isKnown = this.#wildcards.has(demand) || this.#concrete.get(demand.destination.name) === demand
    return !isKnown || this.#carrierOf(topic) === demand.number
  }

  #carrierOf(topic: string): number {
    const known = this.#carriers.get(topic)
    if (known !== undefined) return known
    if (this.#carriers.size >= maxRememberedAnswers) this.#carriers.clear()
    const carrier = this.#decide(topic)
    this.#carriers.set(topic, carrier)
    return carrier
  }

  #decide(topic: string): number {
    let oldest = Infinity
    for (const demand of this.#matching(topic)) {
      if (demand.subscriptionName !== null) return durableOnes
      oldest = Math.min(oldest, demand.number)
    }
    return oldest
  }

  *#matching(topic: string): Generator<Demand> {
    const concrete = this.#concrete.get(topic)
    if (concrete) yield concrete
    for (const [demand, pattern] of this.#wildcards) if (matchesWildcard(pattern, topic)) yield demand
  }
}
