// Looks from time to time for what has expired while it waits, so that it goes without anybody consuming (ActiveMQ:
// Queue.expireMessages, Topic.expireMessagesTask): first what is in memory, then some of what only the store has. How often, and how
// much at a time, is a matter of each destination's policy. What consumers have in their hands is left to them.
import type { Clock, Timer } from '../base/clock.ts'
import { destinationLimits } from '../destination/limits.ts'
import type { Subscription } from '../destination/subscription/subscription.ts'
import { isAdvisory } from '../message/destination.ts'
import { PolicyMap, type PolicyEntry } from '../routing/policy-map.ts'
import type { Target } from './room.ts'

export interface ExpiryPolicy extends PolicyEntry {
  /** 0 = never. */
  readonly expireMessagesPeriodMs: number
  /** Of the messages in the store. */
  readonly maxExpirePageSize: number
}

export interface ExpirySweepsOptions {
  readonly policies: readonly ExpiryPolicy[]
  readonly clock: Clock
  /** Those of all connections. */
  readonly subscriptions: ReadonlyMap<string, Subscription>
  /** There may be room now. */
  readonly relieve: () => void
}

/** The destinations that are looked through at the same times. */
interface Round {
  readonly periodMs: number
  /** With how much of the store is looked through at a time. */
  readonly targets: Map<Target, number>
  timer: Timer
}

export class ExpirySweeps {
  readonly #options: ExpirySweepsOptions
  readonly #policies: PolicyMap<ExpiryPolicy>
  readonly #rounds = new Map<number, Round>()
  /** Whose stores are to be looked through. */
  readonly #due = new Set<Round>()
  #sweepingStores = false
  #stopped = false

  constructor(options: ExpirySweepsOptions) {
    this.#options = options
    this.#policies = new PolicyMap(options.policies)
    const { expirySweepMs } = destinationLimits
    for (const periodMs of [expirySweepMs, ...options.policies.map((policy) => policy.expireMessagesPeriodMs)])
      if (periodMs > 0 && !this.#rounds.has(periodMs)) this.#addRound(periodMs)
  }

  added(target: Target): void {
    if (isAdvisory(target.destination)) return
    const { expirySweepMs, expirySweepMessages } = destinationLimits
    const policy = this.#policies.for(target.destination)
    const round = this.#rounds.get(policy?.expireMessagesPeriodMs ?? expirySweepMs)
    round?.targets.set(target, policy?.maxExpirePageSize ?? expirySweepMessages)
  }

  removed(target: Target): void {
    for (const { targets } of this.#rounds.values()) targets.delete(target)
  }

  stop(): void {
    this.#stopped = true
    for (const { timer } of this.#rounds.values()) timer.cancel()
  }

  #addRound(periodMs: number): void {
    const run = (): void => {
      round.timer = this.#options.clock.after(periodMs, run)
      this.#sweep(round)
    }
    const round: Round = { periodMs, targets: new Map(), timer: this.#options.clock.after(periodMs, run) }
    this.#rounds.set(periodMs, round)
  }

  #sweep(round: Round): void {
    const { subscriptions, relieve } = this.#options
    for (const target of round.targets.keys()) target.sweepExpired()
    if (round.periodMs === destinationLimits.expirySweepMs)
      for (const subscription of subscriptions.values()) subscription.sweepExpired()
    relieve()
    this.#due.add(round)
    void this.#sweepStores()
  }

  // One destination after the other: what is read of them is in memory meanwhile.
  async #sweepStores(): Promise<void> {
    if (this.#sweepingStores) return
    this.#sweepingStores = true
    for (const round of this.#due) {
      for (const [target, maxMessages] of round.targets)
        if (!this.#stopped) await target.sweepExpiredInStore(maxMessages)
      this.#due.delete(round)
    }
    this.#sweepingStores = false
  }
}
