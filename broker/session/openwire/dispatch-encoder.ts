// Delivery → the bytes of a MessageDispatch. On connections whose messages have the layout of the stored form the stored
// bytes go out as they are; on others they are decoded and encoded again. Stored bytes are never written to: the store
// and other connections hold them too.
import { StoredMessage } from '../../message/stored-message.ts'
import type { Delivery } from '../../routing/region.ts'
import type { ConsumerId, MessageDispatch } from '../../wire/openwire/commands.ts'
import { DispatchTemplate } from '../../wire/openwire/message-dispatch.ts'
import type { OpenWireCodec } from '../../wire/openwire/openwire-codec.ts'
import { carriesStoredForm, messageCommandOf } from '../../wire/openwire/stored-form.ts'
import { hasBrokerTimes, sentTail, sentTailBytes } from './broker-times.ts'
import { structureOf } from './destination-structure.ts'

/** Below this, one copy costs less than three entries in a vectored write. */
const copiedMessageBytes = 2048

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

  encode(state: DispatchState, delivery: Delivery, nowMs: number): Buffer[] {
    const stored = withSequence(delivery)
    return this.#wraps ? wrap(state, delivery, stored, nowMs) : [this.#reencode(state, delivery, stored, nowMs)]
  }

  /** The answer to a pull that found nothing. */
  encodeEnd({ consumerId }: DispatchState): Buffer {
    return this.#codec.encode(buildDispatch(consumerId, null, null, 0))
  }

  #reencode({ consumerId }: DispatchState, delivery: Delivery, stored: Buffer, nowMs: number): Buffer {
    const message = { ...messageCommandOf(stored), brokerOutTime: nowMs }
    const destination = structureOf(delivery.destination)
    return this.#codec.encode(buildDispatch(consumerId, destination, message, delivery.redeliveryCounter))
  }
}

/** Usually the bytes as they are: the number was put in when the message was stored. */
function withSequence({ message, sequence }: Delivery): Buffer {
  const stored = message instanceof StoredMessage ? message : StoredMessage.scan(message.bytes)
  if (stored.brokerSequence === sequence) return message.bytes
  const copy = StoredMessage.scan(Buffer.from(message.bytes))
  copy.patchBrokerSequence(sequence)
  return copy.bytes
}

function wrap(
  state: DispatchState,
  { destination, redeliveryCounter }: Delivery,
  stored: Buffer,
  nowMs: number,
): Buffer[] {
  if (!state.template || state.destination?.name !== destination.name || state.destination.kind !== destination.kind) {
    state.template = new DispatchTemplate(state.consumerId, structureOf(destination))
    state.destination = destination
  }
  const [header, body, trailer] = state.template.dispatch(stored, redeliveryCounter)
  if (!hasBrokerTimes(stored)) return [header, body, trailer]
  const tail = sentTail(stored, nowMs, trailer.length)
  trailer.copy(tail, sentTailBytes)
  const start = stored.subarray(0, stored.length - sentTailBytes)
  return stored.length <= copiedMessageBytes ? [Buffer.concat([header, start, tail])] : [header, start, tail]
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
