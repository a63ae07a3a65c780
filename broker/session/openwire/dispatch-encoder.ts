// Delivery → the bytes of a MessageDispatch. On connections whose messages have the layout of the stored form the stored
// bytes go out as they are; on others they are decoded and encoded again. Stored bytes are never written to: the store
// and other connections hold them too.
import { writeLong } from '../../message/loose-scanner.ts'
import { StoredMessage } from '../../message/stored-message.ts'
import type { Delivery } from '../../routing/region.ts'
import type { ConsumerId, MessageDispatch } from '../../wire/openwire/commands.ts'
import { DispatchTemplate } from '../../wire/openwire/message-dispatch.ts'
import type { OpenWireCodec } from '../../wire/openwire/openwire-codec.ts'
import { carriesStoredForm, messageCommandOf } from '../../wire/openwire/stored-form.ts'
import { patchBrokerOutTime, sentTailBytes } from './broker-times.ts'
import { structureOf } from './destination-structure.ts'

/** Below this, one copy costs less than three entries in a vectored write. */
const copiedMessageBytes = 4096

const sizePrefixBytes = 4
const redeliveryCounterBytes = 4

/** What is kept for each consumer between dispatches. */
export interface DispatchState {
  readonly consumerId: ConsumerId
  /** The destination that `template` is for, as kind and name. */
  destination: Delivery['destination'] | null
  template: DispatchTemplate | null
}

export class DispatchEncoder {
  readonly #codec: OpenWireCodec
  readonly #wraps: boolean

  constructor(codec: OpenWireCodec) {
    this.#codec = codec
    this.#wraps = carriesStoredForm(codec.format)
  }

  /** Buffers to be written one after the other. */
  encode(state: DispatchState, delivery: Delivery, nowMs: number): Buffer[] {
    return this.#wraps ? wrap(state, delivery, nowMs) : [this.#reencode(state, delivery, nowMs)]
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
  const { message } = delivery
  const { bytes, brokerSequenceAt } = message instanceof StoredMessage ? message : StoredMessage.scan(message.bytes)
  const { header } = templateFor(state, delivery)
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

function templateFor(state: DispatchState, { destination }: Delivery): DispatchTemplate {
  const { template, destination: known } = state
  if (template && known?.name === destination.name && known.kind === destination.kind) return template
  state.destination = destination
  return (state.template = new DispatchTemplate(state.consumerId, structureOf(destination)))
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
