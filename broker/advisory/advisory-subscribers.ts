// Who listens to which advisories: answers "would anybody get this?" before an advisory is built.
import { advisoryPrefix, compositeMembers, type Destination } from '../message/destination.ts'
import type { ConsumerIdText } from '../region/region.ts'
import { matchesWildcard, parseWildcard, type WildcardPattern } from '../routing/wildcard.ts'
import { maxRememberedAnswers } from './limits.ts'

export class AdvisorySubscribers {
  readonly #patterns = new Map<ConsumerIdText, readonly WildcardPattern[]>()
  /** Answers by topic; forgotten with every change of subscribers, and when it grows large. */
  readonly #answers = new Map<string, boolean>()

  /** Remembers the consumer if it could get advisories. */
  add(consumerId: ConsumerIdText, destination: Destination): void {
    const patterns = advisoryPatterns(destination)
    if (patterns.length === 0) return
    this.#patterns.set(consumerId, patterns)
    this.#answers.clear()
  }

  remove(consumerId: ConsumerIdText): void {
    if (this.#patterns.delete(consumerId)) this.#answers.clear()
  }

  has(topic: string): boolean {
    if (this.#patterns.size === 0) return false
    const known = this.#answers.get(topic)
    if (known !== undefined) return known
    const answer = this.#patterns.values().some((patterns) => matchesAny(patterns, topic))
    if (this.#answers.size >= maxRememberedAnswers) this.#answers.clear()
    this.#answers.set(topic, answer)
    return answer
  }

  /** The advisory topics or patterns that a consumer listens to; empty for most. */
  patternsOf(consumerId: ConsumerIdText): readonly WildcardPattern[] {
    return this.#patterns.get(consumerId) ?? []
  }
}

export const matchesAny = (patterns: readonly WildcardPattern[], topic: string): boolean =>
  patterns.some((pattern) => matchesWildcard(pattern, topic))

const firstLevels = advisoryPrefix.slice(0, -1).split('.')

/** The advisory topics or patterns in what somebody listens to; empty for most. */
export function advisoryPatterns(destination: Destination): WildcardPattern[] {
  return compositeMembers(destination)
    .filter(({ kind }) => kind === 'topic')
    .map(({ name }) => parseWildcard(name))
    .filter(reachesAdvisories)
}

/** False for patterns that differ from `ActiveMQ.Advisory` before their first wildcard. */
function reachesAdvisories(levels: WildcardPattern): boolean {
  for (const [index, level] of firstLevels.entries()) {
    if (levels[index] === '>') return true
    if (levels[index] !== '*' && levels[index] !== level) return false
  }
  return true
}
