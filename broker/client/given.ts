// What users give, checked before anything is made of it. Refused by name: the field, what was given, what is accepted.
// Fields that are null or undefined count as left out.
import { types } from 'node:util'
import { JmsError, type JmsErrorClass } from './jms-error.ts'

/** One kind of value, for a field of an options object. */
export interface Accepted {
  readonly accepts: string
  readonly test: (value: unknown) => boolean
}

export const aText: Accepted = { accepts: 'a text', test: (value) => typeof value === 'string' }

export const aNonEmptyText: Accepted = {
  accepts: 'a text that is not empty',
  test: (value) => typeof value === 'string' && value !== '',
}

export const aBoolean: Accepted = { accepts: 'true or false', test: (value) => typeof value === 'boolean' }

export const aWholeNumber = (minimum: number, maximum: number): Accepted => ({
  accepts: `a whole number from ${minimum} to ${maximum}`,
  test: (value) => Number.isInteger(value) && Number(value) >= minimum && Number(value) <= maximum,
})

export const oneOf = (...values: readonly string[]): Accepted => ({
  accepts: `one of ${values.join(', ')}`,
  test: (value) => typeof value === 'string' && values.includes(value),
})

/** What has a check of its own. */
export const anything: Accepted = { accepts: 'anything', test: () => true }

export type Fields = Readonly<Record<string, Accepted>>

/** Throws JmsError when `given` is no object, has a field that `fields` does not know, or one of a wrong kind. */
export function checkFields(what: string, given: object, fields: Fields, className?: JmsErrorClass): void {
  if (!isPlainObject(given))
    throw refused(what, '', given, `an object with ${Object.keys(fields).join(', ')}`, className)
  for (const name in given) {
    const value = given[name]
    if (!Object.hasOwn(fields, name))
      throw refused(what, `field ${name}`, value, Object.keys(fields).join(', '), className)
    if (value !== undefined && value !== null && !fields[name]!.test(value))
      throw refused(what, name, value, fields[name]!.accepts, className)
  }
}

/** Throws JmsError when `value` is not of this kind. */
export function check(what: string, field: string, value: unknown, accepted: Accepted): void {
  if (!accepted.test(value)) throw refused(what, field, value, accepted.accepts)
}

/** "Cannot <what>: <field> is <value>; accepted is …" */
export function refused(
  what: string,
  field: string,
  value: unknown,
  accepts: string,
  className: JmsErrorClass = 'javax.jms.JMSException',
): JmsError {
  const given = field === '' ? `${described(value)} was given` : `${field} is ${described(value)}`
  return new JmsError(className, `Cannot ${what}: ${given}; accepted is ${accepts}`)
}

/** Made by `{}` or the like, whatever the realm: not an array, a map or an instance of a class. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

/** Of any realm. */
export const isBytes: (value: unknown) => value is Uint8Array = types.isUint8Array

/** Of any realm. */
export const isMap = (value: unknown): value is ReadonlyMap<unknown, unknown> => types.isMap(value)

/** The same bytes, without copying them. */
export const bufferOf = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const longestText = 60

function described(value: unknown): string {
  if (typeof value === 'string')
    return JSON.stringify(value.length > longestText ? `${value.slice(0, longestText)}…` : value)
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'symbol') return 'a symbol'
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value !== 'object' || value === null) return String(value)
  if (isPlainObject(value)) return 'an object'
  return `of class ${(value as { constructor?: { name?: string } }).constructor?.name ?? 'unknown'}`
}
