// Judges a value by its schema: types, bounds, enums, patterns, required fields, duplicate list items. CEL rules are cel-rules.ts.
import { isObject, ownField, type JsonObject } from '../json-value.ts'
import { formatOf } from './string-formats.ts'
import { maxReportedErrors } from '../limits.ts'
import { listMapKey } from './schema-values.ts'
import { fieldErrors, type FieldError } from '../status-error.ts'
import { fieldSchema, itemSchema, type Definitions, type Schema } from './schema.ts'

interface ValidationOptions {
  /** Required fields are looked at. Off for built-in kinds' status, where absent means zero. */
  readonly required: (path: string) => boolean
}

export function validateBySchema(
  value: unknown,
  schema: Schema,
  definitions: Definitions,
  options: ValidationOptions = { required: () => true },
): FieldError[] {
  const validator = new Validator(definitions, options)
  validator.check(value, schema, '')
  return validator.errors.slice(0, maxReportedErrors)
}

/** The JSON type as error messages name it. */
const typeNameOf = (value: unknown): string => {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number'
  return typeof value
}

const patterns = new Map<string, RegExp | undefined>()

/** A pattern that JavaScript cannot compile matches everything; the real server speaks RE2, whose own additions are rare. */
function compilePattern(source: string): RegExp | undefined {
  if (!patterns.has(source)) {
    let compiled: RegExp | undefined
    try {
      compiled = new RegExp(source, 'u')
    } catch {
      try {
        compiled = new RegExp(source)
      } catch {
        compiled = undefined
      }
    }
    patterns.set(source, compiled)
  }
  return patterns.get(source)
}

class Validator {
  readonly errors: FieldError[] = []
  readonly #definitions: Definitions
  readonly #options: ValidationOptions

  constructor(definitions: Definitions, options: ValidationOptions) {
    this.#definitions = definitions
    this.#options = options
  }

  check(value: unknown, schema: Schema, path: string): void {
    if (this.errors.length >= maxReportedErrors) return
    if (value === null && schema.nullable) return
    if (!this.#typeFits(value, schema, path)) return
    this.#enumerated(value, schema, path)
    if (typeof value === 'string') this.#string(value, schema, path)
    else if (typeof value === 'number') this.#number(value, schema, path)
    else if (Array.isArray(value)) this.#array(value as unknown[], schema, path)
    else if (isObject(value)) this.#object(value, schema, path)
    this.#combined(value, schema, path)
  }

  #add(error: FieldError): void {
    this.errors.push(path0(error))
  }

  #typeFits(value: unknown, schema: Schema, path: string): boolean {
    if (schema['x-kubernetes-int-or-string']) {
      if (typeof value === 'string' || Number.isInteger(value)) return true
      this.#add(
        fieldErrors.wrongType(
          path,
          typeNameOf(value),
          `${inBody(path)} must be of type integer,string: "${typeNameOf(value)}"`,
        ),
      )
      return false
    }
    const expected = schema.type
    if (expected === undefined) return true
    const actual = typeNameOf(value)
    if (actual === expected || (expected === 'number' && actual === 'integer')) return true
    this.#add(fieldErrors.wrongType(path, actual, `${inBody(path)} must be of type ${expected}: "${actual}"`))
    return false
  }

  #enumerated(value: unknown, schema: Schema, path: string): void {
    if (!schema.enum || schema.enum.some((accepted) => JSON.stringify(accepted) === JSON.stringify(value))) return
    this.#add(fieldErrors.unsupported(path, value, schema.enum))
  }

  #string(value: string, schema: Schema, path: string): void {
    const length = schema.maxLength === undefined && schema.minLength === undefined ? 0 : Array.from(value).length
    if (schema.maxLength !== undefined && length > schema.maxLength)
      this.#add({ ...fieldErrors.tooLong(path, schema.maxLength) })
    if (schema.minLength !== undefined && length < schema.minLength)
      this.#add(fieldErrors.invalid(path, value, `${inBody(path)} should be at least ${schema.minLength} chars long`))
    if (schema.pattern !== undefined && compilePattern(schema.pattern)?.test(value) === false)
      this.#add(fieldErrors.invalid(path, value, `${inBody(path)} should match '${schema.pattern}'`))
    if (schema.format !== undefined && formatOf(schema.format)?.(value) === false)
      this.#add(
        fieldErrors.invalid(path, value, `${inBody(path)} must be of type ${schema.format}: ${JSON.stringify(value)}`),
      )
  }

  #number(value: number, schema: Schema, path: string): void {
    const { minimum, maximum, multipleOf } = schema
    if (minimum !== undefined && (schema.exclusiveMinimum ? value <= minimum : value < minimum))
      this.#add(
        fieldErrors.invalid(
          path,
          value,
          `${inBody(path)} should be greater than ${schema.exclusiveMinimum ? '' : 'or equal to '}${minimum}`,
        ),
      )
    if (maximum !== undefined && (schema.exclusiveMaximum ? value >= maximum : value > maximum))
      this.#add(
        fieldErrors.invalid(
          path,
          value,
          `${inBody(path)} should be less than ${schema.exclusiveMaximum ? '' : 'or equal to '}${maximum}`,
        ),
      )
    if (multipleOf !== undefined && value % multipleOf !== 0)
      this.#add(fieldErrors.invalid(path, value, `${inBody(path)} should be a multiple of ${multipleOf}`))
    if (schema.format === 'int32' && (value < -2147483648 || value > 2147483647))
      this.#add(fieldErrors.invalid(path, value, `${inBody(path)} must be of type int32: ${value}`))
  }

  #array(items: unknown[], schema: Schema, path: string): void {
    if (schema.maxItems !== undefined && items.length > schema.maxItems)
      this.#add(fieldErrors.tooMany(path, items.length, schema.maxItems))
    if (schema.minItems !== undefined && items.length < schema.minItems)
      this.#add(
        fieldErrors.invalid(path, items.length, `${inBody(path)} should have at least ${schema.minItems} items`),
      )
    const inner = itemSchema(schema, this.#definitions)
    if (inner) for (const [index, item] of items.entries()) this.check(item, inner, `${path}[${index}]`)
    this.#duplicates(items, schema, inner, path)
  }

  #duplicates(items: unknown[], schema: Schema, inner: Schema | undefined, path: string): void {
    const kind = schema['x-kubernetes-list-type']
    if (kind !== 'map' && kind !== 'set' && !schema.uniqueItems) return
    const keys = schema['x-kubernetes-list-map-keys']
    const seen = new Set<string>()
    for (const [index, item] of items.entries()) {
      const key = kind === 'map' && keys ? listMapKey(item, keys, inner, this.#definitions) : JSON.stringify(item)
      if (seen.has(key)) this.#add(fieldErrors.duplicate(`${path}[${index}]`, JSON.parse(key)))
      seen.add(key)
    }
  }

  #object(object: JsonObject, schema: Schema, path: string): void {
    const count = Object.keys(object).length
    if (schema.maxProperties !== undefined && count > schema.maxProperties)
      this.#add(fieldErrors.tooMany(path, count, schema.maxProperties))
    if (schema.minProperties !== undefined && count < schema.minProperties)
      this.#add(
        fieldErrors.invalid(path, count, `${inBody(path)} should have at least ${schema.minProperties} properties`),
      )
    if (schema.required && this.#options.required(path))
      for (const field of schema.required)
        if (ownField(object, field) === undefined) this.#add(fieldErrors.required(join(path, field)))
    for (const field of Object.keys(object)) {
      const inner = fieldSchema(schema, field, this.#definitions)
      if (inner) this.check(object[field], inner, join(path, field))
    }
  }

  #combined(value: unknown, schema: Schema, path: string): void {
    for (const part of schema.allOf ?? []) this.check(value, part, path)
    const fits = (part: Schema): boolean => {
      const attempt = new Validator(this.#definitions, this.#options)
      attempt.check(value, part, path)
      return attempt.errors.length === 0
    }
    if (schema.anyOf && !schema.anyOf.some(fits))
      this.#add(fieldErrors.invalid(path, value, `${inBody(path)} must validate at least one schema (anyOf)`))
    if (schema.oneOf && schema.oneOf.filter(fits).length !== 1)
      this.#add(fieldErrors.invalid(path, value, `${inBody(path)} must validate one and only one schema (oneOf)`))
    if (schema.not && fits(schema.not))
      this.#add(fieldErrors.invalid(path, value, `${inBody(path)} must not validate the schema (not)`))
  }
}

const join = (path: string, field: string): string => (path === '' ? field : `${path}.${field}`)
const inBody = (path: string): string => (path === '' ? 'the object in body' : `${path} in body`)
const path0 = (error: FieldError): FieldError => (error.field === '' ? { ...error, field: '<nil>' } : error)
