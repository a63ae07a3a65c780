// A property of the message that is shown, read from its stored bytes once for all who ask.
import { encodeModifiedUtf8 } from '../marshal/modified-utf8.ts'
import { readPropertyText } from '../marshal/property-value.ts'
import { longValue, numberTypes, opaque, type NumberType, type Operand, type SelectorValue } from '../selector/value.ts'
import { selectionLimits } from './limits.ts'
import type { ShownMessage } from './shown-message.ts'

export class PropertyOperand implements Operand {
  numberType: NumberType = numberTypes.none
  readonly #name: Buffer
  readonly #shown: ShownMessage
  /** Of which message `#value` is. */
  #number = 0
  #value: SelectorValue = null

  constructor(name: string, shown: ShownMessage) {
    this.#name = encodeModifiedUtf8(name)
    this.#shown = shown
  }

  read(): SelectorValue {
    const { number } = this.#shown
    if (this.#number === number) return this.#value
    const { message } = this.#shown
    const at = message.findProperty(this.#name)
    const value = at < 0 ? null : this.#valueAt(message.bytes, at)
    const keeps = typeof value !== 'string' || value.length <= selectionLimits.keptCharacters
    this.#number = keeps ? number : 0
    this.#value = keeps ? value : null
    return value
  }

  /** The codes are those of marshal/primitive-map.ts. */
  #valueAt(bytes: Buffer, at: number): SelectorValue {
    const code = bytes[at]!
    this.numberType = typesByCode[code]!
    switch (code) {
      case 0:
        return null
      case 1:
        return bytes[at + 1] !== 0
      case 2:
        return bytes.readInt8(at + 1)
      case 4:
        return bytes.readInt16BE(at + 1)
      case 5:
        return bytes.readInt32BE(at + 1)
      case 6:
        return readLong(bytes, at + 1)
      case 7:
        return bytes.readDoubleBE(at + 1)
      case 8:
        return bytes.readFloatBE(at + 1)
      case 9:
      case 13:
        return readPropertyText(bytes, at)
      default:
        return opaque
    }
  }
}

const { none, int, long, float, double } = numberTypes

const typesByCode: readonly NumberType[] = [
  none,
  none,
  int,
  none,
  int,
  int,
  long,
  double,
  float,
  none,
  none,
  none,
  none,
  none,
]

function readLong(bytes: Buffer, at: number): number | bigint {
  const high = bytes.readInt32BE(at)
  // Of the safe integers the upper half has 21 bits.
  return high >= -0x20_0000 && high < 0x20_0000
    ? high * 0x1_0000_0000 + bytes.readUInt32BE(at + 4)
    : longValue(bytes.readBigInt64BE(at))
}
