// The naive rule of networks: whether a message that is at one broker comes to consumers at another one, as things are. Said for whole
// routes, as docs/networks.md does; the broker's bridges decide it one by one.
import type { Destination } from '../../../broker/message/destination.ts'
import type { BridgeSettings, NamedDestination } from '../../../broker/network/connector-settings.ts'
import type { NetworkPlan } from './network-plan.ts'

type Edge = readonly [from: string, to: string]

export class Reach {
  readonly #replays: boolean
  readonly #bridges = new Map<string, BridgeSettings>()
  readonly #next = new Map<string, string[]>()

  constructor({ joins, replays }: NetworkPlan) {
    this.#replays = replays
    for (const { from, to, settings } of joins) {
      this.#add(from, to, settings)
      if (settings.duplex) this.#add(to, from, settings)
    }
  }

  /** Why a message that was in these brokers, one after the other, should not have come to the last one; null: it may have. */
  problemOf(destination: Destination, places: readonly string[]): string | null {
    const passed = new Set<string>()
    for (const [index, to] of places.slice(1).entries()) {
      const from = places[index]!
      const settings = this.#bridges.get(`${from}>${to}`)
      if (!settings || !isPermitted(settings, destination)) return `no bridge takes it from ${from} to ${to}`
      if (passed.has(to) && !this.#replays) return `it went back from ${from} to ${to}`
      const { messageTTL } = settings
      if (!passed.has(to) && messageTTL >= 0 && passed.size >= messageTTL)
        return `it went too far from ${from} to ${to}`
      passed.add(from)
    }
    return null
  }

  /** `passed`: the brokers that the message has passed. */
  reaches(destination: Destination, from: string, to: string, passed: readonly string[] = []): boolean {
    if (from === to) return true
    return this.#routes(from, to).some((route) => this.#isOpen(destination, edgesOf(route), new Set(passed)))
  }

  /** Whether the interest of consumers at `at` is heard of by `by` over its bridge to `through`, by some way. */
  hears(destination: Destination, by: string, through: string, at: string): boolean {
    return this.#routes(by, at).some(
      (route) => route[1] === through && this.#heard(destination, edgesOf(route)).every((heard) => heard === 'asked'),
    )
  }

  #add(from: string, to: string, settings: BridgeSettings): void {
    this.#bridges.set(`${from}>${to}`, settings)
    this.#next.set(from, [...(this.#next.get(from) ?? []), to])
  }

  /** Without circles. */
  #routes(from: string, to: string, before: readonly string[] = []): string[][] {
    if (from === to) return [[...before, to]]
    const next = (this.#next.get(from) ?? []).filter((name) => name !== from && !before.includes(name))
    return next.flatMap((name) => this.#routes(name, to, [...before, from]))
  }

  #isOpen(destination: Destination, edges: readonly Edge[], passed: Set<string>): boolean {
    const heard = this.#heard(destination, edges)
    return edges.every(([from, to], index) => {
      const { messageTTL } = this.#bridges.get(`${from}>${to}`)!
      const isBack = passed.has(to)
      const mayPass = isBack
        ? this.#replays && heard[index] === 'asked'
        : heard[index] !== 'no' && (messageTTL < 0 || passed.size < messageTTL)
      passed.add(from)
      return mayPass
    })
  }

  /**
   * Over each bridge of a route: whether it was asked for what consumers at its end want, takes it along though nobody is known to want
   * it, or neither.
   */
  #heard(destination: Destination, edges: readonly Edge[]): ('asked' | 'unasked' | 'no')[] {
    let hops = 0
    let isKnown = true
    return edges
      .toReversed()
      .map(([from, to]) => {
        const settings = this.#bridges.get(`${from}>${to}`)!
        const { consumerTTL, staticBridge, staticallyIncludedDestinations } = settings
        if (!isPermitted(settings, destination)) return 'no'
        const isAsked = !staticBridge && hops < Infinity && (consumerTTL < 0 || hops < consumerTTL)
        const isStatic = staticallyIncludedDestinations.some((name) => isNamed(name, destination))
        // What is included is heard of like a consumer, though there may be none.
        if (!isAsked) isKnown = false
        hops = isAsked ? hops + 1 : isStatic ? 1 : Infinity
        if (!isAsked && !isStatic) return 'no'
        return isKnown ? 'asked' : 'unasked'
      })
      .toReversed()
  }
}

const edgesOf = (route: readonly string[]): Edge[] => route.slice(1).map((to, index) => [route[index]!, to] as const)

function isPermitted(settings: BridgeSettings, destination: Destination): boolean {
  const { excludedDestinations, staticallyIncludedDestinations, dynamicallyIncludedDestinations } = settings
  const isIn = (list: readonly NamedDestination[]): boolean => list.some((name) => isNamed(name, destination))
  if (isIn(excludedDestinations)) return false
  return (
    isIn(staticallyIncludedDestinations) ||
    dynamicallyIncludedDestinations.length === 0 ||
    isIn(dynamicallyIncludedDestinations)
  )
}

const isNamed = ({ destination: { kind, name } }: NamedDestination, destination: Destination): boolean =>
  kind === destination.kind &&
  (name === destination.name || (name.endsWith('*') && destination.name.startsWith(name.slice(0, -1))))
