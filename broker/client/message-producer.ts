// Sends messages. A persistent message outside a transaction counts as sent when the broker has answered that it is
// stored; the others when the socket has taken them (spec openwire.md section 8).
import { JmsError, jmsErrorOf } from './jms-error.ts'
import { isError } from '../base/errors.ts'
import type { Destination } from '../message/destination.ts'
import type { ProducerInfo, TransactionId } from '../wire/openwire/commands.ts'
import { buildRemoveInfo } from '../openwire/build-commands.ts'
import type { ConnectionContext } from './connection-context.ts'
import type { DestinationLike } from './destination-text.ts'
import { destinationOf } from '../openwire/destination-structure.ts'
import { toDestination } from './destination-text.ts'
import { producerIdText } from '../openwire/id-text.ts'
import type { OutgoingMessage } from './message.ts'
import { buildMessageCommand } from './message.ts'

export interface SendOptions {
  /** Only for producers without a destination of their own. */
  readonly destination?: DestinationLike
  readonly deliveryMode?: 'persistent' | 'non-persistent'
  /** 0..9 */
  readonly priority?: number
  /** Milliseconds; 0 = for ever. */
  readonly timeToLive?: number
}

export interface ProducerSession {
  /** The open transaction, begun if there is none; null in a session without transactions. */
  beginTransaction(): TransactionId | null
  removeProducer(producer: MessageProducer): void
}

export class MessageProducer {
  readonly info: ProducerInfo
  readonly #context: ConnectionContext
  readonly #session: ProducerSession
  deliveryMode: 'persistent' | 'non-persistent' = 'persistent'
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
  async send(message: OutgoingMessage | string | Buffer, options: SendOptions = {}): Promise<string> {
    if (this.#closed) throw illegalState('the producer is closed')
    const destination = this.#destinationFor(options.destination)
    const outgoing = typeof message === 'string' || Buffer.isBuffer(message) ? { body: message } : message
    const priority = options.priority ?? this.priority
    if (!Number.isInteger(priority) || priority < 0 || priority > 9)
      throw new JmsError('javax.jms.JMSException', `Cannot send: priority ${priority} is not one of 0 to 9`)
    const persistent = (options.deliveryMode ?? this.deliveryMode) === 'persistent'
    const timeToLive = options.timeToLive ?? this.timeToLive
    const timestamp = this.#context.clock.nowMs()
    const transactionId = this.#session.beginTransaction()
    const sequence = ++this.#sequence
    const { useCompression, useAsyncSend, alwaysSyncSend } = this.#context.options
    const command = buildMessageCommand(outgoing, {
      producerId: this.info.producerId!,
      sequence,
      destination,
      transactionId,
      persistent,
      priority,
      expiration: timeToLive > 0 ? timestamp + timeToLive : 0,
      timestamp,
      compress: useCompression,
    })
    const wait = alwaysSyncSend || (persistent && !useAsyncSend && transactionId === null)
    try {
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

  #destinationFor(given: DestinationLike | undefined): Destination {
    const own = this.destination
    if (own && given !== undefined) throw illegalState('the producer has a destination of its own')
    if (!own && given === undefined) throw illegalState('neither the producer nor the call names a destination')
    const destination = own ?? toDestination(given!)
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
