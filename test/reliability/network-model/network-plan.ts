// What one network of the model is: brokers in a line, a star or a full mesh, how each pair is joined, and what is set for all. Drawn from
// a seed; nothing is built here.
import type { Random } from '../../../broker/base/random.ts'
import type { Destination } from '../../../broker/message/destination.ts'
import type { BridgeSettings, NamedDestination } from '../../../broker/network/connector-settings.ts'
import { bridgeSettings } from '../../broker/network/bridge-settings.ts'

export const queues = ['Q.1', 'Q.2'] as const
export const topic = 'T'

export const queueOf = (name: string): Destination => ({ kind: 'queue', name })

export interface Join {
  readonly from: string
  readonly to: string
  readonly settings: BridgeSettings
}

export interface NetworkPlan {
  readonly names: readonly string[]
  readonly shape: (typeof shapes)[number]
  /** Those with a store: what is durable there outlives the broker. */
  readonly lasting: ReadonlySet<string>
  readonly joins: readonly Join[]
  /** false, as in ActiveMQ: what has been at a broker does not go back there. */
  readonly replays: boolean
  readonly hasSubscribers: boolean
  /** Some messages are good for a short time only, and time goes on. */
  readonly hasExpiry: boolean
}

const shapes = ['line', 'star', 'mesh'] as const
const prefetchSizes = [1, 2, 5, 1000] as const

export function drawPlan(random: Random): NetworkPlan {
  const chance = (of: number): boolean => random.next() < of
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random.next() * values.length)]!
  const names = ['a', 'b', 'c', 'd'].slice(0, 2 + Math.floor(random.next() * 3))
  const lasting = new Set(names.filter(() => chance(0.6)))
  const shape = pick(shapes)
  const hasSubscribers = chance(0.35)
  const common = { ...drawWays(chance), ...drawReach(names.length, chance, pick) }
  const replays = chance(0.85)
  const hasLists = chance(0.2)
  const joins: Join[] = []
  for (const [index, from] of names.entries())
    for (const [other, to] of names.entries()) {
      if (other <= index || !isJoined(shape, index, other)) continue
      const lists = hasLists ? drawLists(pick) : {}
      const settings = bridgeSettings({ ...common, ...lists, prefetchSize: pick(prefetchSizes) })
      if (chance(0.5)) joins.push(joinOf(from, to, { ...settings, duplex: true }))
      else joins.push(joinOf(from, to, settings), joinOf(to, from, settings))
    }
  return { names, shape, lasting, joins, replays, hasSubscribers, hasExpiry: chance(0.2) }
}

const joinOf = (from: string, to: string, settings: BridgeSettings): Join => ({
  from,
  to,
  settings: { ...settings, name: `${from}-${to}` },
})

type Chance = (of: number) => boolean
type Pick = <T>(values: readonly T[]) => T

/** How many bridges one demand, or one consumer, stands for. */
const drawWays = (chance: Chance): Partial<BridgeSettings> => ({
  conduitSubscriptions: chance(0.6),
  conduitNetworkQueueSubscriptions: chance(0.2),
  suppressDuplicateQueueSubscriptions: chance(0.2),
  decreaseNetworkConsumerPriority: chance(0.8),
  syncDurableSubs: chance(0.5),
})

/** Mostly as far as there are brokers, or without a limit; else perhaps not everywhere. */
function drawReach(brokers: number, chance: Chance, pick: Pick): Partial<BridgeSettings> {
  if (chance(0.6)) return { messageTTL: brokers, consumerTTL: brokers }
  if (chance(0.4)) return { messageTTL: -1, consumerTTL: -1 }
  // A demand that stands for consumers at several distances takes back what the farthest of them may have, not the nearest.
  const conduitNetworkQueueSubscriptions = false
  return { messageTTL: pick([1, 2, brokers]), consumerTTL: pick([1, 2, brokers]), conduitNetworkQueueSubscriptions }
}

const named = (name: string): NamedDestination => ({ destination: queueOf(name), forceDurable: false })

function drawLists(pick: Pick): Partial<BridgeSettings> {
  return pick<Partial<BridgeSettings>>([
    {},
    { excludedDestinations: [named('Q.2')] },
    { dynamicallyIncludedDestinations: [named('Q.1')] },
    { dynamicallyIncludedDestinations: [named('Q.*')], excludedDestinations: [named('Q.1')] },
    { staticallyIncludedDestinations: [named('Q.1')] },
    { staticallyIncludedDestinations: [named('Q.2')], dynamicallyIncludedDestinations: [named('Q.2')] },
    { staticallyIncludedDestinations: [named('Q.1')], staticBridge: true },
  ])
}

function isJoined(shape: NetworkPlan['shape'], one: number, other: number): boolean {
  if (shape === 'line') return other === one + 1
  return shape === 'mesh' || one === 0
}

export function describePlan({
  names,
  shape,
  lasting,
  joins,
  replays,
  hasSubscribers,
  hasExpiry,
}: NetworkPlan): string {
  const brokers = names.map((name) => `${name} ${lasting.has(name) ? 'lasts' : 'forgets'}`)
  const bridges = joins.map(
    ({ from, to, settings }) => `  ${from} ${settings.duplex ? '<' : '-'}> ${to} ${changed(settings)}`,
  )
  return [
    `${shape} of ${brokers.join(', ')}, replay ${replays}, subscribers ${hasSubscribers}, expiry ${hasExpiry}`,
    ...bridges,
  ].join('\n')
}

/** What is other than by default. */
function changed(settings: BridgeSettings): string {
  const usual: Readonly<Record<string, unknown>> = { ...bridgeSettings() }
  const texts: string[] = []
  for (const [name, value] of Object.entries(settings)) {
    if (name === 'name' || JSON.stringify(value) === JSON.stringify(usual[name])) continue
    const lists = Array.isArray(value) ? (value as NamedDestination[]).map(({ destination }) => destination.name) : null
    texts.push(`${name}=${lists ? lists.join('+') : String(value)}`)
  }
  return texts.join(' ')
}
