// Walks over stored forms (OpenWire version 12, loose, no cache) without making values of them. Bounds are checked at
// every step; malformed input ends in a MessageFormatError. It knows how long every structure is, not what it means.
import { FormatError } from '../base/format-error.ts'
import { decodeModifiedUtf8, isModifiedUtf8 } from '../marshal/modified-utf8.ts'

export class MessageFormatError extends FormatError {
  constructor(message: string, position: number) {
    super('MESSAGE_FORMAT', `Cannot read message: ${message}`, { fields: { position } })
  }
}

/** Structures within structures; a message holds another one in advisories only. */
const maxDepth = 16

/**
 * The fields of each structure by type code, in wire order: b one byte, i int, l long, s string, y bytes, 8 eight bytes,
 * n nested, a array, t exception. Tests compare it with the codec's own table.
 */
export const structureShapes: Readonly<Record<number, string>> = {
  1: '8iy', // WireFormatInfo
  2: 'ibnsasbbbbblss', // BrokerInfo
  3: 'ibnsssabbbbbs', // ConnectionInfo
  4: 'ibn', // SessionInfo
  5: 'ibnbniibsssbbbbanbbba', // ConsumerInfo
  6: 'ibnnabi', // ProducerInfo
  7: 'ibnnb', // TransactionInfo
  8: 'ibnnbla', // DestinationInfo
  9: 'ibnss', // RemoveSubscriptionInfo
  10: 'ib', // KeepAliveInfo
  11: 'ib', // ShutdownInfo
  12: 'ibnl', // RemoveInfo
  14: 'ibs', // ControlCommand
  15: 'ib', // FlushCommand
  16: 'ibtn', // ConnectionError
  17: 'ibnbnibbb', // ConsumerControl
  18: 'ibbbbbbssby', // ConnectionControl
  19: 'ibni', // ProducerAck
  20: 'ibnnlsn', // MessagePull
  21: 'ibnnni', // MessageDispatch
  22: 'ibnnnbnnit', // MessageAck
  23: 'ibnnnnnnsisblbnlsyynnbialsbballb', // ActiveMQMessage
  24: 'ibnnnnnnsisblbnlsyynnbialsbballb', // ActiveMQBytesMessage
  25: 'ibnnnnnnsisblbnlsyynnbialsbballb', // ActiveMQMapMessage
  26: 'ibnnnnnnsisblbnlsyynnbialsbballb', // ActiveMQObjectMessage
  27: 'ibnnnnnnsisblbnlsyynnbialsbballb', // ActiveMQStreamMessage
  28: 'ibnnnnnnsisblbnlsyynnbialsbballb', // ActiveMQTextMessage
  29: 'ibnnnnnnsisblbnlsyynnbialsbballbssb', // ActiveMQBlobMessage
  30: 'ibi', // Response
  31: 'ibit', // ExceptionResponse
  32: 'ibin', // DataResponse
  33: 'ibia', // DataArrayResponse
  34: 'ibii', // IntegerResponse
  40: 'ss', // DiscoveryEvent
  50: 'nnlssn', // JournalTopicAck
  52: 'nn', // JournalQueueAck
  53: 's', // JournalTrace
  54: 'nbb', // JournalTransaction
  55: 'snssnb', // SubscriptionInfo
  60: 'iy', // PartialCommand
  61: 'iy', // LastPartialCommand
  65: 'ibii', // ReplayCommand
  90: 'ibnnln', // MessageDispatchNotification
  91: 'nii', // NetworkBridgeFilter
  92: 'ibnsa', // BrokerSubscriptionInfo
  100: 's', // ActiveMQQueue
  101: 's', // ActiveMQTopic
  102: 's', // ActiveMQTempQueue
  103: 's', // ActiveMQTempTopic
  110: 'snll', // MessageId
  111: 'ln', // LocalTransactionId
  112: 'iyy', // XATransactionId
  120: 's', // ConnectionId
  121: 'sl', // SessionId
  122: 'sll', // ConsumerId
  123: 'sll', // ProducerId
  124: 's', // BrokerId
}

export class LooseScanner {
  readonly bytes: Buffer
  position: number

  constructor(bytes: Buffer, position = 0) {
    this.bytes = bytes
    this.position = position
  }

  /** Moves on by `length` bytes; returns where they begin. */
  advance(length: number): number {
    const start = this.position
    if (length < 0 || length > this.bytes.length - start)
      throw this.error(`${length} bytes wanted, ${this.bytes.length - start} left`)
    this.position = start + length
    return start
  }

  bool(): boolean {
    return this.bytes[this.advance(1)] !== 0
  }

  uint8(): number {
    return this.bytes[this.advance(1)]!
  }

  int(): number {
    return this.bytes.readInt32BE(this.advance(4))
  }

  /** As a double: exact for everything that clients send in practice. */
  long(): number {
    return readLong(this.bytes, this.advance(8))
  }

  string(): string | null {
    if (!this.bool()) return null
    const length = this.bytes.readUInt16BE(this.advance(2))
    const start = this.advance(length)
    try {
      return decodeModifiedUtf8(this.bytes, start, start + length)
    } catch (error) {
      throw error instanceof FormatError ? this.error(error.message) : error
    }
  }

  /** A view, or null. */
  data(): Buffer | null {
    if (!this.bool()) return null
    const length = this.int()
    const start = this.advance(length)
    return this.bytes.subarray(start, start + length)
  }

  skipString(): void {
    if (!this.bool()) return
    const length = this.bytes.readUInt16BE(this.advance(2))
    const start = this.advance(length)
    // Checked although nobody reads it here: it would end the connection of whoever it is sent to.
    if (!isModifiedUtf8(this.bytes, start, start + length)) throw this.error('a string is not modified UTF-8')
  }

  /** The number of bytes skipped, without their flag and length. */
  skipData(): number {
    if (!this.bool()) return 0
    const length = this.int()
    this.advance(length)
    return length
  }

  skipNested(depth = 0): void {
    if (!this.bool()) return
    const code = this.uint8()
    const shape = structureShapes[code]
    if (shape === undefined) throw this.error(`unknown structure of type ${code}`)
    if (depth >= maxDepth) throw this.error(`nested deeper than ${maxDepth}`)
    for (let index = 0; index < shape.length; index++) this.#skipField(shape.charAt(index), depth)
  }

  skipArray(depth = 0): void {
    if (!this.bool()) return
    const count = this.bytes.readInt16BE(this.advance(2))
    if (count < 0) throw this.error(`an array of ${count}`)
    for (let index = 0; index < count; index++) this.skipNested(depth)
  }

  error(state: string): MessageFormatError {
    return new MessageFormatError(state, this.position)
  }

  #skipField(shape: string, depth: number): void {
    switch (shape) {
      case 'b':
        this.advance(1)
        return
      case 'i':
        this.advance(4)
        return
      case 'l':
      case '8':
        this.advance(8)
        return
      case 's':
        return this.skipString()
      case 'y':
        this.skipData()
        return
      case 'n':
        return this.skipNested(depth + 1)
      case 'a':
        return this.skipArray(depth + 1)
      default:
        // How an exception is laid out depends on the connection it came from, which a stored form does not know.
        if (this.bool()) throw this.error('a structure with an exception inside')
    }
  }
}

export const readLong = (bytes: Buffer, at: number): number =>
  bytes.readInt32BE(at) * 0x1_0000_0000 + bytes.readUInt32BE(at + 4)

export function writeLong(bytes: Buffer, at: number, value: number): void {
  bytes.writeInt32BE(Math.floor(value / 0x1_0000_0000), at)
  bytes.writeUInt32BE(value >>> 0, at + 4)
}
