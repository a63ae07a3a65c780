// Messages that come in: from their frames to the region without decoding them where their form permits it, and the answers
// that their senders wait for.
import type { Clock } from '../../base/clock.ts'
import { RefusalError } from '../../base/errors.ts'
import type { FieldOffsets } from '../../message/message-fields.ts'
import type { Message } from '../../message/message.ts'
import type { Command } from '../../wire/openwire/commands.ts'
import type { MessageForm } from '../../wire/openwire/stored-form.ts'
import { rewrittenOffsets, storedFormOfTight } from '../../wire/openwire/tight-to-loose.ts'
import { buildProducerAck } from './answers.ts'
import { keptFrame } from './kept-frame.ts'
import { acceptMessage, type AcceptedMessage } from './message-intake.ts'
import type { SocketConnections } from './socket-connections.ts'

/** Whoever sent the messages. */
export interface MessagePeer {
  send(command: Command): void
  answer(commandId: number, responseRequired: boolean, error: RefusalError | undefined): void
}

/** A bridge that takes advisories for itself. */
export interface AdvisoryReceiver {
  /** False when the message is for the region. */
  takeMessage(message: Message): boolean
}

export class MessageReceiver {
  /** What the message frames of this connection are. */
  form: MessageForm = 'other'
  /** Of a connection that is a duplex bridge; else null. */
  bridge: AdvisoryReceiver | null = null
  readonly #clock: Clock
  readonly #connections: SocketConnections
  readonly #peer: MessagePeer

  constructor(clock: Clock, connections: SocketConnections, peer: MessagePeer) {
    this.#clock = clock
    this.#connections = connections
    this.#peer = peer
  }

  /** False when the frame has to be decoded, and then given to `receive` in its stored form. */
  receiveFrame(frame: Buffer): boolean {
    if (this.form === 'stored') {
      this.receive(keptFrame(frame))
      return true
    }
    const stored = this.form === 'tight' ? storedFormOfTight(frame) : null
    if (stored) this.receive(stored, rewrittenOffsets)
    return stored !== null
  }

  /** `stored` is owned by the message from here on. `offsets`: of its fields, where they are known. */
  receive(stored: Buffer, offsets?: FieldOffsets): void {
    const accepted = acceptMessage(stored, this.#clock.nowMs(), offsets)
    try {
      this.#send(accepted)
    } catch (error) {
      if (!(error instanceof RefusalError)) throw error
      this.#done(accepted, error)
    }
  }

  #send(accepted: AcceptedMessage): void {
    if (accepted.error) throw accepted.error
    const { connectionId, producerId, message, transactionId } = accepted
    const connection = this.#connections.get(connectionId, 'send message')
    if (!connection.producers.has(producerId))
      throw new RefusalError('ILLEGAL_STATE', `Cannot send message: producer ${producerId} had not been registered`)
    if (this.bridge?.takeMessage(message) === true) return this.#done(accepted, undefined)
    connection.region.send(message, transactionId, (error) => this.#done(accepted, error))
  }

  #done(accepted: AcceptedMessage, error: RefusalError | undefined): void {
    const { commandId, async, connectionId, producerId, transactionId, message } = accepted
    const connection = this.#connections.find(connectionId)
    if (error && transactionId !== null && async) connection?.region.failTransaction(transactionId, error)
    const producer = connection?.producers.get(producerId)
    // Also after a refusal, or the producer's window would stay smaller for ever.
    if (async && message && producer && producer.info.windowSize > 0)
      this.#peer.send(buildProducerAck(producer.info.producerId, message.size))
    this.#peer.answer(commandId, !async, error)
  }
}
