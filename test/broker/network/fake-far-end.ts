// The other end of a bridge that writes down what it is given, and answers when a test says so.
import { ForwardedForm } from '../../../broker/message/forwarded-form.ts'
import { StoredMessage } from '../../../broker/message/stored-message.ts'
import { parseProducerId } from '../../../broker/openwire/id-text.ts'
import type { Answered, BridgeCommand, FarEnd, ForwardHeader } from '../../../broker/network/far-end.ts'
import type { Delivery } from '../../../broker/region/region.ts'
import { buildThrowable } from '../../../broker/wire/openwire/throwable.ts'
import { ownProvider } from '../../../broker/wire/openwire/wire-format.ts'

export interface Forwarded {
  readonly delivery: Delivery
  readonly answered: Answered | null
}

export class FakeFarEnd implements FarEnd {
  readonly address = 'tcp://there:61616'
  readonly version: number
  /** One of ours. */
  provider: string | undefined = ownProvider
  readonly sent: BridgeCommand[] = []
  readonly forwarded: Forwarded[] = []
  received = 0
  congested = false
  awaitsAnswers = false
  closed = false
  paused = false
  /** Requests that wait for a test to answer them; null: all are answered at once. */
  unanswered: Answered[] | null = null
  /** What cannot be sent to this broker. */
  unsendable: ((delivery: Delivery) => Error | null) | null = null

  constructor(version = 12) {
    this.version = version
  }

  get kinds(): string[] {
    return this.sent.map(({ kind }) => kind)
  }

  send(command: BridgeCommand): void {
    this.sent.push(command)
  }

  request(command: BridgeCommand, answered: Answered): void {
    this.sent.push(command)
    if (this.unanswered) this.unanswered.push(answered)
    else answered(null)
  }

  forward(delivery: Delivery, { producerId, brokerId }: ForwardHeader, answered: Answered | null): void {
    const error = this.unsendable?.(delivery)
    if (error) throw error
    const { connectionId, sessionId, value } = parseProducerId(producerId)
    const producer = { connectionId: connectionId ?? '', sessionId: Number(sessionId), value: Number(value) }
    // As the real ones do: it must be possible.
    StoredMessage.scan(new ForwardedForm(producer, brokerId).of(delivery.message, delivery.destination, 0))
    this.forwarded.push({ delivery, answered })
  }

  pause(): void {
    this.paused = true
  }

  resume(): void {
    this.paused = false
  }

  close(): void {
    this.closed = true
  }

  /** producerSequenceIds in the order in which they were forwarded. */
  get numbers(): number[] {
    return this.forwarded.map(({ delivery }) => delivery.message.producerSequenceId)
  }

  /** `refusal`: why the other broker does not take the message of this number. */
  answer(number: number, refusal: string | null = null): void {
    const found = this.forwarded.find(({ delivery }) => delivery.message.producerSequenceId === number)!
    found.answered!(refusal === null ? null : buildThrowable('javax.jms.JMSException', refusal))
  }
}
