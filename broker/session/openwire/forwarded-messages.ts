// The stored form of a message as a duplex bridge sends it (message/forwarded-form.ts), as a command of its connection.
import { commandIdAt, ForwardedForm, responseRequiredAt } from '../../message/forwarded-form.ts'
import { parseProducerId } from '../../openwire/id-text.ts'
import type { Delivery } from '../../region/region.ts'
import type { ForwardHeader } from './duplex-bridges.ts'

export class ForwardedMessages {
  #header: ForwardHeader | null = null
  #form: ForwardedForm | null = null

  /** Memory of its own. @throws {MessageFormatError} when it has passed as many brokers as can be counted. */
  of({ message, destination }: Delivery, header: ForwardHeader, commandId: number, responseRequired: boolean): Buffer {
    // The time of sending is the encoder's.
    const stored = this.#formFor(header).of(message, destination, 0)
    stored.writeInt32BE(commandId, commandIdAt)
    stored[responseRequiredAt] = responseRequired ? 1 : 0
    return stored
  }

  #formFor(header: ForwardHeader): ForwardedForm {
    if (this.#form && this.#header === header) return this.#form
    const { connectionId, sessionId, value } = parseProducerId(header.producerId)
    const producer = { connectionId: connectionId ?? '', sessionId: Number(sessionId), value: Number(value) }
    this.#header = header
    return (this.#form = new ForwardedForm(producer, header.brokerId, header.useCompression))
  }
}
