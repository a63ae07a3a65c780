// Deletes destinations that nobody has used for a while, where that is asked for (ActiveMQ: RegionBroker.purgeInactiveDestinations):
// without messages, consumers, producers and open transactions, from the first look that finds it so. Who uses one again in
// between begins its time anew. Temporary destinations are their connections' own.
import type { Clock, Timer } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import type { DestinationRegistry } from '../destination/destination-registry.ts'
import { PolicyMap, type PolicyEntry } from '../routing/policy-map.ts'
import type { Target } from './room.ts'

export interface DestinationPolicy extends PolicyEntry {
  readonly gcInactiveDestinations: boolean
  readonly inactiveTimeoutBeforeGCMs: number
}

export interface InactiveDestinationsPolicy {
  /** How often they are looked for; 0 = never. */
  readonly purgePeriodMs: number
  /** 0 = as many as there are. */
  readonly maxPurgedPerSweep: number
  readonly policies: readonly DestinationPolicy[]
}

export const noneInactive: InactiveDestinationsPolicy = { purgePeriodMs: 0, maxPurgedPerSweep: 0, policies: [] }

interface Parts {
  readonly clock: Clock
  readonly logger: Logger
  readonly registry: DestinationRegistry
}

/** What a destination was found like that nobody used. */
interface Idle {
  readonly sinceMs: number
  /** Grows with whatever it is used for. */
  readonly uses: number
}

export class InactiveDestinations {
  readonly #policy: InactiveDestinationsPolicy
  readonly #policies: PolicyMap<DestinationPolicy>
  readonly #parts: Parts
  #idle = new Map<Target, Idle>()
  #timer: Timer | null = null

  constructor(policy: InactiveDestinationsPolicy, parts: Parts) {
    this.#policy = policy
    this.#policies = new PolicyMap(policy.policies)
    this.#parts = parts
    if (policy.purgePeriodMs > 0 && policy.policies.some(({ gcInactiveDestinations }) => gcInactiveDestinations))
      this.#schedule()
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = null
  }

  #schedule(): void {
    this.#timer = this.#parts.clock.after(this.#policy.purgePeriodMs, () => {
      this.#sweep()
      this.#schedule()
    })
  }

  #sweep(): void {
    const { clock, logger, registry } = this.#parts
    const { maxPurgedPerSweep } = this.#policy
    const nowMs = clock.monotonicMs()
    const idle = new Map<Target, Idle>()
    const inactive: Target[] = []
    for (const target of registry) {
      if (!target.idle) continue
      const policy = this.#policies.for(target.destination)
      if (!policy?.gcInactiveDestinations) continue
      const found = this.#foundBefore(target) ?? { sinceMs: nowMs, uses: usesOf(target) }
      const isDue = nowMs - found.sinceMs >= policy.inactiveTimeoutBeforeGCMs
      if (isDue && (maxPurgedPerSweep === 0 || inactive.length < maxPurgedPerSweep)) inactive.push(target)
      else idle.set(target, found)
    }
    this.#idle = idle
    for (const target of inactive) {
      const { kind, name } = target.destination
      logger.info('Deleting a destination that was inactive for too long', { kind, name })
      registry.delete(target)
    }
  }

  #foundBefore(target: Target): Idle | undefined {
    const found = this.#idle.get(target)
    return found?.uses === usesOf(target) ? found : undefined
  }
}

const usesOf = ({ counters }: Target): number => counters.enqueued + counters.arrivals
