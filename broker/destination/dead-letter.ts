// Dead letters (spec broker-semantics.md section 4): which messages go to the dead letter queue, and the copy that goes
// there. Carried out by routing/dead-letter-router.ts.
import type { PrimitiveValue } from '../marshal/primitive-map.ts'
import type { Destination } from '../message/destination.ts'
import type { Message } from '../message/message.ts'
import { StoredMessage } from '../message/stored-message.ts'
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
   * same queue is not kept twice. Copies of one message in several queues are different dead letters.
   */
  admits(message: Message, source: Destination, reason: DeadLetterReason): boolean {
    if (source.kind === 'queue' && source.name === this.#config.queue) return false
    if (reason === 'expired' && !this.#config.processExpired) return false
    if (!message.persistent && !this.#config.processNonPersistent) return false
    const key = `${source.name} ${message.messageId}`
    if (this.#audit.has(key)) return false
    this.#audit.add(key)
    if (this.#audit.size > destinationLimits.deadLetterAuditDepth)
      for (const oldest of this.#audit) {
        this.#audit.delete(oldest)
        break
      }
    return true
  }

  /** The copy for the dead letter queue. `source` is where the message was; `cause` a text for people. */
  build(message: Message, source: Destination, cause: string): StoredMessage {
    const properties = new Map<string, PrimitiveValue>([['dlqDeliveryFailureCause', { type: 'string', value: cause }]])
    if (!message.persistent) properties.set('originalDeliveryMode', { type: 'string', value: 'NON_PERSISTENT' })
    if (message.expiration > 0) properties.set('originalExpiration', { type: 'long', value: message.expiration })
    const changes = {
      destination: this.destination,
      originalDestination: source,
      originalTransactionId: 'transaction',
      transactionId: null,
      persistent: true,
      expiration: 0,
    } as const
    const form = editable(message)
    try {
      return form.withChanges({ ...changes, properties })
    } catch {
      // Its own properties cannot be decoded: better a dead letter without the cause than none.
      return form.withChanges(changes)
    }
  }
}

/** A message with another address, as the members of a composite get it. */
export const readdress = (message: Message, destination: Destination, originalDestination: Destination): Message =>
  editable(message).withChanges({ destination, originalDestination })

const editable = (message: Message): StoredMessage =>
  message instanceof StoredMessage ? message : StoredMessage.scan(message.bytes)

export const expiredCause = (message: Message): string =>
  `java.lang.Throwable: Message Expired. Expiration:${message.expiration}`
