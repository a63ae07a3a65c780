// Which topics keep messages for subscribers that come later, by name; of the policies that match the most specific one counts.
// Advisory topics keep nothing: who comes late is told what holds then (advisory/present-state.ts).
import type { Clock } from '../../../base/clock.ts'
import { isAdvisory, type Destination } from '../../../message/destination.ts'
import { PolicyMap, type PolicyEntry } from '../../../routing/policy-map.ts'
import type { MemoryUsage } from '../../memory-usage.ts'
import { FixedCount } from './fixed-count.ts'
import { FixedSized } from './fixed-sized.ts'
import { KeptMessages } from './kept-messages.ts'
import { LastImage } from './last-image.ts'
import { RecoveryMemory } from './recovery-memory.ts'
import type { RecoveryPolicy, RecoveryPolicyConfig } from './recovery-policy.ts'
import { Timed } from './timed.ts'

export interface RecoveryPolicyEntry extends PolicyEntry {
  /** null: nothing is kept. */
  readonly recovery: RecoveryPolicyConfig | null
  readonly alwaysRetroactive: boolean
}

export class RecoveryPolicies {
  readonly #entries: PolicyMap<RecoveryPolicyEntry>
  readonly #memory: RecoveryMemory
  readonly #clock: Clock

  constructor(entries: readonly RecoveryPolicyEntry[], memory: MemoryUsage, clock: Clock) {
    this.#entries = new PolicyMap(entries)
    this.#memory = new RecoveryMemory(memory)
    this.#clock = clock
  }

  /** For a topic that was made; null when it keeps nothing. */
  for(topic: Destination): KeptMessages | null {
    if (isAdvisory(topic)) return null
    const entry = this.#entries.for(topic)
    if (!entry?.recovery) return null
    const { recovery, alwaysRetroactive } = entry
    return new KeptMessages({ policy: policyOf(recovery), alwaysRetroactive, memory: this.#memory, clock: this.#clock })
  }
}

function policyOf(config: RecoveryPolicyConfig): RecoveryPolicy {
  switch (config.kind) {
    case 'fixedCount':
      return new FixedCount(config.maximumSize)
    case 'fixedSized':
      return new FixedSized(config.maximumBytes)
    case 'timed':
      return new Timed(config.recoverDurationMs)
    case 'lastImage':
      return new LastImage()
  }
}
