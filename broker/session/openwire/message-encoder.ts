// Messages as they go to another broker: bare, in no dispatch, as the connection has them. What is forwarded is encoded as it is
// dispatched (dispatch-encoder.ts): its stored form as it is, rewritten into the tight encoding, or decoded and encoded again.
import { encodeTightMessage } from '../../wire/openwire/loose-to-tight.ts'
import type { OpenWireCodec } from '../../wire/openwire/openwire-codec.ts'
import { messageCommandOf, messageFormOf, type MessageForm } from '../../wire/openwire/stored-form.ts'
import { patchBrokerOutTime } from './broker-times.ts'
import { copiedMessageBytes } from './limits.ts'

const sizePrefixBytes = 4

export class MessageEncoder {
  readonly #codec: OpenWireCodec
  readonly #form: MessageForm

  constructor(codec: OpenWireCodec) {
    this.#codec = codec
    this.#form = messageFormOf(codec.format)
  }

  /**
   * Buffers to be written one after the other. `stored` is not anybody else's. `sequence`: the broker's number of the message.
   * @throws {FormatError}
   */
  encode(stored: Buffer, sequence: number, nowMs: number): readonly Buffer[] {
    patchBrokerOutTime(stored, stored.length, stored, nowMs)
    if (this.#form === 'stored') return framed(stored)
    const tight =
      this.#form === 'tight' ? encodeTightMessage(stored, { brokerSequenceId: sequence, brokerOutTime: nowMs }) : null
    return tight ?? [this.#codec.encode(messageCommandOf(stored))]
  }
}

function framed(stored: Buffer): Buffer[] {
  const copies = stored.length <= copiedMessageBytes
  const frame = Buffer.allocUnsafe(sizePrefixBytes + (copies ? stored.length : 0))
  frame.writeInt32BE(stored.length, 0)
  if (!copies) return [frame, stored]
  stored.copy(frame, sizePrefixBytes)
  return [frame]
}
