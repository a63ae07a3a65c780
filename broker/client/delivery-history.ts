// What a connection with failover remembers of the messages that it got over connections which are lost: which of them must
// not come again, and how often those that may come again were delivered before. The next broker does not know that.
import { destinationOf } from '../openwire/destination-structure.ts'
import { consumerIdText, producerIdText } from '../openwire/id-text.ts'
import { isQueue } from '../message/destination.ts'
import type { ConsumerInfo, MessageCommand } from '../wire/openwire/commands.ts'
import { maxRememberedDeliveries } from './limits.ts'
import { MessageAudit } from './message-audit.ts'

interface MessageKey {
  readonly destination: string
  readonly producerId: string
  readonly sequence: number
}

export class DeliveryHistory {
  /** Null when duplicates are not looked for. */
  readonly #audit: MessageAudit | null
  /** Message → deliveries, of those that may come again; oldest first. */
  readonly #deliveries = new Map<string, number>()

  constructor(checkForDuplicates: boolean) {
    this.#audit = checkForDuplicates ? new MessageAudit() : null
  }

  /** True when the message was here before and is not expected again. */
  isDuplicate(message: MessageCommand, consumer: ConsumerInfo): boolean {
    const key = this.#audit && keyOf(message, consumer)
    return key !== null && this.#audit!.isDuplicate(key.destination, key.producerId, key.sequence)
  }

  /** The message may come again; so far it was delivered to the application `deliveries` times. */
  expectAgain(message: MessageCommand, consumer: ConsumerInfo, deliveries: number): void {
    const key = keyOf(message, consumer)
    if (key === null) return
    this.#audit?.rollback(key.destination, key.producerId, key.sequence)
    if (deliveries === 0) return
    this.#deliveries.set(textOf(key), deliveries)
    if (this.#deliveries.size > maxRememberedDeliveries) this.#deliveries.delete(this.#deliveries.keys().next().value!)
  }

  /** How often the message that comes now was delivered over lost connections. Forgets it. */
  deliveriesBefore(message: MessageCommand, consumer: ConsumerInfo): number {
    if (this.#deliveries.size === 0) return 0
    const key = keyOf(message, consumer)
    if (key === null) return 0
    const text = textOf(key)
    const deliveries = this.#deliveries.get(text) ?? 0
    this.#deliveries.delete(text)
    return deliveries
  }
}

/** On topics every consumer gets its own copy, on queues one consumer of the connection gets the message. */
function keyOf({ messageId, destination }: MessageCommand, consumer: ConsumerInfo): MessageKey | null {
  if (!messageId?.producerId || !destination || consumer.browser) return null
  const { name, kind } = destinationOf(destination)
  const owner = isQueue({ name, kind }) ? '' : `${consumerIdText(consumer.consumerId!)} `
  return {
    destination: `${owner}${kind}://${name}`,
    producerId: producerIdText(messageId.producerId),
    sequence: Number(messageId.producerSequenceId),
  }
}

const textOf = ({ destination, producerId, sequence }: MessageKey): string => `${producerId}:${sequence} ${destination}`
