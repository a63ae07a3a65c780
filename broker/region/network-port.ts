// The port of a bridge's consumers: what they are given leaves this broker, and may come back (network-arrivals.ts).
import type { DeliveryPort } from '../destination/subscription/delivery-port.ts'
import type { NetworkArrivals } from './network-arrivals.ts'
import type { Delivery } from './region.ts'

export class NetworkPort implements DeliveryPort {
  readonly #port: DeliveryPort
  readonly #arrivals: NetworkArrivals

  constructor(port: DeliveryPort, arrivals: NetworkArrivals) {
    this.#port = port
    this.#arrivals = arrivals
  }

  get congested(): boolean {
    return this.#port.congested === true
  }

  deliver(delivery: Delivery): void {
    this.#arrivals.left(delivery.message, delivery.destination)
    this.#port.deliver(delivery)
  }

  deliverNothing(consumerId: string): void {
    this.#port.deliverNothing(consumerId)
  }

  limitReached(limit: string): void {
    this.#port.limitReached?.(limit)
  }
}
