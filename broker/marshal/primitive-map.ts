// OpenWire's map of primitive values: message properties, map bodies, the properties of a WireFormatInfo
// (ActiveMQ: MarshallingSupport.marshalPrimitiveMap).
//
//   map   := count:int32 (-1 = null) entry*      entry := name:utf16length+modified-UTF-8 type:uint8 value
//   value := 0 null | 1 boolean | 2 byte | 3 char | 4 short | 5 int | 6 long | 7 double | 8 float
//          | 9 string (uint16 length) | 10 bytes (int32 length) | 11 map | 12 list (int32 count, typed values)
//          | 13 string (int32 length)
//
// Every value keeps its Java type, so that what was read can be written again.
import { FormatError } from '../base/format-error.ts'
import { decodeModifiedUtf8, encodeModifiedUtf8Into, modifiedUtf8Length } from './modified-utf8.ts'

export type PrimitiveValue =
  | { readonly type: 'null'; readonly value: null }
  | { readonly type: 'boolean'; readonly value: boolean }
  | { readonly type: 'byte' | 'short' | 'int' | 'float' | 'double'; readonly value: number }
  /** A UTF-16 code unit. */
  | { readonly type: 'char'; readonly value: number }
  | { readonly type: 'long'; readonly value: number | bigint }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'bytes'; readonly value: Buffer }
  | { readonly type: 'map'; readonly value: PrimitiveMap }
  | { readonly type: 'list'; readonly value: readonly PrimitiveValue[] }

export type PrimitiveMap = ReadonlyMap<string, PrimitiveValue>

export interface PrimitiveMapLimits {
  readonly maxEntries: number
  /** Bytes of one name or string, as encoded. */
  readonly maxStringBytes: number
  /** Maps and lists inside each other; 0 = none. */
  readonly maxDepth: number
}

/** Java writes type 13 from this many characters on. */
const bigStringCharacters = 8191
const maxNameBytes = 65_535

/** Depth is bounded because decoding recurses; the rest is bounded by the bytes that are there. */
const ordinaryLimits: PrimitiveMapLimits = { maxEntries: 65_536, maxStringBytes: 2 ** 31 - 1, maxDepth: 32 }

/** Decodes a map; `null` (no bytes, or the null map) gives an empty one. Throws FormatError. */
export function decodePrimitiveMap(bytes: Buffer | null, limits = ordinaryLimits): Map<string, PrimitiveValue> {
  if (bytes === null) return new Map()
  return new PrimitiveDecoder(bytes, limits).map(0)
}

/** Decodes values that follow each other until the end: the body of a stream message. */
export function decodePrimitiveStream(bytes: Buffer, limits = ordinaryLimits): PrimitiveValue[] {
  const decoder = new PrimitiveDecoder(bytes, limits)
  const values: PrimitiveValue[] = []
  while (decoder.remaining > 0) values.push(decoder.value(0))
  return values
}

/** Encodes a map; an empty one is four zero bytes (messages without properties have none at all: null). */
export function encodePrimitiveMap(map: PrimitiveMap): Buffer {
  return encodeWith((encoder) => encoder.map(map))
}

export function encodePrimitiveStream(values: readonly PrimitiveValue[]): Buffer {
  return encodeWith((encoder) => {
    for (const value of values) encoder.value(value)
  })
}

class PrimitiveDecoder {
  readonly #bytes: Buffer
  readonly #limits: PrimitiveMapLimits
  #position = 0

  constructor(bytes: Buffer, limits: PrimitiveMapLimits) {
    this.#bytes = bytes
    this.#limits = limits
  }

  get remaining(): number {
    return this.#bytes.length - this.#position
  }

  map(depth: number): Map<string, PrimitiveValue> {
    const count = this.#bytes.readInt32BE(this.#advance(4))
    const map = new Map<string, PrimitiveValue>()
    if (count === -1) return map
    // An entry takes three bytes at least.
    if (count < 0 || count > this.#limits.maxEntries || count * 3 > this.remaining)
      throw malformed(`${count} entries in ${this.remaining} bytes, at most ${this.#limits.maxEntries} are accepted`)
    for (let index = 0; index < count; index++) {
      const name = this.#string(this.#bytes.readUInt16BE(this.#advance(2)))
      map.set(name, this.value(depth))
    }
    return map
  }

  value(depth: number): PrimitiveValue {
    const bytes = this.#bytes
    const code = bytes[this.#advance(1)]!
    switch (code) {
      case 0:
        return { type: 'null', value: null }
      case 1:
        return { type: 'boolean', value: bytes[this.#advance(1)] !== 0 }
      case 2:
        return { type: 'byte', value: bytes.readInt8(this.#advance(1)) }
      case 3:
        return { type: 'char', value: bytes.readUInt16BE(this.#advance(2)) }
      case 4:
        return { type: 'short', value: bytes.readInt16BE(this.#advance(2)) }
      case 5:
        return { type: 'int', value: bytes.readInt32BE(this.#advance(4)) }
      case 6:
        return { type: 'long', value: toLong(bytes.readBigInt64BE(this.#advance(8))) }
      case 7:
        return { type: 'double', value: bytes.readDoubleBE(this.#advance(8)) }
      case 8:
        return { type: 'float', value: bytes.readFloatBE(this.#advance(4)) }
      case 9:
        return { type: 'string', value: this.#string(bytes.readUInt16BE(this.#advance(2))) }
      case 10:
        return { type: 'bytes', value: this.#byteArray() }
      case 11:
        return { type: 'map', value: this.map(this.#deeper(depth)) }
      case 12:
        return { type: 'list', value: this.#list(this.#deeper(depth)) }
      case 13:
        return { type: 'string', value: this.#string(bytes.readInt32BE(this.#advance(4))) }
      default:
        throw malformed(`unknown value type ${code}`)
    }
  }

  #list(depth: number): PrimitiveValue[] {
    const count = this.#bytes.readInt32BE(this.#advance(4))
    if (count < 0 || count > this.remaining) throw malformed(`a list of ${count} in ${this.remaining} bytes`)
    return Array.from({ length: count }, () => this.value(depth))
  }

  #byteArray(): Buffer {
    const length = this.#bytes.readInt32BE(this.#advance(4))
    const start = this.#advance(length)
    return this.#bytes.subarray(start, start + length)
  }

  #string(length: number): string {
    if (length > this.#limits.maxStringBytes)
      throw malformed(`a string of ${length} bytes, at most ${this.#limits.maxStringBytes} are accepted`)
    const start = this.#advance(length)
    return decodeModifiedUtf8(this.#bytes, start, start + length)
  }

  #deeper(depth: number): number {
    if (depth >= this.#limits.maxDepth) throw malformed(`maps and lists nested deeper than ${this.#limits.maxDepth}`)
    return depth + 1
  }

  #advance(length: number): number {
    const start = this.#position
    if (length < 0 || length > this.remaining) throw malformed(`${length} bytes announced, ${this.remaining} left`)
    this.#position += length
    return start
  }
}

const numberBytes = {
  writeInt8: 1,
  writeUInt16BE: 2,
  writeInt16BE: 2,
  writeInt32BE: 4,
  writeDoubleBE: 8,
  writeFloatBE: 4,
} as const

class PrimitiveEncoder {
  #bytes = Buffer.allocUnsafe(256)
  #position = 0

  finish(): Buffer {
    return Buffer.from(this.#bytes.subarray(0, this.#position))
  }

  map(map: PrimitiveMap): void {
    this.#number('writeInt32BE', map.size)
    for (const [name, value] of map) {
      this.#shortString(name)
      this.value(value)
    }
  }

  value(value: PrimitiveValue): void {
    switch (value.type) {
      case 'null':
        return this.#code(0)
      case 'boolean':
        this.#code(1)
        this.#code(value.value ? 1 : 0)
        return
      case 'byte':
        this.#code(2)
        this.#number('writeInt8', value.value)
        return
      case 'char':
        this.#code(3)
        this.#number('writeUInt16BE', value.value)
        return
      case 'short':
        this.#code(4)
        this.#number('writeInt16BE', value.value)
        return
      case 'int':
        this.#code(5)
        this.#number('writeInt32BE', value.value)
        return
      case 'long':
        this.#code(6)
        this.#long(value.value)
        return
      case 'double':
        this.#code(7)
        this.#number('writeDoubleBE', value.value)
        return
      case 'float':
        this.#code(8)
        this.#number('writeFloatBE', value.value)
        return
      case 'string':
        return this.#string(value.value)
      case 'bytes': {
        this.#code(10)
        this.#number('writeInt32BE', value.value.length)
        const start = this.#reserve(value.value.length)
        value.value.copy(this.#bytes, start)
        return
      }
      case 'map':
        this.#code(11)
        return this.map(value.value)
      case 'list':
        this.#code(12)
        this.#number('writeInt32BE', value.value.length)
        for (const item of value.value) this.value(item)
    }
  }

  #string(text: string): void {
    if (text.length < bigStringCharacters) {
      this.#code(9)
      this.#shortString(text)
      return
    }
    this.#code(13)
    const length = modifiedUtf8Length(text)
    this.#number('writeInt32BE', length)
    const start = this.#reserve(length)
    encodeModifiedUtf8Into(this.#bytes, start, text, length)
  }

  #shortString(text: string): void {
    const length = modifiedUtf8Length(text)
    if (length > maxNameBytes)
      throw new FormatError(
        'PRIMITIVE_MAP',
        `Cannot encode name of ${length} bytes: names have at most ${maxNameBytes}`,
      )
    this.#number('writeUInt16BE', length)
    const start = this.#reserve(length)
    encodeModifiedUtf8Into(this.#bytes, start, text, length)
  }

  #code(code: number): void {
    const at = this.#reserve(1)
    this.#bytes[at] = code
  }

  #number(method: keyof typeof numberBytes, value: number): void {
    const at = this.#reserve(numberBytes[method])
    this.#bytes[method](value, at)
  }

  #long(value: number | bigint): void {
    const at = this.#reserve(8)
    this.#bytes.writeBigInt64BE(BigInt(value), at)
  }

  /** May replace `#bytes`: call it before looking at them. */
  #reserve(length: number): number {
    const start = this.#position
    if (start + length > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, start + length))
      this.#bytes.copy(larger, 0, 0, start)
      this.#bytes = larger
    }
    this.#position += length
    return start
  }
}

function encodeWith(write: (encoder: PrimitiveEncoder) => void): Buffer {
  const encoder = new PrimitiveEncoder()
  write(encoder)
  return encoder.finish()
}

const toLong = (value: bigint): number | bigint => {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

const malformed = (state: string): FormatError =>
  new FormatError('PRIMITIVE_MAP', `Cannot decode primitive map: ${state}`)
