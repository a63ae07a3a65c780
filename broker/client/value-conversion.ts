// Values read as another type, by the tables of JMS 1.1 (3.5.4 for properties, 3.11.3 for map and stream bodies, which are the
// same but for char and bytes): a number as a wider one, everything but bytes as a text, a text as everything it can be read as.
import type { PrimitiveValue } from '../wire/openwire/properties.ts'
import { JmsError } from './jms-error.ts'
import { wholeNumberRanges } from './message-value.ts'

/** The types that can be asked for → what one gets. */
export interface ReadableTypes {
  boolean: boolean
  byte: number
  short: number
  int: number
  /** Always a bigint, whatever its size. */
  long: bigint
  float: number
  double: number
  /** A text of one UTF-16 code unit. */
  char: string
  string: string
  bytes: Buffer
}

export type ReadableType = keyof ReadableTypes

const readableAs: Readonly<Record<PrimitiveValue['type'], readonly ReadableType[]>> = {
  null: [],
  boolean: ['boolean', 'string'],
  byte: ['byte', 'short', 'int', 'long', 'string'],
  short: ['short', 'int', 'long', 'string'],
  char: ['char', 'string'],
  int: ['int', 'long', 'string'],
  long: ['long', 'string'],
  float: ['float', 'double', 'string'],
  double: ['double', 'string'],
  string: ['boolean', 'byte', 'short', 'int', 'long', 'float', 'double', 'string'],
  bytes: ['bytes'],
  map: [],
  list: [],
}

/**
 * `value` as `type`; null when it is null or not there (in Java that is an exception for numbers, and false for a boolean).
 * Throws JmsError, MessageFormatException, when JMS has no such conversion or the text says no such value.
 */
export function valueAs<T extends ReadableType>(
  value: PrimitiveValue | null | undefined,
  type: T,
): ReadableTypes[T] | null {
  if (value === null || value === undefined || value.type === 'null') return null
  const targets = readableAs[value.type]
  if (!targets.includes(type)) throw unreadable(value, type, `accepted is ${targets.join(', ') || 'nothing else'}`)
  return converted(value, type) as ReadableTypes[T]
}

function converted(value: PrimitiveValue, type: ReadableType): unknown {
  switch (value.type) {
    case 'char':
      return String.fromCharCode(value.value)
    case 'string':
      return type === 'string' ? value.value : read(value, value.value, type)
    case 'byte':
    case 'short':
    case 'int':
    case 'long':
      if (type === 'long') return BigInt(value.value)
      return type === 'string' ? String(value.value) : value.value
    case 'boolean':
    case 'float':
    case 'double':
      return type === 'string' ? String(value.value) : value.value
    case 'bytes':
    case 'map':
    case 'list':
    case 'null':
      return value.value
  }
}

/** What a text says, as Java's valueOf reads it: no blanks but around floats, every boolean that is not "true" is false. */
function read(value: PrimitiveValue, text: string, type: ReadableType): unknown {
  if (type === 'boolean') return text.toLowerCase() === 'true'
  if (type === 'float' || type === 'double') {
    const number = decimal.test(text.trim()) ? Number(text.trim().replace(/[fFdD]$/, '')) : NaN
    if (Number.isNaN(number) && text.trim() !== 'NaN') throw unreadable(value, type, 'the text is no number')
    return type === 'float' ? Math.fround(number) : number
  }
  if (!/^[+-]?\d+$/.test(text)) throw unreadable(value, type, 'the text is no whole number')
  const number = BigInt(text.replace(/^\+/, ''))
  const [minimum, maximum] = type === 'long' ? longRange : wholeNumberRanges[type as keyof typeof wholeNumberRanges]
  if (number < minimum || number > maximum)
    throw unreadable(value, type, `accepted are whole numbers from ${minimum} to ${maximum}`)
  return type === 'long' ? number : Number(number)
}

const longRange = [-(2n ** 63n), 2n ** 63n - 1n] as const

const decimal = /^[+-]?(Infinity|(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?[fFdD]?)$/

function unreadable({ type: from, value }: PrimitiveValue, to: ReadableType, state: string): JmsError {
  const shown = from === 'string' ? ` ${JSON.stringify(value.slice(0, 60))}` : ''
  return new JmsError('javax.jms.MessageFormatException', `Cannot read ${from}${shown} as ${to}: ${state}`)
}
