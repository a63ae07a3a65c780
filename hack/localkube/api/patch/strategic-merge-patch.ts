// Strategic merge patch, for built-in kinds: lists merge by the key that the schema names; `$patch: delete|replace|merge`,
// `$retainKeys`, `$deleteFromPrimitiveList/<field>` and `$setElementOrder/<field>` as kubectl sends them.
import { arrayOrEmpty, cloneJson, isObject, ownField, setField, type JsonObject } from '../json-value.ts'
import { fieldSchema, itemSchema, type Definitions, type Schema } from '../schema/schema.ts'
import { badRequest } from '../status-error.ts'

const directive = '$patch'
const retain = '$retainKeys'
const orderPrefix = '$setElementOrder/'
const deletePrefix = '$deleteFromPrimitiveList/'

/** Errors: 400 for directives that make no sense. */
export function applyStrategicMergePatch(
  document: JsonObject,
  patch: JsonObject,
  schema: Schema | undefined,
  definitions: Definitions,
): JsonObject {
  const merge = (target: JsonObject, change: JsonObject, at: Schema | undefined): JsonObject => {
    const mode = change[directive]
    if (mode === 'replace') return withoutDirectives(change)
    if (mode === 'delete') return {}
    if (mode !== undefined && mode !== 'merge')
      throw badRequest(`unknown patch type: ${JSON.stringify(mode)}: expected replace, delete or merge`)
    const result = { ...target }
    retainKeys(result, change[retain])
    for (const field of Object.keys(change)) {
      if (field === directive || field === retain || field.startsWith(orderPrefix)) continue
      if (field.startsWith(deletePrefix)) deleteItems(result, field.slice(deletePrefix.length), change[field])
      else mergeField(result, field, change, fieldSchema(at, field, definitions))
    }
    for (const field of Object.keys(change))
      if (field.startsWith(orderPrefix)) {
        const name = field.slice(orderPrefix.length)
        const key = fieldSchema(at, name, definitions)?.['x-kubernetes-patch-merge-key']
        setField(
          result,
          name,
          inOrder(arrayOrEmpty(result[name]), arrayOrEmpty(change[field]), arrayOrEmpty(target[name]), key),
        )
      }
    return result
  }
  const mergeField = (result: JsonObject, field: string, change: JsonObject, at: Schema | undefined): void => {
    const value = change[field]
    const present = ownField(result, field)
    if (value === null) delete result[field]
    else if (isObject(value)) {
      if (value[directive] === 'delete') delete result[field]
      else setField(result, field, merge(isObject(present) ? present : {}, value, at))
    } else if (Array.isArray(value) && at?.['x-kubernetes-patch-strategy']?.includes('merge'))
      setField(result, field, mergeList(arrayOrEmpty(present), value as unknown[], at))
    else setField(result, field, cloneJson(value))
  }
  const mergeList = (present: unknown[], change: unknown[], at: Schema): unknown[] => {
    const key = at['x-kubernetes-patch-merge-key']
    if (
      change.some(
        (item) => isObject(item) && item[directive] === 'replace' && (key === undefined || item[key] === undefined),
      )
    )
      return change.filter((item) => !(isObject(item) && item[directive] !== undefined)).map(cloneJson)
    if (key === undefined)
      return inOrder([...present, ...change.filter((item) => !present.includes(item))], change, present, key)
    const inner = itemSchema(at, definitions)
    let result = [...present]
    for (const item of change) {
      if (!isObject(item) || item[key] === undefined)
        throw badRequest(`map: ${JSON.stringify(item)} does not contain declared merge key: ${key}`)
      const index = result.findIndex((one) => isObject(one) && one[key] === item[key])
      if (item[directive] === 'delete') result = result.filter((one) => !(isObject(one) && one[key] === item[key]))
      else if (index < 0) result.push(merge({}, item, inner))
      else result[index] = merge(result[index] as JsonObject, item, inner)
    }
    return inOrder(result, change, present, key)
  }
  return merge(document, patch, schema)
}

/** `$retainKeys` names the only fields that may stay. */
function retainKeys(result: JsonObject, keys: unknown): void {
  if (!Array.isArray(keys)) return
  for (const field of Object.keys(result)) if (!keys.includes(field)) delete result[field]
}

function deleteItems(result: JsonObject, field: string, items: unknown): void {
  const present = result[field]
  if (Array.isArray(present)) result[field] = present.filter((item) => !arrayOrEmpty(items).includes(item))
}

/**
 * Items that `order` names come in its order; the others keep theirs. Where the two meet, the order in `before` decides,
 * and an item that was not there before goes first.
 */
function inOrder(items: unknown[], order: unknown[], before: unknown[], key: string | undefined): unknown[] {
  const nameOf = (item: unknown): unknown => (key !== undefined && isObject(item) ? item[key] : item)
  const wanted = order.map(nameOf)
  const earlier = before.map(nameOf)
  const named = items
    .filter((item) => wanted.includes(nameOf(item)))
    .toSorted((left, right) => wanted.indexOf(nameOf(left)) - wanted.indexOf(nameOf(right)))
  const result: unknown[] = []
  for (const other of items.filter((item) => !wanted.includes(nameOf(item)))) {
    const place = earlier.indexOf(nameOf(other))
    const first = place < 0 ? -1 : named.findIndex((item) => place < earlier.indexOf(nameOf(item)))
    result.push(...named.splice(0, first < 0 ? named.length : first))
    result.push(other)
  }
  return [...result, ...named]
}

function withoutDirectives(change: JsonObject): JsonObject {
  const { [directive]: _, ...rest } = change
  return cloneJson(rest)
}
