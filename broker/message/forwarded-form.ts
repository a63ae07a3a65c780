// The stored form of a message as a bridge sends it to the next broker (ActiveMQ: DemandForwardingBridgeSupport.configureMessage):
// sent by the bridge's producer there, to where it was delivered from, no part of a transaction any more, with this broker at the
// end of its path. All else is as it came, message id and original destination included.
//
// Copies ranges of bytes; of the message no value is made. Command id and whether an answer is asked for are the connection's
// business: they are 0 and false, and stand at `commandIdAt` and `responseRequiredAt`.
import { deflateBody } from '../marshal/compressed-body.ts'
import { encodeModifiedUtf8 } from '../marshal/modified-utf8.ts'
import { encodeBrokerId, maxPathLength, pathHeadBytes } from './broker-path.ts'
import { encodeDestination } from './destination-form.ts'
import type { Destination } from './destination.ts'
import { MessageFormatError, writeLong } from './loose-scanner.ts'
import { fields, firstMessageCode, newFieldOffsets, scanFields } from './message-fields.ts'
import type { Message } from './message.ts'
import { producerIdCode, type ProducerIdFields } from './producer-id.ts'

export const commandIdAt = 1
export const responseRequiredAt = 5

const bytesMessageCode = firstMessageCode + 1

/** Type, command id, and whether an answer is asked for. */
const headBytes = 6

/** Flag and length of a body. */
const bodyHeadBytes = 5

/** One for each bridge. */
export class ForwardedForm {
  /** What a form begins with, but for the type: no command id, no answer asked for, and the producer. */
  readonly #head: Buffer
  /** null: no path is kept. */
  readonly #brokerId: Buffer | null
  /** A path that begins here, or that has nobody in it. */
  readonly #path: Buffer
  readonly #compresses: boolean
  /** Messages that go over one bridge mostly have one destination. */
  #destination: Destination | null = null
  #encodedDestination: Buffer = absent

  /**
   * `producer`: the bridge's own at the other broker. `brokerId`: the broker that the messages leave; null: they arrive with a path that
   * has nobody in it. So the other broker knows that they came over a bridge, and may send them as far as any client's.
   */
  constructor(producer: ProducerIdFields, brokerId: string | null, compresses = false) {
    this.#head = Buffer.concat([Buffer.alloc(headBytes), encodeProducerId(producer)])
    this.#brokerId = brokerId === null ? null : encodeBrokerId(brokerId)
    this.#path = this.#brokerId === null ? emptyPath : Buffer.concat([Buffer.from([1, 0, 1]), this.#brokerId])
    this.#compresses = compresses
  }

  /**
   * Memory of its own. `destination`: of the delivery. `nowMs`: when it is sent on.
   * @throws {MessageFormatError} when it has passed as many brokers as can be counted.
   */
  of(message: Pick<Message, 'bytes' | 'destination'>, destination: Destination, nowMs: number): Buffer {
    const { bytes } = message
    scanFields(bytes, offsets)
    this.#head[0] = bytes[0]!
    parts.begin(bytes, this.#head)
    if (isSame(message.destination, destination)) parts.addFields(fields.destination, fields.transactionId)
    else parts.add(this.#encoded(destination))
    if (isThere(fields.transactionId)) parts.add(absent)
    else parts.addFields(fields.transactionId, fields.originalDestination)
    parts.addFields(fields.originalDestination, fields.originalTransactionId)
    const keepsOriginal = isThere(fields.originalTransactionId) || !isThere(fields.transactionId)
    if (keepsOriginal) parts.addFields(fields.originalTransactionId, fields.groupID)
    else parts.addFields(fields.transactionId, fields.originalDestination)
    if (this.#compresses && hasPlainBody(bytes)) this.#addCompressed(bytes)
    else parts.addFields(fields.groupID, fields.brokerPath)
    this.#addPath(bytes)
    parts.addFields(fields.arrival, fields.brokerOutTime)
    const outTimeAt = parts.length
    parts.addRange(offsets[fields.brokerOutTime]!, bytes.length)
    const form = parts.join()
    writeLong(form, outTimeAt, nowMs)
    return form
  }

  #addCompressed(bytes: Buffer): void {
    const stream = deflateBody(
      bytes.subarray(offsets[fields.content]! + bodyHeadBytes, offsets[fields.marshalledProperties]),
      bytes[0] === bytesMessageCode,
    )
    const head = Buffer.allocUnsafe(bodyHeadBytes)
    head[0] = 1
    head.writeInt32BE(stream.length, 1)
    parts.addFields(fields.groupID, fields.content)
    parts.add(head)
    parts.add(stream)
    parts.addFields(fields.marshalledProperties, fields.compressed)
    parts.add(present)
    parts.addFields(fields.redeliveryCounter, fields.brokerPath)
  }

  #addPath(bytes: Buffer): void {
    const at = offsets[fields.brokerPath]!
    const passed = isThere(fields.brokerPath) ? bytes.readInt16BE(at + 1) : 0
    if (passed === 0 || this.#brokerId === null) return parts.add(this.#path)
    if (passed >= maxPathLength) throw new MessageFormatError(`it has passed ${passed} brokers`, at)
    pathHead.writeInt16BE(passed + 1, 1)
    parts.add(pathHead)
    parts.addRange(at + pathHeadBytes, offsets[fields.arrival]!)
    parts.add(this.#brokerId)
  }

  #encoded(destination: Destination): Buffer {
    if (this.#destination === null || !isSame(this.#destination, destination)) {
      this.#destination = destination
      this.#encodedDestination = encodeDestination(destination)
    }
    return this.#encodedDestination
  }
}

/** Of the message that is being forwarded. */
const offsets = newFieldOffsets()

const absent: Buffer = Buffer.from([0])
const present = Buffer.from([1])
const emptyPath = Buffer.from([1, 0, 0])
/** Written anew for each message. */
const pathHead = Buffer.from([1, 0, 0])

const isSame = (one: Destination, other: Destination): boolean => one.name === other.name && one.kind === other.kind

const isThere = (field: number): boolean => parts.source[offsets[field]!] !== 0

/** What is compressed already stays as it is; what has no body gets none (ActiveMQ: Message.compress). */
const hasPlainBody = (bytes: Buffer): boolean =>
  bytes[offsets[fields.content]!] !== 0 && bytes[offsets[fields.compressed]!] === 0

function encodeProducerId({ connectionId, sessionId, value }: ProducerIdFields): Buffer {
  const text = encodeModifiedUtf8(connectionId)
  const numbers = Buffer.allocUnsafe(16)
  writeLong(numbers, 0, value)
  writeLong(numbers, 8, sessionId)
  return Buffer.concat([Buffer.from([1, producerIdCode, 1, text.length >> 8, text.length]), text, numbers])
}

/** What a form is put together of: ranges of the one that it is made of, and others. Kept, so that a message costs one buffer. */
class Parts {
  source: Buffer = absent
  length = 0
  readonly #buffers: Buffer[] = []
  readonly #starts: number[] = []
  readonly #ends: number[] = []
  #count = 0

  begin(source: Buffer, first: Buffer): void {
    this.source = source
    this.length = this.#count = 0
    this.add(first)
  }

  add(buffer: Buffer): void {
    this.#put(buffer, 0, buffer.length)
  }

  addRange(start: number, end: number): void {
    this.#put(this.source, start, end)
  }

  /** From the one field up to the other. */
  addFields(from: number, to: number): void {
    this.#put(this.source, offsets[from]!, offsets[to]!)
  }

  join(): Buffer {
    const joined = Buffer.allocUnsafe(this.length)
    let at = 0
    for (let index = 0; index < this.#count; index++) {
      at += this.#buffers[index]!.copy(joined, at, this.#starts[index], this.#ends[index])
      this.#buffers[index] = absent
    }
    this.source = absent
    return joined
  }

  /** What goes on where the last one ended becomes one with it. */
  #put(buffer: Buffer, start: number, end: number): void {
    this.length += end - start
    const last = this.#count - 1
    if (last >= 0 && this.#buffers[last] === buffer && this.#ends[last] === start) {
      this.#ends[last] = end
      return
    }
    const index = this.#count++
    this.#buffers[index] = buffer
    this.#starts[index] = start
    this.#ends[index] = end
  }
}

const parts = new Parts()
