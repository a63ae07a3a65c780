// The stored form of a message that came in → what is sent to the region, checked. A message that is malformed or lacks
// something is refused with a RefusalError; its frame was whole, so the connection goes on.
import { errorMessage, RefusalError } from '../../base/errors.ts'
import { FormatError } from '../../base/format-error.ts'
import type { FieldOffsets } from '../../message/message-fields.ts'
import type { Message } from '../../message/message.ts'
import { StoredMessage } from '../../message/stored-message.ts'
import { checkStructures } from '../../wire/openwire/stored-form.ts'
import { patchBrokerInTime } from './broker-times.ts'
import { commandIdOf, readOrigin, responseRequiredOf } from './message-header.ts'

interface Answerable {
  readonly commandId: number
  /** No answer was asked for. */
  readonly async: boolean
  readonly connectionId: string
  readonly producerId: string
  readonly transactionId: string | null
}

export type AcceptedMessage =
  | (Answerable & { readonly message: Message; readonly error?: undefined })
  | (Answerable & { readonly message?: undefined; readonly error: RefusalError })

/** `stored` belongs to the message from here on. `offsets`: of its fields, where its form is known to be well-formed. */
export function acceptMessage(stored: Buffer, nowMs: number, offsets?: FieldOffsets): AcceptedMessage {
  const commandId = commandIdOf(stored)
  const async = !responseRequiredOf(stored)
  try {
    const message = StoredMessage.scan(stored, offsets)
    // Rare: advisories. Whoever gets it must be able to read it.
    if (message.carriesStructures) checkStructures(stored)
    const { connectionId, producerId, transactionId } = readOrigin(stored)
    patchBrokerInTime(stored, nowMs)
    return { commandId, async, connectionId, producerId, transactionId, message }
  } catch (error) {
    return { commandId, async, connectionId: '', producerId: '', transactionId: null, error: refusalOf(error) }
  }
}

function refusalOf(error: unknown): RefusalError {
  if (error instanceof RefusalError) return error
  if (error instanceof FormatError) return new RefusalError('INVALID_REQUEST', errorMessage(error), { cause: error })
  throw error
}
