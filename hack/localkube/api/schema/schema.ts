// The schema of a kind: OpenAPI v3 with the x-kubernetes extensions, for built-in kinds and custom resources alike.
// Built-in schemas refer to each other by name ($ref); those of custom resources stand alone.

export interface ValidationRule {
  rule: string
  message?: string
  messageExpression?: string
  reason?: string
  fieldPath?: string
  optionalOldSelf?: boolean
}

export interface Schema {
  $ref?: string
  type?: string
  format?: string
  title?: string
  description?: string
  default?: unknown
  nullable?: boolean
  enum?: unknown[]
  pattern?: string
  minimum?: number
  maximum?: number
  exclusiveMinimum?: boolean
  exclusiveMaximum?: boolean
  multipleOf?: number
  minLength?: number
  maxLength?: number
  minItems?: number
  maxItems?: number
  uniqueItems?: boolean
  minProperties?: number
  maxProperties?: number
  required?: string[]
  properties?: Record<string, Schema>
  additionalProperties?: Schema | boolean
  items?: Schema
  allOf?: Schema[]
  anyOf?: Schema[]
  oneOf?: Schema[]
  not?: Schema
  'x-kubernetes-int-or-string'?: boolean
  'x-kubernetes-preserve-unknown-fields'?: boolean
  'x-kubernetes-embedded-resource'?: boolean
  'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map'
  'x-kubernetes-list-map-keys'?: string[]
  'x-kubernetes-map-type'?: 'atomic' | 'granular'
  'x-kubernetes-patch-strategy'?: string
  'x-kubernetes-patch-merge-key'?: string
  'x-kubernetes-validations'?: ValidationRule[]
}

/** Finds the schema that a $ref names. */
export type Definitions = ReadonlyMap<string, Schema>

export const refPrefix = '#/definitions/'

/** The schema itself, or what it refers to with its own extensions on top. */
export function resolveSchema(schema: Schema | undefined, definitions: Definitions): Schema | undefined {
  if (schema?.$ref === undefined) return schema
  const target = definitions.get(schema.$ref.slice(refPrefix.length))
  if (!target) return undefined
  const own = Object.keys(schema)
  if (own.length === 1) return target
  return { ...target, ...schema }
}

/** The schema of a field of an object: its property, else that of additional properties. */
export function fieldSchema(schema: Schema | undefined, field: string, definitions: Definitions): Schema | undefined {
  if (!schema) return undefined
  if (schema.properties && Object.hasOwn(schema.properties, field))
    return resolveSchema(schema.properties[field], definitions)
  if (typeof schema.additionalProperties === 'object') return resolveSchema(schema.additionalProperties, definitions)
  return undefined
}

export const itemSchema = (schema: Schema | undefined, definitions: Definitions): Schema | undefined =>
  resolveSchema(schema?.items, definitions)
