// Which dead letter strategy a destination has: that of its policy, else the default.
import type { Destination } from '../message/destination.ts'
import { concreteMembers } from '../routing/destination-name.ts'
import { PolicyMap, type PolicyEntry } from '../routing/policy-map.ts'
import { DeadLetterStrategy, type DeadLetterConfig, type DeadLetterStrategyConfig } from './dead-letter.ts'

export interface DeadLetterPolicy extends PolicyEntry {
  /** null: the default. A policy that is more specific than others hides theirs. */
  readonly deadLetterStrategy: DeadLetterStrategyConfig | null
}

export class DeadLetterStrategies {
  readonly #default: DeadLetterStrategy
  readonly #policies: PolicyMap<PolicyEntry & { readonly strategy: DeadLetterStrategy | null }>

  /** @throws {RefusalError} when the name of a queue for dead letters is none. */
  constructor(byDefault: DeadLetterConfig, policies: readonly DeadLetterPolicy[]) {
    this.#default = strategyOf({ kind: 'shared', ...byDefault })
    this.#policies = new PolicyMap(
      policies.map(({ kind, pattern, deadLetterStrategy }) => ({
        kind,
        pattern,
        strategy: deadLetterStrategy && strategyOf(deadLetterStrategy),
      })),
    )
  }

  of(source: Destination): DeadLetterStrategy {
    return this.#policies.for(source)?.strategy ?? this.#default
  }
}

function strategyOf(config: DeadLetterStrategyConfig): DeadLetterStrategy {
  if (config.kind === 'shared') concreteMembers({ kind: 'queue', name: config.queue })
  return new DeadLetterStrategy(config)
}
