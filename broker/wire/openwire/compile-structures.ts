// Turns the table of schema.ts into functions, once per version, encoding and use of the cache. The functions are
// generated as text: each decoder is one object literal and each encoder one straight line of calls, which the engine
// compiles to what one would write by hand for every structure. The text is made of the table alone.
//
// Field by field the two encodings differ in whether flags go to the boolean stream (`bit`) or into the data (`bool`).
import { assert } from '../../base/assert.ts'
import type { DataStructure } from './commands.ts'
import { typeCodes } from './commands.ts'
import type { FrameReader } from './frame-reader.ts'
import type { FrameWriter } from './frame-writer.ts'
import type { Cacheable } from './marshalling-cache.ts'
import { cacheKey } from './marshalling-cache.ts'
import type { FieldSchema } from './schema.ts'
import { codesOf, isMarshallAware, structures, wireFields } from './schema.ts'
import { WireError } from './wire-error.ts'

export interface Encoding {
  /** 1..12 */
  readonly version: number
  readonly tight: boolean
  readonly cached: boolean
}

export type StructureDecoder = (reader: FrameReader) => DataStructure
export type StructureEncoder = (writer: FrameWriter, value: DataStructure) => void

export interface CompiledStructures {
  /** By type code; undefined where the version has no such structure. */
  readonly decoders: readonly (StructureDecoder | undefined)[]
  readonly encoders: readonly (StructureEncoder | undefined)[]
}

const compiled = new Map<string, CompiledStructures>()

export function compileStructures(encoding: Encoding): CompiledStructures {
  const key = `${encoding.version} ${encoding.tight} ${encoding.cached}`
  const known = compiled.get(key)
  if (known) return known
  const made = compile(encoding)
  compiled.set(key, made)
  return made
}

/** What a field may hold: its name for errors, and by type code whether that type is accepted. */
interface Expectation {
  readonly field: string
  readonly type: string
  readonly accepts: Uint8Array
}

const names = new Map<number, string>(Object.entries(typeCodes).map(([name, code]) => [code, name]))

const marshallAware = new Uint8Array(256)
for (const [name, { code }] of Object.entries(structures))
  if (code !== undefined && isMarshallAware(name)) marshallAware[code] = 1

function compile(encoding: Encoding): CompiledStructures {
  const decoders: (StructureDecoder | undefined)[] = Array.from({ length: 256 }, () => undefined)
  const encoders: (StructureEncoder | undefined)[] = Array.from({ length: 256 }, () => undefined)
  const expectations: Expectation[] = []
  const runtime = buildRuntime(encoding, { decoders, encoders })
  for (const [name, structure] of Object.entries(structures)) {
    if (structure.code === undefined || (structure.since ?? 1) > encoding.version) continue
    const fields = wireFields(name)
    const decoderText = decoderSource(name, fields, encoding, expectations)
    const encoderText = encoderSource(fields, encoding)
    decoders[structure.code] = evaluate(decoderText, { ...runtime, expectations }) as StructureDecoder
    encoders[structure.code] = evaluate(encoderText, runtime) as StructureEncoder
  }
  return { decoders, encoders }
}

function evaluate(source: string, scope: Readonly<Record<string, unknown>>): unknown {
  // The source consists of names out of schema.ts; nothing from outside reaches it.
  // oxlint-disable-next-line typescript/no-implied-eval
  const make = new Function(...Object.keys(scope), `'use strict'; return ${source}`)
  return make(...Object.values(scope))
}

const inVersion = (field: FieldSchema, version: number): boolean => field.since <= version && version <= field.until

function decoderSource(name: string, fields: FieldSchema[], encoding: Encoding, expectations: Expectation[]): string {
  const parts = fields.map((field) => {
    if (!inVersion(field, encoding.version)) return `${field.name}: ${emptyValue(name, field)}`
    return `${field.name}: ${decodeExpression(name, field, encoding, expectations)}`
  })
  return `(reader) => ({ kind: '${name}', ${parts.join(', ')} })`
}

/** What an older version means by leaving a field out. */
function emptyValue(name: string, field: FieldSchema): string {
  // "Unknown" (ActiveMQ: RemoveInfo.LAST_DELIVERED_UNKNOWN).
  if (name === 'RemoveInfo' && field.name === 'lastDeliveredSequenceId') return '-2'
  if (field.kind === 'bool') return 'false'
  return field.kind === 'byte' || field.kind === 'int' || field.kind === 'long' ? '0' : 'null'
}

function decodeExpression(name: string, field: FieldSchema, { tight }: Encoding, expectations: Expectation[]): string {
  switch (field.kind) {
    case 'bool':
      return tight ? 'reader.bit()' : 'reader.bool()'
    case 'byte':
    case 'int':
    case 'const8':
      return `reader.${field.kind}()`
    case 'long':
    case 'string':
    case 'throwable':
      return tight ? `reader.tight${capitalized(field.kind)}()` : `reader.${field.kind}()`
    case 'bytes': {
      const kind = isMarshallAware(name) || name.endsWith('PartialCommand') ? 'bytes' : 'bytesCopy'
      return tight ? `reader.tight${capitalized(kind)}()` : `reader.${kind}()`
    }
    case 'nested':
    case 'cached':
    case 'array': {
      assert(field.type !== null, `${field.name} has no type`)
      const accepts = new Uint8Array(256)
      for (const code of field.kind === 'cached' ? cacheableCodes(field.type) : codesOf(field.type)) accepts[code] = 1
      expectations.push({ field: `${name}.${field.name}`, type: field.type, accepts })
      return `${field.kind}Decode(reader, expectations[${expectations.length - 1}])`
    }
  }
}

function encoderSource(fields: FieldSchema[], encoding: Encoding): string {
  const { tight, version } = encoding
  const lines = fields
    .filter((field) => inVersion(field, version))
    .map((field) => {
      const value = `value.${field.name}`
      switch (field.kind) {
        case 'bool':
          return tight ? `writer.bit(${value})` : `writer.bool(${value})`
        case 'byte':
        case 'int':
        case 'const8':
          return `writer.${field.kind}(${value})`
        case 'long':
        case 'string':
        case 'throwable':
        case 'bytes':
          return tight ? `writer.tight${capitalized(field.kind)}(${value})` : `writer.${field.kind}(${value})`
        case 'nested':
        case 'cached':
        case 'array':
          return `${field.kind}Encode(writer, ${value})`
      }
    })
  return `(writer, value) => { ${lines.join('; ')} }`
}

/** The functions that the generated ones call for structures within structures. */
function buildRuntime({ tight, cached }: Encoding, { decoders, encoders }: CompiledStructures) {
  const readFlag = tight ? (reader: FrameReader) => reader.bit() : (reader: FrameReader) => reader.bool()
  const writeFlag = tight
    ? (writer: FrameWriter, value: boolean) => writer.bit(value)
    : (writer: FrameWriter, value: boolean) => writer.bool(value)

  const nestedDecode = (reader: FrameReader, expected: Expectation): DataStructure | null => {
    if (!readFlag(reader)) return null
    const code = reader.uint8()
    const decode = decoders[code]
    if (decode === undefined || expected.accepts[code] !== 1) throw unexpected(expected, code)
    // The bit would announce a pre-marshalled copy, which no peer sends.
    if (tight && marshallAware[code] === 1 && reader.bit())
      throw new WireError(`Cannot read ${expected.field}: pre-marshalled structures are not supported`)
    // With caches nothing is repeated.
    const known = cached ? null : reader.recall(code)
    if (known) return known
    const start = reader.position
    const firstBit = reader.bitPosition
    reader.enter()
    const value = decode(reader)
    reader.leave()
    if (!cached) reader.remember(code, start, firstBit, value)
    return value
  }

  const nestedEncode = (writer: FrameWriter, value: DataStructure | null): void => {
    writeFlag(writer, value !== null)
    if (value === null) return
    const code = typeCodes[value.kind]
    const encode = encoders[code]
    if (encode === undefined) throw notInVersion(value)
    if (tight && marshallAware[code] === 1) writer.bit(false)
    writer.byte(code)
    encode(writer, value)
  }

  const cachedDecode = (reader: FrameReader, expected: Expectation): DataStructure | null => {
    const { cache } = reader
    assert(cache, 'a cached format has a cache')
    const fresh = readFlag(reader)
    const slot = reader.short()
    if (!fresh) {
      const value = cache.load(slot)
      if (value !== null && expected.accepts[typeCodes[value.kind]] !== 1)
        throw unexpected(expected, typeCodes[value.kind])
      return value
    }
    const start = reader.position
    const value = nestedDecode(reader, expected)
    cache.store(slot, value, reader.position - start)
    return value
  }

  const cachedEncode = (writer: FrameWriter, value: DataStructure | null): void => {
    const { cache } = writer
    assert(cache, 'a cached format has a cache')
    const key = cacheKey(value as Cacheable | null)
    const known = cache.find(key)
    writeFlag(writer, known === undefined)
    if (known !== undefined) return writer.short(known)
    // Loose takes the slot before those of the fields inside, tight after them.
    const early = tight ? 0 : cache.add(key)
    const offset = writer.frameOffset()
    writer.short(early)
    nestedEncode(writer, value)
    if (tight) writer.setShort(offset, cache.add(key))
  }

  const arrayDecode = (reader: FrameReader, expected: Expectation): (DataStructure | null)[] | null => {
    if (!readFlag(reader)) return null
    const count = reader.short()
    if (count < 0) throw new WireError(`Cannot read ${expected.field}: ${count} elements`)
    reader.count(count)
    const elements: (DataStructure | null)[] = []
    for (let index = 0; index < count; index++) elements.push(nestedDecode(reader, expected))
    return elements
  }

  const arrayEncode = (writer: FrameWriter, value: readonly (DataStructure | null)[] | null): void => {
    writeFlag(writer, value !== null)
    if (value === null) return
    if (value.length > 0x7fff) throw new WireError(`Cannot write array of ${value.length}: at most 32767 are possible`)
    writer.short(value.length)
    for (const element of value) nestedEncode(writer, element)
  }

  return {
    nestedDecode,
    nestedEncode,
    cachedDecode: cached ? cachedDecode : nestedDecode,
    cachedEncode: cached ? cachedEncode : nestedEncode,
    arrayDecode,
    arrayEncode,
  }
}

/** RemoveInfo.objectId is declared as anything, but what can be removed has an id. The cache must not keep more than ids. */
const cacheableCodes = (type: string): number[] =>
  type === 'DataStructure' ? ['ConnectionId', 'SessionId', 'ConsumerId', 'ProducerId'].flatMap(codesOf) : codesOf(type)

const capitalized = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

const notInVersion = (value: DataStructure): WireError =>
  new WireError(`Cannot write ${value.kind}: the negotiated version does not have it`)

const unexpected = ({ field, type }: Expectation, code: number): WireError =>
  new WireError(`Cannot read ${field}: ${names.get(code) ?? `type ${code}`} where ${type} is expected`, {
    fields: { field, code },
  })
