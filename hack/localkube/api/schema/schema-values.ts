// Makes a value fit its schema without judging it: unknown fields are dropped (and reported), nulls that the schema does
// not allow are dropped, defaults are filled in, quantities written as numbers become strings. Judging is schema-validation.ts.
import { arrayOrEmpty, cloneJson, isObject, ownField, setField, type JsonObject } from '../json-value.ts'
import { canonicalQuantity } from '../../base/quantity.ts'
import { fieldSchema, itemSchema, resolveSchema, type Definitions, type Schema } from './schema.ts'

const metaSchemaName = 'io.k8s.api.v1.ObjectMeta'

/** Changes `object` in place. Returns the paths of the fields that the schema does not know (`spec.containers[0].imagee`). */
export function conformToSchema(object: JsonObject, schema: Schema, definitions: Definitions): string[] {
  const conform = new Conformer(definitions)
  conform.object(object, schema, '', true)
  dropEmptyMetadata(object['metadata'])
  return conform.unknown
}

/** Metadata has no empty maps or lists: `annotations: {}` is the same as none. */
function dropEmptyMetadata(metadata: unknown): void {
  if (!isObject(metadata)) return
  for (const field of ['labels', 'annotations', 'finalizers', 'ownerReferences']) {
    const value = metadata[field]
    if (typeof value === 'object' && value !== null && Object.keys(value).length === 0) delete metadata[field]
  }
}

class Conformer {
  readonly unknown: string[] = []
  readonly #definitions: Definitions

  constructor(definitions: Definitions) {
    this.#definitions = definitions
  }

  object(object: JsonObject, schema: Schema, path: string, root: boolean): void {
    const free = isFree(schema)
    for (const field of Object.keys(object)) {
      const at = path === '' ? field : `${path}.${field}`
      let inner = fieldSchema(schema, field, this.#definitions)
      if (root && (field === 'apiVersion' || field === 'kind')) inner = { type: 'string' }
      if (root && field === 'metadata') inner = this.#definitions.get(metaSchemaName) ?? inner
      if (!inner) {
        if (free) continue
        this.unknown.push(at)
        delete object[field]
      } else if (object[field] === null && !inner.nullable && !isAnything(inner)) delete object[field]
      else this.#value(object, field, inner, at)
    }
    this.#fillDefaults(object, schema)
  }

  #value(holder: JsonObject, field: string, schema: Schema, path: string): void {
    const value = ownField(holder, field)
    if (schema.format === 'quantity') setField(holder, field, canonicalQuantity(value))
    else if (isObject(value)) this.object(value, schema, path, schema['x-kubernetes-embedded-resource'] === true)
    else if (Array.isArray(value)) this.#items(value as unknown[], schema, path)
  }

  #items(items: unknown[], schema: Schema, path: string): void {
    const inner = itemSchema(schema, this.#definitions)
    if (!inner) return
    for (const [index, item] of items.entries()) {
      const at = `${path}[${index}]`
      if (isObject(item)) this.object(item, inner, at, inner['x-kubernetes-embedded-resource'] === true)
      else if (Array.isArray(item)) this.#items(item as unknown[], inner, at)
    }
  }

  #fillDefaults(object: JsonObject, schema: Schema): void {
    for (const [field, declared] of Object.entries(schema.properties ?? {})) {
      if (declared.default === undefined || ownField(object, field) !== undefined) continue
      setField(object, field, cloneJson(declared.default))
      // A default may itself have parts that are defaulted.
      const inner = resolveSchema(declared, this.#definitions)
      const value = ownField(object, field)
      if (inner && isObject(value)) this.object(value, inner, field, false)
    }
  }
}

const isFree = (schema: Schema): boolean =>
  schema['x-kubernetes-preserve-unknown-fields'] === true ||
  schema.additionalProperties === true ||
  (schema.properties === undefined && schema.additionalProperties === undefined && schema.type === undefined)

const isAnything = (schema: Schema): boolean =>
  schema['x-kubernetes-preserve-unknown-fields'] === true && schema.type === undefined

/** Paths of duplicate list-map and set items are the validator's; this tells the key of one item. */
export function listMapKey(
  item: unknown,
  keys: readonly string[],
  schema: Schema | undefined,
  definitions: Definitions,
): string {
  if (!isObject(item)) return JSON.stringify(item)
  const key: JsonObject = {}
  for (const name of keys.toSorted()) {
    const value = ownField(item, name) ?? fieldSchema(schema, name, definitions)?.default
    if (value !== undefined) key[name] = value
  }
  return JSON.stringify(key)
}

/** Depth of nesting, for refusing bodies whose handling would exhaust the stack. Stops counting at `limit`. */
export function nestingDepth(value: unknown, limit: number): number {
  let level: unknown[] = [value]
  let depth = 0
  while (level.length > 0 && depth <= limit) {
    level = level.flatMap((item) => (isObject(item) ? Object.values(item) : arrayOrEmpty(item)))
    depth += 1
  }
  return depth
}
