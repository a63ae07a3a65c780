// Takes away what strangers leave in queues, so that a long run does not end in a full memory.
import type { Destination } from '../../broker/message/destination.ts'
import type { Delivery, Region, RegionConnection } from '../../broker/region/region.ts'
import { acknowledgementNamed } from '../support/acknowledgement.ts'

export class Janitor {
  readonly #connection: RegionConnection
  readonly #delivered: Delivery[] = []

  constructor(region: Region) {
    const options = { connectionId: 'janitor', clientId: 'janitor', failoverReconnect: false }
    this.#connection = region.connect(options, {
      deliver: (delivery) => void this.#delivered.push(delivery),
      deliverNothing() {},
      pause() {},
      resume() {},
    })
  }

  /** Takes all messages out of all queues. */
  async drain(): Promise<void> {
    const consumerId = 'janitor:1:1'
    this.#connection.addConsumer(consumerOf(consumerId, { kind: 'queue', name: '>' }))
    for (let idle = 0; idle < 3; idle++) {
      await settle()
      if (this.#delivered.length > 0) idle = -1
      for (const { message, sequence } of this.#delivered.splice(0)) {
        const reference = { messageId: message.messageId, sequence }
        this.#connection.acknowledge(acknowledgementNamed('individual', { consumerId, last: reference })!, () => {})
      }
    }
    this.#connection.removeConsumer(consumerId, 'nothing')
  }
}

/** Behind all others. */
const consumerOf = (consumerId: string, destination: Destination) => ({
  consumerId,
  destination,
  prefetchSize: 1000,
  priority: -128,
  exclusive: false,
  noLocal: false,
  maximumPendingMessageLimit: 0,
  selector: null,
  browser: false,
  subscriptionName: null,
})

/** Lets callbacks of the store and reads from it run. */
export async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}
