// An application at one broker: a connection with one consumer, which is given messages and acknowledges them one by one.
import type { Destination } from '../../../broker/message/destination.ts'
import type { Delivery, RegionConnection } from '../../../broker/region/region.ts'
import type { SimulatedBroker } from './simulated-network.ts'

export interface ApplicationOptions {
  /** Of its connection; never used twice. */
  readonly id: string
  readonly clientId: string
  readonly destination: Destination
  readonly prefetchSize: number
  readonly selector: string | null
  readonly subscriptionName: string | null
  readonly delivered: (delivery: Delivery) => void
}

export class Application {
  readonly connection: RegionConnection
  readonly #broker: SimulatedBroker
  readonly #consumerId: string
  #unacknowledged: Delivery[] = []

  constructor(broker: SimulatedBroker, options: ApplicationOptions) {
    const { id, clientId, delivered, ...consumer } = options
    this.#broker = broker
    this.#consumerId = `${id}:1:1`
    this.connection = broker.service.region.connect(
      { connectionId: id, clientId, failoverReconnect: false },
      {
        deliver: (delivery) => {
          delivered(delivery)
          this.#unacknowledged.push(delivery)
        },
        deliverNothing() {},
        pause() {},
        resume() {},
      },
    )
    this.connection.addConsumer({
      ...consumer,
      consumerId: this.#consumerId,
      priority: 0,
      exclusive: false,
      noLocal: false,
      maximumPendingMessageLimit: 0,
      browser: false,
    })
    broker.parts.advisories.flush()
  }

  /** Messages that it has. */
  get has(): number {
    return this.#unacknowledged.length
  }

  takeAll(): readonly Delivery[] {
    const taken = this.#unacknowledged
    this.#unacknowledged = []
    return taken
  }

  acknowledge({ consumerId, message, sequence }: Delivery, answered: () => void): void {
    const last = { messageId: message.messageId, sequence }
    const one = { scope: 'single', first: null, last, messageCount: 1, credit: 0, cause: null } as const
    const acknowledgement = {
      ...one,
      outcome: 'accepted',
      consumerId,
      transactionId: null,
      responseRequired: true,
    } as const
    this.connection.acknowledge(acknowledgement, answered)
  }

  /** Its durable subscription is deleted; answered at once. */
  unsubscribe(clientId: string, subscriptionName: string): void {
    this.connection.removeConsumer(this.#consumerId, 'unknown')
    this.connection.removeSubscription(clientId, subscriptionName)
    this.connection.whenDurable(() => {})
    this.#broker.parts.advisories.flush()
    this.#broker.store.sync()
    this.connection.close()
  }
}
