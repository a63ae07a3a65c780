// Several listeners as one, in their order.
import type { RegionListener } from './region.ts'

export function joinListeners(listeners: readonly RegionListener[]): RegionListener {
  const [only] = listeners
  return listeners.length === 1 && only ? only : new RegionListeners(listeners)
}

class RegionListeners implements RegionListener {
  readonly #listeners: readonly RegionListener[]

  constructor(listeners: readonly RegionListener[]) {
    this.#listeners = listeners
  }

  connectionAdded(...values: Parameters<RegionListener['connectionAdded']>): void {
    for (const listener of this.#listeners) listener.connectionAdded(...values)
  }

  connectionRemoved(...values: Parameters<RegionListener['connectionRemoved']>): void {
    for (const listener of this.#listeners) listener.connectionRemoved(...values)
  }

  destinationAdded(...values: Parameters<RegionListener['destinationAdded']>): void {
    for (const listener of this.#listeners) listener.destinationAdded(...values)
  }

  destinationRemoved(...values: Parameters<RegionListener['destinationRemoved']>): void {
    for (const listener of this.#listeners) listener.destinationRemoved(...values)
  }

  consumerAdded(...values: Parameters<RegionListener['consumerAdded']>): void {
    for (const listener of this.#listeners) listener.consumerAdded(...values)
  }

  consumerRemoved(...values: Parameters<RegionListener['consumerRemoved']>): void {
    for (const listener of this.#listeners) listener.consumerRemoved(...values)
  }

  subscriptionRemoved(...values: Parameters<RegionListener['subscriptionRemoved']>): void {
    for (const listener of this.#listeners) listener.subscriptionRemoved(...values)
  }

  producerAdded(...values: Parameters<RegionListener['producerAdded']>): void {
    for (const listener of this.#listeners) listener.producerAdded(...values)
  }

  producerRemoved(...values: Parameters<RegionListener['producerRemoved']>): void {
    for (const listener of this.#listeners) listener.producerRemoved(...values)
  }

  messageExpired(...values: Parameters<RegionListener['messageExpired']>): void {
    for (const listener of this.#listeners) listener.messageExpired(...values)
  }

  messageDeadLettered(...values: Parameters<RegionListener['messageDeadLettered']>): void {
    for (const listener of this.#listeners) listener.messageDeadLettered(...values)
  }
}
