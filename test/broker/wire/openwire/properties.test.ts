import { describe, expect, test } from '@jest/globals'
import { decodePrimitiveStream } from '../../../../broker/marshal/primitive-map.ts'
import {
  decodePrimitiveMap,
  decodeTextBody,
  deflateBody,
  encodePrimitiveMap,
  encodeTextBody,
  inflateBody,
} from '../../../../broker/wire/openwire/properties.ts'
import type { PrimitiveValue } from '../../../../broker/wire/openwire/properties.ts'
import { loadVectorFile, valueOf, vectorsPresent } from './spec-vectors.ts'
import type { VectorFields } from './spec-vectors.ts'
import { OpenWireCodec } from '../../../../broker/wire/openwire/openwire-codec.ts'
import { initialWireFormat } from '../../../../broker/wire/openwire/wire-format.ts'
import type { DataStructure } from '../../../../broker/wire/openwire/commands.ts'

interface Described {
  readonly t: string
  readonly v: unknown
}

interface Primitives {
  readonly longs: readonly { value: string; bits: boolean[]; tight_data: string; loose_data: string }[]
  readonly strings: readonly { value: string | null; bits: boolean[]; tight_data: string; loose_data: string }[]
  readonly boolean_streams: readonly { bits: number; size: number; hex: string }[]
  readonly primitive_maps: readonly { hex: string; decoded?: Record<string, Described> | null; note?: string }[]
}

/** The recorded description of a typed value as our value. */
function typedValue({ t, v }: Described): PrimitiveValue {
  switch (t) {
    case 'long': {
      const number = Number(v)
      return { type: 'long', value: Number.isSafeInteger(number) ? number : BigInt(v as string) }
    }
    case 'float':
    case 'double':
      return { type: t, value: Number(v) }
    case 'bytes':
      return { type: 'bytes', value: Buffer.from(v as string, 'hex') }
    case 'map':
      return { type: 'map', value: typedMap(v as Record<string, Described>) }
    case 'list':
      return { type: 'list', value: (v as Described[]).map(typedValue) }
    default:
      return { type: t, value: v } as PrimitiveValue
  }
}

const typedMap = (fields: Record<string, Described>): Map<string, PrimitiveValue> =>
  new Map(Object.entries(fields).map(([name, value]) => [name, typedValue(value)]))

const codecOf = (tightEncodingEnabled: boolean): OpenWireCodec =>
  new OpenWireCodec({ ...initialWireFormat, version: 12, tightEncodingEnabled })

const longsOf = (value: number | bigint): DataStructure => ({ kind: 'SessionId', connectionId: null, value })
const stringsOf = (value: string | null): DataStructure => ({ kind: 'ConnectionId', value })

/** The tight form of a structure whose bits fit into one byte. */
const tightForm = (code: number, bits: boolean[], data: string): string => {
  const byte = bits.reduce((sum, bit, index) => sum + (bit ? 1 << index : 0), 0)
  return Buffer.concat([Buffer.from([code, 1, byte]), Buffer.from(data, 'hex')]).toString('hex')
}

const describeWithVectors = vectorsPresent ? describe : describe.skip

describeWithVectors('recorded building blocks', () => {
  const primitives = vectorsPresent ? (loadVectorFile('primitives.json') as Primitives) : undefined

  test('longs', () => {
    expect(primitives!.longs.length).toBeGreaterThanOrEqual(14)
    for (const { value, bits, tight_data, loose_data } of primitives!.longs) {
      const number = Number(value)
      const long = Number.isSafeInteger(number) ? number : BigInt(value)
      expect(codecOf(false).encode(longsOf(long)).subarray(6).toString('hex')).toBe(loose_data)
      const tight = codecOf(true).encode(longsOf(long)).subarray(4)
      expect(tight.toString('hex')).toBe(tightForm(121, [false, ...bits], tight_data))
      expect(codecOf(true).decode(tight)).toEqual(longsOf(long))
    }
  })

  test('strings', () => {
    expect(primitives!.strings.length).toBeGreaterThanOrEqual(12)
    for (const { value, bits, tight_data, loose_data } of primitives!.strings) {
      expect(codecOf(false).encode(stringsOf(value)).subarray(5).toString('hex')).toBe(loose_data)
      const tight = codecOf(true).encode(stringsOf(value)).subarray(4)
      expect(tight.toString('hex')).toBe(tightForm(120, bits, tight_data))
      expect(codecOf(true).decode(tight)).toEqual(stringsOf(value))
    }
  })

  test('boolean streams of every length of header', () => {
    expect(primitives!.boolean_streams.length).toBeGreaterThanOrEqual(11)
    for (const { bits, hex } of primitives!.boolean_streams) {
      // An array of n nulls in a DataArrayResponse has n + 2 bits; only the form of the header matters here.
      const count = Math.max(0, bits - 2)
      const response: DataStructure = {
        kind: 'DataArrayResponse',
        commandId: 0,
        responseRequired: false,
        correlationId: 0,
        data: Array.from({ length: count }, () => null),
      }
      const frame = codecOf(true).encode(response).subarray(5)
      if (bits >= 2) expect(headerOf(frame)).toBe(headerOf(Buffer.from(hex, 'hex')))
      expect(codecOf(true).decode(Buffer.concat([Buffer.from([33]), frame]))).toEqual(response)
    }
  })

  test('maps', () => {
    let exact = 0
    for (const { hex, decoded } of primitives!.primitive_maps) {
      // Some recordings have only the beginning of very long ones.
      if (!/^[0-9a-f]+$/.test(hex)) continue
      const bytes = Buffer.from(hex, 'hex')
      const map = typedMap(decoded ?? {})
      expect(decodePrimitiveMap(bytes)).toEqual(map)
      if (decoded) expect(encodePrimitiveMap(map).toString('hex')).toBe(hex)
      exact++
    }
    expect(exact).toBeGreaterThanOrEqual(16)
  })

  test('properties and bodies of all recorded messages', () => {
    let properties = 0
    let bodies = 0
    const { vectors } = loadVectorFile('v12-loose.json') as { vectors: { fields: VectorFields }[] }
    for (const { fields } of vectors) {
      const { $properties, $body } = fields as { $properties?: Record<string, Described>; $body?: unknown }
      const value = valueOf(fields) as { marshalledProperties: Buffer; content: Buffer | null; compressed?: boolean }
      // Of a very long string some recordings have only a digest.
      const isDigest = Object.values($properties ?? {}).some(({ t }) => t === 'bigstring')
      if ($properties && !isDigest) {
        expect(decodePrimitiveMap(value.marshalledProperties)).toEqual(typedMap($properties))
        properties++
      }
      if (fields._type === 'ActiveMQTextMessage' && $body !== undefined) {
        const content = value.compressed ? inflateBody(fields._type, value.content!) : value.content
        expect(decodeTextBody(content)).toBe($body)
        bodies++
      }
    }
    expect(properties).toBeGreaterThan(4)
    expect(bodies).toBeGreaterThan(6)
  })
})

const headerOf = (stream: Buffer): string =>
  stream.subarray(0, stream[0] === 0x80 ? 3 : stream[0] === 0xc0 ? 2 : 1).toString('hex')

test('text bodies', () => {
  expect(decodeTextBody(encodeTextBody('größe'))).toBe('größe')
  expect(decodeTextBody(null)).toBeNull()
  expect(decodeTextBody(Buffer.from([255, 255, 255, 255]))).toBeNull()
  expect(() => decodeTextBody(Buffer.from([0, 0, 0, 9, 65]))).toThrow('9 bytes announced, 1 left')
})

/** Bodies as the stock Java client 5.17.2 compresses them, from a session and (`compress()`) from a bridge. */
describe('compressed by Java', () => {
  test.each([
    // Java deflates the whole buffer behind a body, which begins with 1,024 bytes.
    ['0000000e789c4bcb2f2d2a494dcd5348aa2c492d661805a360148c300000b37705b0', Buffer.from('fourteen bytes')],
    ['00000bb8789cedc12101000000c320b9fe8d5fe302280000e0dd00f7bc5209', Buffer.alloc(3000, 7)],
    ['00000006789c4b2aca4c494f651805a360148c500000bc3a026e', Buffer.from('bridge')],
  ])('bytes: as long as the number in front says: %s', (content, body) => {
    expect(inflateBody('ActiveMQBytesMessage', Buffer.from(content, 'hex'))).toEqual(body)
  })

  test('all other bodies: the stream is the body', () => {
    const inflated = (kind: string, content: string): Buffer => inflateBody(kind, Buffer.from(content, 'hex'))
    const text = inflated('ActiveMQTextMessage', '789c636060604f2f3abcedf0fc540010530421')
    expect(text.length).toBe(4 + 7)
    expect(decodeTextBody(text)).toBe('größe')
    const map = inflated('ActiveMQMapMessage', '789c6360606062604c646560606064604ce264602e29cf07000bf90234')
    const entries = decodePrimitiveMap(map)
    expect(entries).toEqual(
      new Map([
        ['a', int(1)],
        ['b', string('two')],
      ]),
    )
    expect(encodePrimitiveMap(entries).length).toBe(map.length)
    const stream = inflated('ActiveMQStreamMessage', '789c6365606060e464602e29cf07000344016d')
    expect(decodePrimitiveStream(stream)).toEqual([int(1), string('two')])
    const object = inflated('ActiveMQObjectMessage', '789c5bf39681b584812d3f292b35b9a4120025f30509')
    expect(object).toEqual(Buffer.from('aced00057400066f626a65637479', 'hex'))
  })

  test.each([
    ['00000b', 'Cannot inflate body: 3 bytes are too few'],
    ['ffffffff789c4b2aca4c494f651805a360148c500000bc3a026e', 'Cannot inflate body: -1 bytes announced'],
    ['7fffffff789c4b2aca4c494f651805a360148c500000bc3a026e', 'Cannot inflate body: 2147483647 bytes announced, 1'],
  ])('a number in front that cannot be is refused: %s', (content, message) => {
    const inflate = (): Buffer => inflateBody('ActiveMQBytesMessage', Buffer.from(content, 'hex'))
    expect(inflate).toThrow(message)
  })
})

const int = (value: number): PrimitiveValue => ({ type: 'int', value })
const string = (value: string): PrimitiveValue => ({ type: 'string', value })

test.each(['ActiveMQBytesMessage', 'ActiveMQTextMessage'])('a compressed %s body comes back', (kind) => {
  const body = Buffer.alloc(500, 'x')
  expect(inflateBody(kind, deflateBody(kind, body))).toEqual(body)
  expect(() => inflateBody(kind, Buffer.from('no zlib stream'))).toThrow('Cannot inflate body')
})
