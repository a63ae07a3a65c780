// Delivery → the bytes of a MessageDispatch. On connections whose messages have the layout of the stored form the stored
// bytes go out as they are; in the tight encoding they are rewritten field by field; on other connections they are decoded and
// encoded again. Stored bytes are never written to: the store and other connections hold them too.
import { writeLong } from '../../message/loose-scanner.ts'
import type { Delivery } from '../../region/region.ts'
import type { ConsumerId, MessageDispatch } from '../../wire/openwire/commands.ts'
import { encodeTightDispatch, TightDispatchTemplate } from '../../wire/openwire/loose-to-tight.ts'
import { DispatchTemplate } from '../../wire/openwire/message-dispatch.ts'
import type { OpenWireCodec } from '../../wire/openwire/openwire-codec.ts'
import { messageCommandOf, messageFormOf, type MessageForm } from '../../wire/openwire/stored-form.ts'
import { copiedMessageBytes } from './limits.ts'
import { patchBrokerOutTime, sentTailBytes } from './broker-times.ts'
import { structureOf } from '../../openwire/destination-structure.ts'

const sizePrefixBytes = 4
const redeliveryCounterBytes = 4

/** What is kept for each consumer between dispatches. */
export class DispatchState {
  readonly consumerId: ConsumerId
  readonly loose: TemplateOf<DispatchTemplate>
  readonly tight: TemplateOf<TightDispatchTemplate>

  constructor(consumerId: ConsumerId) {
    this.consumerId = consumerId
    this.loose = new TemplateOf((destination) => new DispatchTemplate(consumerId, structureOf(destination)))
    this.tight = new TemplateOf((destination) => new TightDispatchTemplate(consumerId, structureOf(destination)))
  }
}

/** The template for the last destination that a consumer got something from. */
class TemplateOf<Template> {
  readonly #make: (destination: Delivery['destination']) => Template
  #destination: Delivery['destination'] | null = null
  #template: Template | null = null

  constructor(make: (destination: Delivery['destination']) => Template) {
    this.#make = make
  }

  for(destination: Delivery['destination']): Template {
    const known = this.#destination
    if (this.#template && known?.name === destination.name && known.kind === destination.kind) return this.#template
    this.#destination = destination
    return (this.#template = this.#make(destination))
  }
}

export class DispatchEncoder {
  readonly #codec: OpenWireCodec
  readonly #form: MessageForm

  constructor(codec: OpenWireCodec) {
    this.#codec = codec
    this.#form = messageFormOf(codec.format)
  }

  /** Buffers to be written one after the other. */
  encode(state: DispatchState, delivery: Delivery, nowMs: number): Buffer[] {
    if (this.#form === 'stored') return wrap(state, delivery, nowMs)
    const tight = this.#form === 'tight' ? rewrite(state, delivery, nowMs) : null
    return tight ?? [this.#reencode(state, delivery, nowMs)]
  }

  /** The answer to a pull that found nothing. */
  encodeEnd({ consumerId }: DispatchState): Buffer {
    return this.#codec.encode(buildDispatch(consumerId, null, null, 0))
  }

  #reencode({ consumerId }: DispatchState, delivery: Delivery, nowMs: number): Buffer {
    const decoded = messageCommandOf(delivery.message.bytes)
    const messageId = decoded.messageId && { ...decoded.messageId, brokerSequenceId: delivery.sequence }
    const message = { ...decoded, messageId, brokerOutTime: nowMs }
    const destination = structureOf(delivery.destination)
    return this.#codec.encode(buildDispatch(consumerId, destination, message, delivery.redeliveryCounter))
  }
}

/** Wraps the stored bytes; the broker's sequence and the time of sending are put into what is copied of them. */
function wrap(state: DispatchState, delivery: Delivery, nowMs: number): Buffer[] {
  const { bytes, brokerSequenceAt } = delivery.message
  const { header } = state.loose.for(delivery.destination)
  const frameBytes = header.length + bytes.length + redeliveryCounterBytes
  const copiesAll = bytes.length <= copiedMessageBytes
  // Up to and with the sequence, or everything.
  const copied = copiesAll ? bytes.length : brokerSequenceAt + 8
  const start = Buffer.allocUnsafe(header.length + copied + (copiesAll ? redeliveryCounterBytes : 0))
  start.set(header)
  start.writeInt32BE(frameBytes - sizePrefixBytes, 0)
  bytes.copy(start, header.length, 0, copied)
  writeLong(start, header.length + brokerSequenceAt, delivery.sequence)
  if (copiesAll) {
    patchBrokerOutTime(start, header.length + copied, bytes, nowMs)
    start.writeInt32BE(delivery.redeliveryCounter, header.length + copied)
    return [start]
  }
  const end = Buffer.allocUnsafe(sentTailBytes + redeliveryCounterBytes)
  bytes.copy(end, 0, bytes.length - sentTailBytes)
  patchBrokerOutTime(end, sentTailBytes, bytes, nowMs)
  end.writeInt32BE(delivery.redeliveryCounter, sentTailBytes)
  return [start, bytes.subarray(copied, bytes.length - sentTailBytes), end]
}

/** The fields in the tight encoding; null when the message has something that is not covered. */
function rewrite(state: DispatchState, delivery: Delivery, nowMs: number): Buffer[] | null {
  const sent = { brokerSequenceId: delivery.sequence, brokerOutTime: nowMs }
  const { bytes } = delivery.message
  return encodeTightDispatch(state.tight.for(delivery.destination), bytes, sent, delivery.redeliveryCounter)
}

const buildDispatch = (
  consumerId: ConsumerId,
  destination: MessageDispatch['destination'],
  message: MessageDispatch['message'],
  redeliveryCounter: number,
): MessageDispatch => ({
  kind: 'MessageDispatch',
  commandId: 0,
  responseRequired: false,
  consumerId,
  destination,
  message,
  redeliveryCounter,
})
