// Values of properties and of map and stream bodies, as users write them → with their Java types.
import type { PrimitiveMap, PrimitiveValue } from '../wire/openwire/properties.ts'
import { bufferOf, isBytes, isMap, isPlainObject, refused } from './given.ts'
import type { JmsError } from './jms-error.ts'
import { maxValueDepth } from './limits.ts'

/**
 * Numbers become int, long or double by what fits, a bigint a long; `{type, value}` says it exactly, for example
 * `{type: 'short', value: 3}`.
 */
export type MessageValue = string | number | bigint | boolean | null | Uint8Array | PrimitiveValue | TypedValue

/** What `{type, value}` may be beyond the form in which values are received. */
export type TypedValue =
  /** One UTF-16 code unit, as a text or a number. */
  | { readonly type: 'char'; readonly value: string | number }
  | { readonly type: 'bytes'; readonly value: Uint8Array }
  | { readonly type: 'map'; readonly value: MessageValues }
  | { readonly type: 'list'; readonly value: readonly MessageValue[] }

/** What is undefined is left out. */
export type MessageValues =
  | { readonly [name: string]: MessageValue | undefined }
  | ReadonlyMap<string, MessageValue | undefined>

/** What may stand in one kind of map, or in a stream. */
export interface ValueRules {
  /** What the values are, for errors: "property", "map entry", "stream value". */
  readonly what: string
  /** Maps and lists as values: jms.nestedMapAndListEnabled; never in streams (ActiveMQStreamMessage.writeObject). */
  readonly nested: boolean
  /** Throws JmsError for a name that cannot be. */
  readonly checkName: (what: string, name: unknown) => asserts name is string
}

export function typedMap(values: MessageValues, rules: ValueRules): Map<string, PrimitiveValue> {
  return mapOf(rules.what, values, rules, 0)
}

export function typedList(values: readonly MessageValue[], rules: ValueRules): PrimitiveValue[] {
  return values.map((value, index) => typedValue(rules.what, index, value, rules, 0))
}

/** Any text that is not empty: entries of maps have no other rule. */
export const aName: ValueRules['checkName'] = (what: string, name: unknown): asserts name is string => {
  if (typeof name !== 'string' || name === '') throw unusable(`name of a ${what}`, name, 'a text that is not empty')
}

export const unusable = (field: string, value: unknown, accepts: string): JmsError =>
  refused('send', field, value, accepts, 'javax.jms.MessageFormatException')

/** `what` names the whole for errors: "property", or "property a:" for what is in it. */
function mapOf(what: string, values: unknown, rules: ValueRules, depth: number): Map<string, PrimitiveValue> {
  const entries = isMap(values) ? values : isPlainObject(values) ? Object.entries(values) : null
  if (entries === null) throw unusable(what, values, 'a map or an object')
  const typed = new Map<string, PrimitiveValue>()
  // Only the names of the outermost map mean something to others than its reader.
  const checkName: ValueRules['checkName'] = depth === 0 ? rules.checkName : aName
  for (const [name, value] of entries) {
    checkName(what, name)
    if (value !== undefined) typed.set(name, typedValue(what, name, value, rules, depth))
  }
  return typed
}

/** Of a value: a property's, an entry's, or its place in a stream. Put into words only for errors. */
type Name = string | number

function typedValue(what: string, name: Name, value: unknown, rules: ValueRules, depth: number): PrimitiveValue {
  if (depth > maxValueDepth) throw unusable(`${what} ${name}`, value, `maps and lists up to ${maxValueDepth} deep`)
  if (value === null) return { type: 'null', value }
  if (typeof value === 'string') return { type: 'string', value }
  if (typeof value === 'boolean') return { type: 'boolean', value }
  if (typeof value === 'bigint') return exactly(what, name, 'long', value, rules, depth)
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) return { type: 'double', value }
    return { type: value === (value | 0) ? 'int' : 'long', value }
  }
  if (isBytes(value)) return { type: 'bytes', value: bufferOf(value) }
  if (isPlainObject(value) && 'type' in value && 'value' in value)
    return exactly(what, name, value['type'], value['value'], rules, depth)
  throw unusable(`${what} ${name}`, value, 'a text, number, boolean, bytes, null or {type, value}')
}

/** Smallest and largest whole number of each type. */
export const wholeNumberRanges = {
  byte: [-128, 127],
  char: [0, 65_535],
  short: [-32_768, 32_767],
  int: [-(2 ** 31), 2 ** 31 - 1],
} as const

function exactly(
  what: string,
  name: Name,
  type: unknown,
  value: unknown,
  rules: ValueRules,
  depth: number,
): PrimitiveValue {
  switch (type) {
    case 'null':
      if (value === null) return { type, value }
      throw unusable(`${what} ${name}`, value, 'null')
    case 'boolean':
      if (typeof value === 'boolean') return { type, value }
      throw unusable(`${what} ${name}`, value, 'true or false')
    case 'char':
      if (typeof value === 'string' && value.length === 1) return { type, value: value.charCodeAt(0) }
      if (typeof value !== 'string') return { type, value: wholeNumber(what, name, type, value) }
      throw unusable(`${what} ${name}`, value, 'one UTF-16 code unit, as a text or a number')
    case 'byte':
    case 'short':
    case 'int':
      return { type, value: wholeNumber(what, name, type, value) }
    case 'long':
      if (Number.isSafeInteger(value)) return { type, value: value as number }
      if (typeof value === 'bigint' && BigInt.asIntN(64, value) === value) return { type, value }
      throw unusable(`${what} ${name}`, value, 'a whole number of 64 bits, above 2^53 as bigint')
    case 'float':
      // What is too large for one would become infinite on the way.
      if (typeof value === 'number' && Number.isFinite(value) === Number.isFinite(Math.fround(value)))
        return { type, value }
      throw unusable(`${what} ${name}`, value, 'a number that 32 bits hold')
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
      assertNested(what, name, type, rules)
      return { type, value: mapOf(`${what} ${name}:`, value, rules, depth + 1) }
    case 'list':
      assertNested(what, name, type, rules)
      if (Array.isArray(value))
        return { type, value: value.map((item) => typedValue(what, name, item, rules, depth + 1)) }
      throw unusable(`${what} ${name}`, value, 'an array')
    default:
      throw unusable(
        `type of ${what} ${name}`,
        type,
        'one of null, boolean, byte, char, short, int, long, float, double, string, bytes, map, list',
      )
  }
}

function wholeNumber(what: string, name: Name, type: keyof typeof wholeNumberRanges, value: unknown): number {
  const [minimum, maximum] = wholeNumberRanges[type]
  if (typeof value === 'number' && Number.isInteger(value) && value >= minimum && value <= maximum) return value
  throw unusable(`${what} ${name}`, value, `a whole number from ${minimum} to ${maximum}`)
}

function assertNested(what: string, name: Name, type: string, { nested }: ValueRules): void {
  if (!nested) throw unusable(`type of ${what} ${name}`, type, 'a type that holds one value, not map and list')
}

/** Of received values, too. */
export type { PrimitiveMap, PrimitiveValue }
