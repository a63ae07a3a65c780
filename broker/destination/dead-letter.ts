// Dead letters: which messages go to the dead letter queue, and the copy that goes there, as ActiveMQ makes it
// (RegionBroker.sendToDeadLetterQueue). Carried out by region/dead-letter-router.ts.
import type { PrimitiveMap, PrimitiveValue } from '../marshal/primitive-map.ts'
import { destinationKey, type Destination } from '../message/destination.ts'
import type { Message } from '../message/message.ts'
import { destinationLimits } from './limits.ts'

export interface DeadLetterConfig {
  readonly queue: string
  readonly processExpired: boolean
  readonly processNonPersistent: boolean
}

export type DeadLetterReason = 'poison' | 'expired'

export class DeadLetterStrategy {
  readonly destination: Destination
  readonly #config: DeadLetterConfig
  readonly #audit = new Set<string>()

  constructor(config: DeadLetterConfig) {
    this.#config = config
    this.destination = { kind: 'queue', name: config.queue }
  }

  /**
   * True when `message`, coming from `source`, is to be kept as a dead letter. Remembers it: the same message from the
   * same place is not kept twice. Copies of one message in several places are different dead letters.
   */
  admits(message: Message, source: Destination, reason: DeadLetterReason): boolean {
    if (source.kind === 'queue' && source.name === this.#config.queue) return false
    if (reason === 'expired' && !this.#config.processExpired) return false
    if (!message.persistent && !this.#config.processNonPersistent) return false
    const key = `${destinationKey(source)} ${message.messageId}`
    if (this.#audit.has(key)) return false
    this.#audit.add(key)
    if (this.#audit.size > destinationLimits.deadLetterAuditDepth)
      for (const oldest of this.#audit) {
        this.#audit.delete(oldest)
        break
      }
    return true
  }

  /** The copy for the dead letter queue. `source` is where the message was; `cause` a text for people, null for none. */
  build(message: Message, source: Destination, cause: string | null): Message {
    const changes = {
      destination: this.destination,
      originalDestination: source,
      originalTransactionId: 'transaction',
      transactionId: null,
      persistent: true,
      expiration: 0,
      redeliveryCounter: 0,
    } as const
    try {
      return message.withChanges({ ...changes, properties: addedProperties(message, cause) })
    } catch {
      // Its own properties cannot be decoded: better a dead letter without the cause than none.
      return message.withChanges(changes)
    }
  }
}

/** @throws {FormatError} when its own properties cannot be decoded. */
function addedProperties(message: Message, cause: string | null): PrimitiveMap {
  const added = new Map<string, PrimitiveValue>()
  // That of its first death counts.
  if (!message.decodeProperties().has('originalExpiration'))
    added.set('originalExpiration', { type: 'long', value: message.expiration })
  if (!message.persistent) added.set('originalDeliveryMode', { type: 'string', value: 'NON_PERSISTENT' })
  if (cause !== null) added.set('dlqDeliveryFailureCause', { type: 'string', value: cause })
  return added
}

/** A message with another address, as the members of a composite get it. */
export const readdress = (message: Message, destination: Destination, originalDestination: Destination): Message =>
  message.withChanges({ destination, originalDestination })

export const expiredCause = (message: Message): string =>
  `java.lang.Throwable: Message Expired. Expiration:${message.expiration}`
