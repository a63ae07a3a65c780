// Values as selectors have them, and how two of them compare: SQL's three-valued logic, in which null is the unknown.
//
// Numbers compare as what they are, whatever their Java types: no long loses digits on the way to a double.

/** A value that no operator knows but IS NULL: a property that is a character, bytes, a map or a list. */
export const opaque = Symbol('opaque')

/** Longs beyond the safe integers are bigint. null: there is none. */
export type SelectorValue = null | boolean | string | number | bigint | typeof opaque

/** True, false or unknown. */
export type Truth = boolean | null

/** The Java type of a number, where it matters: how arithmetic goes on, and how it is written. */
export const numberTypes = { none: 0, int: 1, long: 2, float: 3, double: 4 } as const
export type NumberType = (typeof numberTypes)[keyof typeof numberTypes]

/** Something that has a value, of the message that is looked at. */
export interface Operand {
  read(): SelectorValue
  /** Of what was read last. */
  readonly numberType: NumberType
}

export type Comparison = '=' | '<>' | '<' | '<=' | '>' | '>='

export const isNumber = (value: SelectorValue): value is number | bigint =>
  typeof value === 'number' || typeof value === 'bigint'

/** Values of different kinds are not equal. */
export function equal(left: SelectorValue, right: SelectorValue): Truth {
  if (left === null || right === null) return null
  if (left === right) return left !== opaque
  if (typeof left === 'bigint') return isSameLong(left, right)
  return typeof right === 'bigint' && isSameLong(right, left)
}

/** Longs that are number are others than those that are bigint; a double may be the same as one of these. */
const isSameLong = (long: bigint, other: SelectorValue): boolean =>
  typeof other === 'number' && Number.isInteger(other) && BigInt(other) === long

/** Texts compare by their characters, and false is less than true (ActiveMQ; JMS has no order of either). */
function inOrder(operator: Exclude<Comparison, '=' | '<>'>, left: SelectorValue, right: SelectorValue): Truth {
  if (left === null || right === null) return null
  if (!isNumber(left) || !isNumber(right)) {
    if (typeof left !== typeof right || left === opaque) return false
  }
  const [a, b] = [left as number, right as number]
  switch (operator) {
    case '<':
      return a < b
    case '<=':
      return a <= b
    case '>':
      return a > b
    case '>=':
      return a >= b
  }
}

export function compare(operator: Comparison, left: SelectorValue, right: SelectorValue): Truth {
  if (operator === '=') return equal(left, right)
  if (operator !== '<>') return inOrder(operator, left, right)
  const same = equal(left, right)
  return same === null ? null : !same
}

const integerText = /^[+-]?\d+$/
const floatText = /^\s*[+-]?(?:NaN|Infinity|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[fFdD]?)\s*$/
/** More digits than any number has; BigInt takes time for what is longer. */
const longestNumberText = 400

/**
 * A text as the kind of value that it is compared with (ActiveMQ: convert_string_expressions); null with a number that the
 * text is not: then the comparison is false.
 */
export function convertText(text: string, { value, type }: { value: SelectorValue; type: NumberType }): SelectorValue {
  if (typeof value === 'boolean') return text.toLowerCase() === 'true'
  if (!isNumber(value)) return text
  if (text.length > longestNumberText) return null
  if (type === numberTypes.int || type === numberTypes.long)
    return integerText.test(text) ? longValue(BigInt(text.replace('+', ''))) : null
  return floatText.test(text) ? Number(text.replace(/[fFdD]\s*$/, '')) : null
}

/** A long in the form in which values have it. */
export function longValue(value: bigint): number | bigint {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}
