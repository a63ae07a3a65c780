// Consumers and subscribers that come and go in any order, told of once or several times, against what demand naively is: of each
// destination that somebody there listens to, and of no other.
import { expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import {
  compositeMembers,
  destinationKey,
  parseDestination,
  type Destination,
} from '../../../../broker/message/destination.ts'
import type { BridgeSettings } from '../../../../broker/network/connector-settings.ts'
import type { Demand } from '../../../../broker/network/demand/demand.ts'
import { DestinationRules } from '../../../../broker/network/demand/destination-rules.ts'
import { NetworkDemands } from '../../../../broker/network/demand/network-demands.ts'
import { isWithin, matchesWildcard, parseWildcard } from '../../../../broker/routing/wildcard.ts'
import type { ConsumerInfo } from '../../../../broker/wire/openwire/commands.ts'
import { bridgeSettings } from '../bridge-settings.ts'
import { BridgeHarness, brokerPath, consumer, gone, named, subscriber, unsubscribed } from './demand-harness.ts'

const names = ['A', 'A.B', 'A.C', 'A.*', '*.B', 'A.>', '>']
const concreteNames = ['A', 'A.B', 'A.C', 'A.B.C', 'X']
const kinds = ['queue', 'topic'] as const

const member = fc.record({ kind: fc.constantFrom(...kinds), name: fc.constantFrom(...names) }).map(destinationKey)
const listenedTo = fc.oneof(
  { weight: 4, arbitrary: member },
  { weight: 1, arbitrary: fc.array(member, { minLength: 2, maxLength: 3 }).map((members) => members.join(',')) },
)
const id = fc.integer({ min: 0, max: 5 }).map((number) => `c${number}`)

type Event =
  | { readonly kind: 'consumer' | 'network' | 'subscriber'; readonly id: string; readonly destination: string }
  | { readonly kind: 'gone'; readonly id: string }
  | { readonly kind: 'unsubscribed'; readonly id: string }
  | { readonly kind: 'replay' }

const event: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom('consumer' as const, 'consumer' as const, 'network' as const, 'subscriber' as const),
      id,
      destination: listenedTo,
    }),
  },
  {
    weight: 5,
    arbitrary: fc.oneof(
      fc.record({ kind: fc.constant('gone' as const), id }),
      fc.record({ kind: fc.constant('unsubscribed' as const), id }),
    ),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'replay' as const }) },
)

const settingsGiven: fc.Arbitrary<Partial<BridgeSettings>> = fc.record({
  consumerTTL: fc.constantFrom(1, 2),
  conduitSubscriptions: fc.boolean(),
  conduitNetworkQueueSubscriptions: fc.boolean(),
  suppressDuplicateQueueSubscriptions: fc.boolean(),
  excludedDestinations: fc.constantFrom([], [named('queue://A.B'), named('topic://*.C')]),
  dynamicallyIncludedDestinations: fc.constantFrom([], [named('topic://A.>', true), named('queue://>')]),
})

/** Who listens there, one by one. */
interface Listener {
  readonly destination: Destination
  readonly durable: boolean
  readonly isNetwork: boolean
}

class Model {
  readonly #settings: BridgeSettings
  readonly #rules: DestinationRules
  readonly #bridge: BridgeHarness
  readonly #listeners = new Map<string, Listener>()
  readonly #told = new Map<string, ConsumerInfo>()

  constructor(given: Partial<BridgeSettings>) {
    this.#settings = bridgeSettings(given)
    this.#rules = new DestinationRules(this.#settings)
    this.#bridge = new BridgeHarness(given)
  }

  /** What a durable subscriber has not got yet is kept: what it was served by stays, whatever happens to others. */
  happens(event: Event): void {
    const before = [...this.#bridge.demands.values()].filter(isDurable)
    const subscribers = [...this.#listeners].filter(([, { durable }]) => durable)
    this.#happens(event)
    for (const [key, listener] of subscribers.filter(([key]) => this.#listeners.has(key)))
      expect(before.some((d) => covers(d, listener) && this.#bridge.demands.has(d.number)) || key).toBe(true)
  }

  #happens(event: Event): void {
    if (event.kind === 'gone') this.#leaves(`${event.id} `, () => this.#bridge.heard(gone(event.id)))
    else if (event.kind === 'unsubscribed')
      this.#leaves(`${event.id}! `, () => this.#bridge.heard(unsubscribed(event.id)))
    else if (event.kind === 'replay') expect(this.#bridge.heard(...this.#told.values())).toEqual([])
    else this.#comes(event.kind, event.id, event.destination)
  }

  #comes(kind: 'consumer' | 'network' | 'subscriber', id: string, destination: string): void {
    const isNetwork = kind === 'network'
    const network = isNetwork ? { networkSubscription: true, brokerPath: brokerPath('far') } : {}
    const info = kind === 'subscriber' ? subscriber(id, destination) : consumer(id, destination, network)
    this.#bridge.heard(info)
    if (isNetwork && this.#settings.consumerTTL < 2) return
    for (const destinationOfOne of compositeMembers(parseDestination(destination))) {
      if (!this.#rules.isPermitted(destinationOfOne)) continue
      const durable = kind === 'subscriber' && destinationOfOne.kind === 'topic'
      // A subscriber's consumer has its own id.
      const key = `${durable ? `${id}!` : kind === 'subscriber' ? `${id}'s` : id} ${destinationKey(destinationOfOne)}`
      if (this.#listeners.has(key)) continue
      this.#listeners.set(key, { destination: destinationOfOne, durable, isNetwork })
      this.#told.set(key, { ...info, destination: { ...info.destination!, ...structure(destinationOfOne) } })
    }
  }

  #leaves(prefix: string, tell: () => void): void {
    tell()
    for (const key of [...this.#listeners.keys()].filter((key) => key.startsWith(prefix))) {
      this.#listeners.delete(key)
      this.#told.delete(key)
    }
  }

  endAll(): void {
    for (let i = 0; i <= 5; i++) {
      this.happens({ kind: 'gone', id: `c${i}` })
      this.happens({ kind: 'gone', id: `c${i}'s` })
      this.happens({ kind: 'unsubscribed', id: `c${i}` })
    }
    expect(this.#listeners.size).toBe(0)
    expect(this.#bridge.wanted).toEqual([])
    expect(this.#bridge.table.rememberedBytes).toBe(0)
  }

  check(): void {
    const listeners = [...this.#listeners.values()]
    const alone = listeners.filter((listener) => this.#isAlone(listener))
    const together = listeners.filter((listener) => !alone.includes(listener))
    const demands = [...this.#bridge.demands.values()]
    this.#checkTogether(together, this.#checkAlone(alone, demands))
    for (const kind of kinds) for (const name of concreteNames) this.#checkCarriers({ kind, name }, together.length > 0)
  }

  #isAlone({ destination, durable, isNetwork }: Listener): boolean {
    if (durable || this.#rules.isForcedDurable(destination)) return false
    const { conduitSubscriptions, conduitNetworkQueueSubscriptions } = this.#settings
    return !conduitSubscriptions || (isNetwork && destination.kind === 'queue' && !conduitNetworkQueueSubscriptions)
  }

  /** Each has a demand. Returns the demands that are left. */
  #checkAlone(alone: readonly Listener[], demands: readonly Demand[]): Demand[] {
    const left = [...demands]
    for (const { destination } of alone) {
      const at = left.findLastIndex(
        (d) => destinationKey(d.destination) === destinationKey(destination) && !isDurable(d),
      )
      expect(at).toBeGreaterThanOrEqual(0)
      left.splice(at, 1)
    }
    return left
  }

  #checkTogether(together: readonly Listener[], demands: readonly Demand[]): void {
    const durablyNeeded = (listener: Listener) => listener.durable || this.#rules.isForcedDurable(listener.destination)
    for (const listener of together)
      expect(demands.some((d) => covers(d, listener) && (isDurable(d) || !durablyNeeded(listener)))).toBe(true)
    const destinations = demands.map((d) => destinationKey(d.destination))
    expect(new Set(destinations).size).toBe(destinations.length)
    for (const demand of demands) {
      const own = together.filter(
        ({ destination }) => destinationKey(destination) === destinationKey(demand.destination),
      )
      const keptFor = together.filter((listener) => listener.durable && covers(demand, listener))
      expect(own.length > 0 || (isDurable(demand) && keptFor.length > 0)).toBe(true)
      if (isDurable(demand)) expect(own.some(durablyNeeded) || keptFor.length > 0).toBe(true)
      else expect(own.some(durablyNeeded)).toBe(false)
    }
  }

  #checkCarriers(destination: Destination, isConduit: boolean): void {
    const demands = [...this.#bridge.demands.values()].filter(
      (d) => d.destination.kind === destination.kind && matches(d.destination, destination),
    )
    const carriers = demands.filter((d) => this.#bridge.table.carries(d, destination))
    if (!this.#rules.isPermitted(destination)) expect(carriers).toEqual([])
    else if (destination.kind === 'queue') expect(carriers).toEqual(demands)
    else {
      expect(demands.filter(isDurable).every((d) => carriers.includes(d))).toBe(true)
      if (demands.length > 0) expect(carriers).not.toEqual([])
      if (isConduit && this.#settings.conduitSubscriptions && !demands.some(isDurable))
        expect(carriers.length).toBe(Math.min(1, demands.length))
    }
  }
}

const structure = ({ kind, name }: Destination) =>
  ({ kind: kind === 'queue' ? 'ActiveMQQueue' : 'ActiveMQTopic', physicalName: name }) as const

const isDurable = ({ subscriptionName }: Demand): boolean => subscriptionName !== null

const matches = (wide: Destination, concrete: Destination): boolean =>
  matchesWildcard(parseWildcard(wide.name), concrete.name)

const covers = (demand: Demand, { destination }: Listener): boolean =>
  demand.destination.kind === destination.kind &&
  isWithin(parseWildcard(destination.name), parseWildcard(demand.destination.name))

test('there is demand for what is listened to, for nothing else, and for nothing in the end', () => {
  fc.assert(
    fc.property(settingsGiven, fc.array(event, { maxLength: 60 }), (settings, events) => {
      const model = new Model(settings)
      for (const one of events) {
        model.happens(one)
        model.check()
      }
      model.endAll()
    }),
    { numRuns: 120 },
  )
})

interface Told {
  readonly bridge: number
  readonly id: string
  readonly topic: string
  readonly path: readonly string[]
  readonly isGone: boolean
}

const told: fc.Arbitrary<Told> = fc.record({
  bridge: fc.integer({ min: 0, max: 2 }),
  id: fc.integer({ min: 0, max: 3 }).map((number) => `c${number}`),
  topic: fc.constantFrom('topic://T', 'topic://U'),
  path: fc.uniqueArray(fc.constantFrom('b0', 'b1', 'b2', 'east', 'west'), { maxLength: 3 }),
  isGone: fc.boolean(),
})

interface ModelWay {
  readonly bridge: number
  readonly topic: string
  readonly path: readonly string[]
  readonly ids: Set<string>
}

/** Of the ways to consumers of a topic those that are taken: by length, then by age, none that meets another bridge's. */
function taken(ways: readonly ModelWay[]): ModelWay[] {
  const found: ModelWay[] = []
  const distance = ({ path }: ModelWay) => (path.length > 1 ? path.length + 1 : 0)
  for (const way of ways.toSorted((a, b) => distance(a) - distance(b)))
    if (!found.some((other) => other.bridge !== way.bridge && other.path.some((broker) => way.path.includes(broker))))
      found.push(way)
  return found
}

test('of the ways to the same consumers the best is taken, whatever comes and goes', () => {
  fc.assert(
    fc.property(fc.array(told, { maxLength: 60 }), (events) => {
      const networkDemands = new NetworkDemands()
      const bridges = [0, 1, 2].map((i) => new BridgeHarness({ consumerTTL: 9 }, { remote: `b${i}`, networkDemands }))
      let ways: ModelWay[] = []
      const leave = (bridge: number, id: string) => {
        bridges[bridge]!.heard(gone(id))
        for (const way of ways) if (way.bridge === bridge) way.ids.delete(id)
        ways = ways.filter(({ ids }) => ids.size > 0)
      }
      for (const { bridge, id, topic, path: passed, isGone } of events) {
        if (isGone) leave(bridge, id)
        else if (!ways.some((way) => way.bridge === bridge && way.topic === topic && way.ids.has(id))) {
          bridges[bridge]!.heard(consumer(id, topic, { brokerPath: brokerPath(...passed) }))
          const path = [...passed, `b${bridge}`]
          const known = ways.find((w) => w.bridge === bridge && w.topic === topic && w.path.join() === path.join())
          if (known) known.ids.add(id)
          else ways.push({ bridge, topic, path, ids: new Set([id]) })
        }
        const wanted = ['topic://T', 'topic://U'].flatMap((t) => taken(ways.filter((way) => way.topic === t)))
        for (const [i, harness] of bridges.entries())
          expect(harness.wanted).toEqual(
            [...new Set(wanted.filter((way) => way.bridge === i).map((w) => w.topic))].sort(),
          )
      }
      for (const i of bridges.keys()) for (const id of ['c0', 'c1', 'c2', 'c3']) leave(i, id)
      expect(bridges.flatMap((harness) => harness.wanted)).toEqual([])
      expect(networkDemands.size).toBe(0)
    }),
    { numRuns: 120 },
  )
})
