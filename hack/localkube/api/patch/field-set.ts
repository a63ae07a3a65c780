// Sets of fields of an object, in the form of managedFields' FieldsV1: a tree whose steps are `f:name` (a field),
// `k:{"name":"x"}` (an item of a list-map) and `v:"x"` (an item of a set). A node may itself belong to the set (`.`).
import { equalJson, isObject, ownField, type JsonObject } from '../json-value.ts'
import { listMapKey } from '../schema/schema-values.ts'
import { fieldSchema, itemSchema, type Definitions, type Schema } from '../schema/schema.ts'

export class FieldSet {
  member = false
  readonly children = new Map<string, FieldSet>()

  static decode(fields: unknown): FieldSet {
    const set = new FieldSet()
    if (!isObject(fields)) return set
    for (const step of Object.keys(fields)) {
      if (step === '.') set.member = true
      else {
        const child = FieldSet.decode(fields[step])
        if (child.children.size === 0) child.member = true
        set.children.set(step, child)
      }
    }
    return set
  }

  encode(): JsonObject {
    const fields: JsonObject = {}
    if (this.member && this.children.size > 0) fields['.'] = {}
    for (const [step, child] of [...this.children].sort(([left], [right]) => (left < right ? -1 : 1)))
      fields[step] = child.encode()
    return fields
  }

  get isEmpty(): boolean {
    return !this.member && this.children.size === 0
  }

  child(step: string): FieldSet {
    let child = this.children.get(step)
    if (!child) this.children.set(step, (child = new FieldSet()))
    return child
  }

  has(path: readonly string[]): boolean {
    return this.at(path)?.member ?? false
  }

  at(path: readonly string[]): FieldSet | undefined {
    const [step, ...rest] = path
    return step === undefined ? this : this.children.get(step)?.at(rest)
  }

  union(other: FieldSet): FieldSet {
    return combine(this, other, (left, right) => left || right)
  }

  intersection(other: FieldSet): FieldSet {
    return combine(this, other, (left, right) => left && right)
  }

  difference(other: FieldSet): FieldSet {
    return combine(this, other, (left, right) => left && !right)
  }

  /** As `difference`, and what lies under a field of `other` goes with it. */
  without(other: FieldSet): FieldSet {
    const result = new FieldSet()
    result.member = this.member && !other.member
    if (other.member) return result
    for (const [step, child] of this.children) {
      const theirs = other.children.get(step)
      const rest = theirs ? child.without(theirs) : child
      if (!rest.isEmpty) result.children.set(step, rest)
    }
    return result
  }

  equals(other: FieldSet): boolean {
    if (this.member !== other.member || this.children.size !== other.children.size) return false
    for (const [step, child] of this.children) if (!other.children.get(step)?.equals(child)) return false
    return true
  }

  /** Paths of all members, outer before inner. */
  *paths(prefix: readonly string[] = []): Generator<readonly string[]> {
    if (this.member) yield prefix
    for (const [step, child] of this.children) yield* child.paths([...prefix, step])
  }
}

function combine(left: FieldSet, right: FieldSet, keep: (left: boolean, right: boolean) => boolean): FieldSet {
  const result = new FieldSet()
  result.member = keep(left.member, right.member)
  for (const step of new Set([...left.children.keys(), ...right.children.keys()])) {
    const child = combine(left.children.get(step) ?? nothing, right.children.get(step) ?? nothing, keep)
    if (!child.isEmpty) result.children.set(step, child)
  }
  return result
}

const nothing = new FieldSet()

/** How server-side apply sees a value: as one thing, as fields, as items by key, as items by value. */
type Shape = 'atomic' | 'fields' | 'items' | 'values'

export function shapeOf(value: unknown, schema: Schema | undefined): Shape {
  if (isObject(value)) return schema?.['x-kubernetes-map-type'] === 'atomic' ? 'atomic' : 'fields'
  if (!Array.isArray(value)) return 'atomic'
  if (schema?.['x-kubernetes-list-type'] === 'map') return value.every(isObject) ? 'items' : 'atomic'
  return schema?.['x-kubernetes-list-type'] === 'set' ? 'values' : 'atomic'
}

/** True for a named field of a structure, false for an entry of a map and for fields the schema does not name. */
const isNamedField = (schema: Schema | undefined, field: string): boolean =>
  schema?.properties !== undefined && Object.hasOwn(schema.properties, field)

/** The step to an item of a list: by its keys or by its value. */
export function itemStep(item: unknown, schema: Schema | undefined, shape: Shape, definitions: Definitions): string {
  if (shape === 'values') return `v:${JSON.stringify(item)}`
  return `k:${listMapKey(item, schema?.['x-kubernetes-list-map-keys'] ?? [], itemSchema(schema, definitions), definitions)}`
}

export interface Part {
  readonly step: string
  readonly value: unknown
  readonly schema: Schema | undefined
  readonly named: boolean
}

/** The parts of a value that is not atomic. Of items with the same key the first counts. */
export function partsOf(value: unknown, schema: Schema | undefined, definitions: Definitions): Map<string, Part> {
  const parts = new Map<string, Part>()
  const shape = shapeOf(value, schema)
  if (shape === 'fields') {
    const object = value as JsonObject
    for (const field of Object.keys(object))
      if (object[field] !== undefined)
        parts.set(`f:${field}`, {
          step: `f:${field}`,
          value: ownField(object, field),
          schema: fieldSchema(schema, field, definitions),
          named: isNamedField(schema, field),
        })
  } else if (shape !== 'atomic') {
    const inner = itemSchema(schema, definitions)
    for (const item of value as unknown[]) {
      const step = itemStep(item, schema, shape, definitions)
      if (!parts.has(step)) parts.set(step, { step, value: item, schema: inner, named: false })
    }
  }
  return parts
}

/** The fields that an applied configuration names. */
export function fieldsOfValue(value: unknown, schema: Schema | undefined, definitions: Definitions): FieldSet {
  const set = new FieldSet()
  if (shapeOf(value, schema) === 'atomic') {
    set.member = true
    return set
  }
  for (const part of partsOf(value, schema, definitions).values()) {
    const child = fieldsOfValue(part.value, part.schema, definitions)
    const emptyObject = isObject(part.value) && Object.keys(part.value).length === 0
    if (part.step.startsWith('k:') || emptyObject || part.value === null || (!part.named && !part.schema))
      child.member = true
    if (!child.isEmpty) set.children.set(part.step, child)
  }
  return set
}

interface Comparison {
  readonly added: FieldSet
  readonly modified: FieldSet
  readonly removed: FieldSet
}

/**
 * Which fields differ between two states of an object. `alwaysPresent` are paths (`.spec.template`) of structures that even
 * an empty object has, as the real server's types do: their coming and going is nobody's.
 */
export function compareFields(
  before: unknown,
  after: unknown,
  schema: Schema | undefined,
  definitions: Definitions,
  alwaysPresent: ReadonlySet<string> = new Set(),
): Comparison {
  const compare = (old: unknown, now: unknown, at: Schema | undefined, path: string): Comparison => {
    const result = noDifference()
    const shapes = [old, now].filter((value) => value !== undefined).map((value) => shapeOf(value, at))
    const leaf = shapes.includes('atomic') || (shapes.length === 2 && shapes[0] !== shapes[1])
    const left = leaf || old === undefined ? new Map<string, Part>() : partsOf(old, at, definitions)
    const right = leaf || now === undefined ? new Map<string, Part>() : partsOf(now, at, definitions)
    const empty = left.size === 0 && right.size === 0
    if (leaf || empty || !alwaysPresent.has(path)) markDifference(old, now, leaf || empty, result)
    for (const step of new Set([...left.keys(), ...right.keys()])) {
      const part = right.get(step) ?? left.get(step)!
      const inner = compare(left.get(step)?.value, right.get(step)?.value, part.schema, `${path}.${step.slice(2)}`)
      for (const name of ['added', 'modified', 'removed'] as const)
        if (!inner[name].isEmpty) result[name].children.set(step, inner[name])
    }
    return result
  }
  return compare(before, after, schema, '')
}

const noDifference = (): Comparison => ({ added: new FieldSet(), modified: new FieldSet(), removed: new FieldSet() })

function markDifference(before: unknown, after: unknown, byValue: boolean, into: Comparison): void {
  if (before === undefined && after !== undefined) into.added.member = true
  else if (after === undefined && before !== undefined) into.removed.member = true
  else if (byValue && !equalJson(before, after)) into.modified.member = true
}
