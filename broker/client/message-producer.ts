// Sends messages. A persistent message outside a transaction counts as sent when the broker has answered that it is stored; the
// others when the socket has taken them.
import { JmsError, jmsErrorOf } from './jms-error.ts'
import { isError } from '../base/errors.ts'
import type { Destination } from '../message/destination.ts'
import type { ProducerInfo, TransactionId } from '../wire/openwire/commands.ts'
import { buildRemoveInfo } from '../openwire/build-commands.ts'
import type { ConnectionContext } from './connection-context.ts'
import type { DestinationLike } from './destination-text.ts'
import { destinationOf } from '../openwire/destination-structure.ts'
import { toDestination } from './destination-text.ts'
import type { Fields } from './given.ts'
import { anything, aWholeNumber, check, checkFields, oneOf } from './given.ts'
import { producerIdText } from '../openwire/id-text.ts'
import type { Sendable } from './message.ts'
import { buildMessageCommand } from './message.ts'

export interface SendOptions {
  /** Only for producers without a destination of their own. */
  readonly destination?: DestinationLike | null | undefined
  readonly deliveryMode?: DeliveryMode | null | undefined
  /** 0..9 */
  readonly priority?: number | null | undefined
  /** Milliseconds; 0 = for ever. */
  readonly timeToLive?: number | null | undefined
}

export type DeliveryMode = 'persistent' | 'non-persistent'

const aDeliveryMode = oneOf('persistent', 'non-persistent')
const aPriority = aWholeNumber(0, 9)
/** So large that no date is beyond it. */
const aTimeToLive = aWholeNumber(0, 2 ** 52)

const sendFields: Fields = {
  destination: anything,
  deliveryMode: aDeliveryMode,
  priority: aPriority,
  timeToLive: aTimeToLive,
}

const noOptions: SendOptions = {}

export interface ProducerSession {
  /** The open transaction, begun if there is none; null in a session without transactions. */
  beginTransaction(): TransactionId | null
  removeProducer(producer: MessageProducer): void
}

export class MessageProducer {
  readonly info: ProducerInfo
  readonly #context: ConnectionContext
  readonly #session: ProducerSession
  deliveryMode: DeliveryMode = 'persistent'
  priority = 4
  /** Milliseconds; 0 = for ever. */
  timeToLive = 0
  #sequence = 0
  #closed = false

  constructor(info: ProducerInfo, context: ConnectionContext, session: ProducerSession) {
    this.info = info
    this.#context = context
    this.#session = session
  }

  get destination(): Destination | null {
    return this.info.destination === null ? null : destinationOf(this.info.destination)
  }

  /** Resolves with JMSMessageID when the message is sent. Rejects with JmsError when it is not. */
  async send(message: Sendable, options: SendOptions = noOptions): Promise<string> {
    if (this.#closed) throw illegalState('the producer is closed')
    if (options !== noOptions) checkFields('send', options, sendFields)
    const destination = this.#destinationFor(options.destination)
    const priority = options.priority ?? this.priority
    const deliveryMode = options.deliveryMode ?? this.deliveryMode
    const timeToLive = options.timeToLive ?? this.timeToLive
    check('send', 'priority', priority, aPriority)
    check('send', 'deliveryMode', deliveryMode, aDeliveryMode)
    check('send', 'timeToLive', timeToLive, aTimeToLive)
    const persistent = deliveryMode === 'persistent'
    const { options: settings } = this.#context
    // Without the time of sending there is none of expiry either, as in ActiveMQSession.send.
    const timestamp = settings.disableTimeStampsByDefault ? 0 : this.#context.clock.nowMs()
    const sequence = ++this.#sequence
    try {
      const header = {
        producerId: this.info.producerId!,
        sequence,
        destination,
        transactionId: null,
        persistent,
        priority,
        expiration: timestamp > 0 && timeToLive > 0 ? timestamp + timeToLive : 0,
        timestamp,
        compress: settings.useCompression,
      }
      const command = buildMessageCommand(message, header, settings)
      // Not begun for what cannot be sent.
      command.transactionId = this.#session.beginTransaction()
      const wait = settings.alwaysSyncSend || (persistent && !settings.useAsyncSend && command.transactionId === null)
      await (wait ? this.#context.request(command) : this.#context.post(command))
    } catch (error) {
      throw isError(error) ? jmsErrorOf(error) : error
    }
    return `${producerIdText(this.info.producerId!)}:${sequence}`
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#session.removeProducer(this)
    await this.#context.post(buildRemoveInfo(this.info.producerId))
  }

  #destinationFor(given: DestinationLike | null | undefined): Destination {
    const own = this.destination
    if (own && given) throw illegalState('the producer has a destination of its own')
    if (!own && (given === undefined || given === null))
      throw illegalState('neither the producer nor the call names a destination')
    const destination = own ?? toDestination(given!, 'send')
    if (this.#context.isDeletedTemporary(destination))
      throw new JmsError(
        'javax.jms.InvalidDestinationException',
        `Cannot publish to a deleted Destination: ${destination.kind}://${destination.name}`,
      )
    return destination
  }
}

const illegalState = (state: string): JmsError =>
  new JmsError('javax.jms.IllegalStateException', `Cannot send: ${state}`)
