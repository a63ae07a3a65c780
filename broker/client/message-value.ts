// Values of properties and map bodies, as users write them → with their Java types.
import type { PrimitiveMap, PrimitiveValue } from '../wire/openwire/properties.ts'
import { bufferOf, isBytes, isMap, isPlainObject, refused } from './given.ts'
import type { JmsError } from './jms-error.ts'
import { maxValueDepth } from './limits.ts'

/**
 * Numbers become int, long or double by what fits; `{type, value}` says it exactly, for example `{type: 'short', value: 3}`.
 */
export type MessageValue = string | number | bigint | boolean | null | Uint8Array | PrimitiveValue

/** What is undefined is left out. */
export type MessageValues =
  | Readonly<Record<string, MessageValue | undefined>>
  | ReadonlyMap<string, MessageValue | undefined>

/** `what` names the whole for errors: "property" or "map entry". Throws JmsError. */
export function typedMap(what: string, values: MessageValues): PrimitiveMap {
  return mapOf(what, values, 0)
}

function mapOf(what: string, values: unknown, depth: number): PrimitiveMap {
  const entries = isMap(values) ? values : isPlainObject(values) ? Object.entries(values) : null
  if (entries === null) throw unusable(what, values, 'a map or an object')
  const typed = new Map<string, PrimitiveValue>()
  for (const [name, value] of entries) {
    if (typeof name !== 'string' || name === '') throw unusable(`name of a ${what}`, name, 'a text that is not empty')
    if (value !== undefined) typed.set(name, typedValue(what, name, value, depth))
  }
  return typed
}

function typedValue(what: string, name: string, value: unknown, depth: number): PrimitiveValue {
  if (depth > maxValueDepth) throw unusable(`${what} ${name}`, value, `maps and lists up to ${maxValueDepth} deep`)
  if (value === null) return { type: 'null', value }
  if (typeof value === 'string') return { type: 'string', value }
  if (typeof value === 'boolean') return { type: 'boolean', value }
  if (typeof value === 'bigint') return exactly(what, name, 'long', value, depth)
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) return { type: 'double', value }
    return { type: value === (value | 0) ? 'int' : 'long', value }
  }
  if (isBytes(value)) return { type: 'bytes', value: bufferOf(value) }
  if (isPlainObject(value) && 'type' in value && 'value' in value)
    return exactly(what, name, value['type'], value['value'], depth)
  throw unusable(`${what} ${name}`, value, 'a text, number, boolean, bytes, null or {type, value}')
}

/** Smallest and largest whole number of each type. */
const ranges = {
  byte: [-128, 127],
  char: [0, 65_535],
  short: [-32_768, 32_767],
  int: [-(2 ** 31), 2 ** 31 - 1],
} as const

function exactly(what: string, name: string, type: unknown, value: unknown, depth: number): PrimitiveValue {
  switch (type) {
    case 'null':
      if (value === null) return { type, value }
      throw unusable(`${what} ${name}`, value, 'null')
    case 'boolean':
      if (typeof value === 'boolean') return { type, value }
      throw unusable(`${what} ${name}`, value, 'true or false')
    case 'byte':
    case 'char':
    case 'short':
    case 'int': {
      const [minimum, maximum] = ranges[type]
      if (typeof value === 'number' && Number.isInteger(value) && value >= minimum && value <= maximum)
        return { type, value }
      throw unusable(`${what} ${name}`, value, `a whole number from ${minimum} to ${maximum}`)
    }
    case 'long':
      if (Number.isSafeInteger(value)) return { type, value: value as number }
      if (typeof value === 'bigint' && BigInt.asIntN(64, value) === value) return { type, value }
      throw unusable(`${what} ${name}`, value, 'a whole number of 64 bits, above 2^53 as bigint')
    case 'float':
    case 'double':
      if (typeof value === 'number') return { type, value }
      throw unusable(`${what} ${name}`, value, 'a number')
    case 'string':
      if (typeof value === 'string') return { type, value }
      throw unusable(`${what} ${name}`, value, 'a text')
    case 'bytes':
      if (isBytes(value)) return { type, value: bufferOf(value) }
      throw unusable(`${what} ${name}`, value, 'bytes')
    case 'map':
      return { type, value: mapOf(`${what} ${name}:`, value, depth + 1) }
    case 'list':
      if (Array.isArray(value)) return { type, value: value.map((item) => typedValue(what, name, item, depth + 1)) }
      throw unusable(`${what} ${name}`, value, 'an array')
    default:
      throw unusable(
        `type of ${what} ${name}`,
        type,
        'one of null, boolean, byte, char, short, int, long, float, double, string, bytes, map, list',
      )
  }
}

const unusable = (field: string, value: unknown, accepts: string): JmsError =>
  refused('send', field, value, accepts, 'javax.jms.MessageFormatException')
