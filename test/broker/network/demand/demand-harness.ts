// A bridge from the broker `here` to the broker `there` that carries out what its demand table says, and tells it in short lines:
// `+1 queue://A`, `+2 topic://T as NC-DS_here_T`, `-2 topic://T unsubscribed`.
import { expect } from '@jest/globals'
import { destinationKey, parseDestination } from '../../../../broker/message/destination.ts'
import { DemandTable, type DurableNetworkSubscription } from '../../../../broker/network/demand/demand-table.ts'
import type { Demand, DemandChange } from '../../../../broker/network/demand/demand.ts'
import { NetworkDemands } from '../../../../broker/network/demand/network-demands.ts'
import type { BridgeSettings, NamedDestination } from '../../../../broker/network/connector-settings.ts'
import {
  buildConsumerInfo,
  buildDestinationInfo,
  buildRemoveInfo,
  buildRemoveSubscription,
} from '../../../../broker/openwire/build-commands.ts'
import { structureOf } from '../../../../broker/openwire/destination-structure.ts'
import type {
  BrokerId,
  BrokerSubscriptionInfo,
  ConsumerId,
  ConsumerInfo,
  DataStructure,
} from '../../../../broker/wire/openwire/commands.ts'
import { bridgeSettings } from '../bridge-settings.ts'

export const named = (text: string, forceDurable = false): NamedDestination => ({
  destination: parseDestination(text),
  forceDurable,
})

export const consumerId = (name: string): ConsumerId => ({
  kind: 'ConsumerId',
  connectionId: name,
  sessionId: 1,
  value: 1,
})

export const brokerPath = (...names: string[]): BrokerId[] => names.map((value) => ({ kind: 'BrokerId', value }))

/** A consumer there, as an advisory tells of it. */
export const consumer = (name: string, destination: string, changed: Partial<ConsumerInfo> = {}): ConsumerInfo =>
  buildConsumerInfo({
    consumerId: consumerId(name),
    destination: structureOf(parseDestination(destination)),
    prefetchSize: 10,
    clientId: `client of ${name}`,
    ...changed,
  })

/** A durable subscriber there: its name is that of its client and of its subscription. */
export const subscriber = (name: string, topic: string, changed: Partial<ConsumerInfo> = {}): ConsumerInfo =>
  consumer(`${name}'s`, topic, { clientId: name, subscriptionName: name, ...changed })

export const gone = (name: string): DataStructure => buildRemoveInfo(consumerId(name))

export const unsubscribed = (name: string, subscriptionName = name): DataStructure =>
  buildRemoveSubscription(null, name, subscriptionName)

export const temporary = (operation: 'add' | 'remove', destination: string, ...path: string[]): DataStructure => ({
  ...buildDestinationInfo(operation, structureOf(parseDestination(destination)), 'their-connection'),
  brokerPath: path.length === 0 ? null : brokerPath(...path),
})

export const subscriptionsOf = (...infos: ConsumerInfo[]): BrokerSubscriptionInfo => ({
  kind: 'BrokerSubscriptionInfo',
  commandId: 0,
  responseRequired: false,
  brokerId: { kind: 'BrokerId', value: 'there' },
  brokerName: 'there',
  subscriptionInfos: infos,
})

export interface HarnessOptions {
  readonly remote?: string
  readonly networkDemands?: NetworkDemands
}

export class BridgeHarness {
  readonly table: DemandTable
  /** By number, what the bridge has of it here. */
  readonly demands = new Map<number, Demand>()
  readonly temporary = new Set<string>()
  /** What another bridge's demand has changed here, since it was looked at. */
  readonly changedByOthers: string[] = []

  constructor(settings: Partial<BridgeSettings> = {}, options: HarnessOptions = {}) {
    const remote = options.remote ?? 'there'
    this.table = new DemandTable({
      settings: bridgeSettings(settings),
      localBrokerId: 'here',
      localBrokerName: 'here',
      remoteBrokerId: remote,
      connectionId: `here->${remote}`,
      sessionId: 1,
      clientId: `NC_${remote}_inbound_here`,
      networkDemands: options.networkDemands ?? new NetworkDemands(),
      changed: (changes) => this.changedByOthers.push(...this.#carryOut(changes)),
    })
  }

  start(...subscriptions: string[]): string[] {
    const of = (text: string): DurableNetworkSubscription => {
      const destination = parseDestination(text)
      return { destination, subscriptionName: `NC-DS_here_${destination.name}` }
    }
    return this.#carryOut(this.table.start(subscriptions.map(of)))
  }

  heard(...structures: DataStructure[]): string[] {
    return structures.flatMap((structure) => this.#carryOut(this.table.heard(structure)))
  }

  synchronize(info: BrokerSubscriptionInfo): string[] {
    return this.#carryOut(this.table.synchronize(info))
  }

  takeChangedByOthers(): string[] {
    return this.changedByOthers.splice(0)
  }

  /** The destinations of its demands, those of durable ones with `!`. */
  get wanted(): string[] {
    return [...this.demands.values()]
      .map((demand) => `${destinationKey(demand.destination)}${demand.subscriptionName === null ? '' : '!'}`)
      .sort()
  }

  demandFor(destination: string): Demand {
    const demand = this.demands.values().find((d) => destinationKey(d.destination) === destination)
    expect(demand).toBeDefined()
    return demand!
  }

  /** Numbers of the demands that take along what is sent to the destination, which they match. */
  carriersOf(text: string): number[] {
    const destination = parseDestination(text)
    return [...this.demands.values()].filter((d) => this.table.carries(d, destination)).map((d) => d.number)
  }

  #carryOut(changes: readonly DemandChange[]): string[] {
    const lines = changes.map((change) => this.#carryOutOne(change))
    expect([...this.demands.keys()].filter((number) => this.table.demandOf(number) === undefined)).toEqual([])
    expect(this.table.size).toBe(this.demands.size)
    return lines
  }

  #carryOutOne(change: DemandChange): string {
    switch (change.kind) {
      case 'add': {
        const { demand } = change
        expect(this.demands.has(demand.number)).toBe(false)
        this.demands.set(demand.number, demand)
        return `+${demand.number} ${nameOf(demand)}`
      }
      case 'remove': {
        const { demand, unsubscribes } = change
        expect(this.demands.get(demand.number)).toBe(demand)
        this.demands.delete(demand.number)
        return `-${demand.number} ${destinationKey(demand.destination)}${unsubscribes ? ' unsubscribed' : ''}`
      }
      case 'unsubscribe':
        return `unsubscribed ${change.subscriptionName}`
      case 'addDestination':
        expect(this.temporary.has(destinationKey(change.destination))).toBe(false)
        this.temporary.add(destinationKey(change.destination))
        return `+ ${destinationKey(change.destination)}`
      case 'removeDestination':
        expect(this.temporary.delete(destinationKey(change.destination))).toBe(true)
        return `- ${destinationKey(change.destination)}`
      case 'refused':
        return `refused: ${change.reason}`
    }
  }
}

const nameOf = ({ destination, subscriptionName }: Demand): string =>
  `${destinationKey(destination)}${subscriptionName === null ? '' : ` as ${subscriptionName}`}`
