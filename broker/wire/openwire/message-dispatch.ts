// The frames that a broker sends most, made without the general encoder. A MessageDispatch in the loose encoding without
// cache wraps the stored form of a message as it is:
//
//   size:int32 21 commandId:int32=0 responseRequired:bool=0
//   1 consumerId:nested  1 destination:nested  1 message:stored form  redeliveryCounter:int32
//
// so it is three buffers: a header, the message's own bytes, and the trailer. Only for versions whose messages have the
// layout of the stored form (stored-form.ts).
import { encodeModifiedUtf8 } from '../../marshal/modified-utf8.ts'
import type { ConsumerId, DestinationStructure } from './commands.ts'
import { typeCodes } from './commands.ts'
import { nestedFormOf } from './stored-form.ts'

const sizeBytes = 4
const trailerBytes = 4

/** What does not change between the dispatches to one consumer from one destination. Keep one for each such pair. */
export class DispatchTemplate {
  /** Size prefix (0) up to and with the message's presence flag; not to be written to. */
  readonly header: Buffer

  constructor(consumerId: ConsumerId, destination: DestinationStructure) {
    this.header = Buffer.concat([
      Buffer.from([0, 0, 0, 0, typeCodes.MessageDispatch, 0, 0, 0, 0, 0]),
      nestedFormOf(consumerId),
      Buffer.from([1, typeCodes[destination.kind], 1]),
      withLength(encodeModifiedUtf8(destination.physicalName ?? '')),
      Buffer.from([1]),
    ])
  }

  /** The frame with size prefix, as buffers to be written one after the other. `storedMessage` is not copied. */
  dispatch(storedMessage: Buffer, redeliveryCounter: number): [Buffer, Buffer, Buffer] {
    // Header and trailer share one allocation.
    const own = Buffer.allocUnsafe(this.header.length + trailerBytes)
    this.header.copy(own)
    own.writeInt32BE(own.length - sizeBytes + storedMessage.length, 0)
    own.writeInt32BE(redeliveryCounter, this.header.length)
    return [own.subarray(0, this.header.length), storedMessage, own.subarray(this.header.length)]
  }
}

/** One dispatch without a template. */
export const encodeLooseDispatch = (
  consumerId: ConsumerId,
  destination: DestinationStructure,
  storedMessage: Buffer,
  redeliveryCounter: number,
): Buffer[] => new DispatchTemplate(consumerId, destination).dispatch(storedMessage, redeliveryCounter)

/** The frame of a plain Response with size prefix. The same bytes in all versions, with and without cache. */
export function encodeResponse(correlationId: number, tight: boolean): Buffer {
  if (tight) {
    // One boolean stream byte with one bit: responseRequired.
    const frame = Buffer.from([0, 0, 0, 11, typeCodes.Response, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    frame.writeInt32BE(correlationId, 11)
    return frame
  }
  const frame = Buffer.from([0, 0, 0, 10, typeCodes.Response, 0, 0, 0, 0, 0, 0, 0, 0, 0])
  frame.writeInt32BE(correlationId, 10)
  return frame
}

const withLength = (text: Buffer): Buffer => Buffer.concat([Buffer.from([text.length >> 8, text.length]), text])
