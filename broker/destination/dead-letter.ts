// Dead letters: which messages are kept as such and where (ActiveMQ: SharedDeadLetterStrategy, IndividualDeadLetterStrategy,
// DiscardingDeadLetterStrategy), and the copy that goes there, as ActiveMQ makes it (RegionBroker.sendToDeadLetterQueue).
// Carried out by region/dead-letter-router.ts; which destination has which strategy: dead-letter-strategies.ts.
import type { PrimitiveMap, PrimitiveValue } from '../marshal/primitive-map.ts'
import { destinationKey, isQueue, type Destination } from '../message/destination.ts'
import type { Message } from '../message/message.ts'
import { nameLimits } from '../routing/limits.ts'
import { destinationLimits } from './limits.ts'

/** The default strategy: one queue for all. */
export interface DeadLetterConfig extends DeadLetterRules {
  readonly queue: string
}

interface DeadLetterRules {
  readonly processExpired: boolean
  readonly processNonPersistent: boolean
  /** How long letters live; 0 or left out: for ever. */
  readonly expirationMs?: number
  /** So many are remembered, so that none is kept twice; 0: twice is twice. Default: destinationLimits. */
  readonly auditDepth?: number
}

/** A place for each destination that letters come from. */
export interface IndividualPlaces {
  readonly queuePrefix: string
  readonly queueSuffix: string
  readonly topicPrefix: string
  readonly topicSuffix: string
  readonly useQueueForQueueMessages: boolean
  readonly useQueueForTopicMessages: boolean
}

export type DeadLetterStrategyConfig =
  | ({ readonly kind: 'shared' } & DeadLetterConfig)
  | ({ readonly kind: 'individual' } & IndividualPlaces & DeadLetterRules)
  | { readonly kind: 'discarding' }

export type DeadLetterReason = 'poison' | 'expired'

export class DeadLetterStrategy {
  readonly #config: DeadLetterStrategyConfig
  readonly #audit = new Set<string>()
  readonly #auditDepth: number

  constructor(config: DeadLetterStrategyConfig) {
    this.#config = config
    const { deadLetterAuditDepth } = destinationLimits
    const depth = config.kind === 'discarding' ? 0 : config.auditDepth
    this.#auditDepth = Math.min(depth ?? deadLetterAuditDepth, deadLetterAuditDepth)
  }

  /** Where letters from `source` go; null when they are dropped. */
  placeFor(source: Destination): Destination | null {
    const config = this.#config
    if (config.kind === 'discarding') return null
    const place: Destination =
      config.kind === 'shared' ? { kind: 'queue', name: config.queue } : individualPlace(config, source)
    return place.kind === source.kind && place.name === source.name ? null : place
  }

  /**
   * True when `message`, coming from `source`, is to be kept as a dead letter. Remembers it: the same message from the
   * same place is not kept twice. Copies of one message in several places are different dead letters.
   */
  admits(message: Message, source: Destination, reason: DeadLetterReason): boolean {
    const config = this.#config
    if (config.kind === 'discarding' || this.placeFor(source) === null) return false
    if (reason === 'expired' && !config.processExpired) return false
    if (!message.persistent && !config.processNonPersistent) return false
    return this.#auditDepth === 0 || this.#isNew(`${destinationKey(source)} ${message.messageId}`)
  }

  /** The copy for `place`. `source` is where the message was; `cause` a text for people, null for none. */
  build(message: Message, source: Destination, place: Destination, cause: string | null, nowMs: number): Message {
    const config = this.#config
    const expirationMs = config.kind === 'discarding' ? 0 : (config.expirationMs ?? 0)
    const changes = {
      destination: place,
      originalDestination: source,
      originalTransactionId: 'transaction',
      transactionId: null,
      persistent: true,
      expiration: expirationMs === 0 ? 0 : nowMs + expirationMs,
      redeliveryCounter: 0,
    } as const
    try {
      return message.withChanges({ ...changes, properties: addedProperties(message, cause, expirationMs === 0) })
    } catch {
      // Its own properties cannot be decoded: better a dead letter without the cause than none.
      return message.withChanges(changes)
    }
  }

  #isNew(key: string): boolean {
    if (this.#audit.has(key)) return false
    this.#audit.add(key)
    if (this.#audit.size > this.#auditDepth)
      for (const oldest of this.#audit) {
        this.#audit.delete(oldest)
        break
      }
    return true
  }
}

/** A name that would be longer than names may be is cut short: better a place with others than none. */
function individualPlace(places: IndividualPlaces, source: Destination): Destination {
  const fromQueue = isQueue(source)
  const prefix = fromQueue ? places.queuePrefix : places.topicPrefix
  const suffix = fromQueue ? places.queueSuffix : places.topicSuffix
  const toQueue = fromQueue ? places.useQueueForQueueMessages : places.useQueueForTopicMessages
  const room = nameLimits.maximumNameLength - prefix.length - suffix.length
  return { kind: toQueue ? 'queue' : 'topic', name: `${prefix}${source.name.slice(0, room).trimEnd()}${suffix}` }
}

/**
 * As in ActiveMQ a letter that lives for a while only does not say when it would have expired.
 * @throws {FormatError} when its own properties cannot be decoded.
 */
function addedProperties(message: Message, cause: string | null, forEver: boolean): PrimitiveMap {
  const added = new Map<string, PrimitiveValue>()
  // That of its first death counts.
  if (forEver && !message.decodeProperties().has('originalExpiration'))
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
