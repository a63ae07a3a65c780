// Which destinations a bridge may forward (ActiveMQ: DemandForwardingBridgeSupport.isPermissableDestination): temporary ones by
// bridgeTempDestinations; of the others none that is excluded, all that are included statically, and if any are included
// dynamically only those. A rule matches names by its wildcards, and destinations of its kind only.
import {
  compositeMembers,
  isAdvisory,
  isTemporary,
  type Destination,
  type DestinationKind,
} from '../../message/destination.ts'
import { matchesWildcard, parseWildcard, type WildcardPattern } from '../../routing/wildcard.ts'
import type { BridgeSettings, NamedDestination } from '../connector-settings.ts'
import { maxRememberedAnswers } from './limits.ts'

interface Rule {
  readonly kind: DestinationKind
  readonly pattern: WildcardPattern
  readonly forceDurable: boolean
}

export class DestinationRules {
  readonly #bridgesTemporary: boolean
  readonly #excluded: readonly Rule[]
  readonly #static: readonly Rule[]
  readonly #dynamic: readonly Rule[]
  readonly #answers = { queue: new Map<string, boolean>(), topic: new Map<string, boolean>() }

  constructor(settings: BridgeSettings) {
    this.#bridgesTemporary = settings.bridgeTempDestinations
    this.#excluded = rulesOf(settings.excludedDestinations)
    this.#static = rulesOf(settings.staticallyIncludedDestinations)
    this.#dynamic = rulesOf(settings.dynamicallyIncludedDestinations)
  }

  /** Of a message's destination, or of one that a consumer listens to, which may have wildcards. */
  isPermitted(destination: Destination): boolean {
    const { kind, name } = destination
    if (kind !== 'queue' && kind !== 'topic') return this.#bridgesTemporary
    if (this.#excluded.length === 0 && this.#dynamic.length === 0) return true
    const answers = this.#answers[kind]
    const known = answers.get(name)
    if (known !== undefined) return known
    if (answers.size >= maxRememberedAnswers) answers.clear()
    const answer = this.#decide(destination)
    answers.set(name, answer)
    return answer
  }

  /** Whether consumers of it are served by a durable subscription, though none of them is durable. */
  isForcedDurable(destination: Destination): boolean {
    if (destination.kind !== 'topic' || isAdvisory(destination)) return false
    const rule = firstMatch(this.#dynamic, destination) ?? firstMatch(this.#static, destination)
    return rule?.forceDurable ?? false
  }

  #decide(destination: Destination): boolean {
    if (firstMatch(this.#excluded, destination)) return false
    if (firstMatch(this.#static, destination)) return true
    return this.#dynamic.length === 0 || firstMatch(this.#dynamic, destination) !== undefined
  }
}

const firstMatch = (rules: readonly Rule[], { kind, name }: Destination): Rule | undefined =>
  rules.find((rule) => rule.kind === kind && matchesWildcard(rule.pattern, name))

const rulesOf = (named: readonly NamedDestination[]): Rule[] =>
  named.flatMap(({ destination, forceDurable }) =>
    compositeMembers(destination)
      .filter((member) => !isTemporary(member))
      .map(({ kind, name }) => ({ kind, pattern: parseWildcard(name), forceDurable })),
  )
