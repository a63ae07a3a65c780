// JSON patch (RFC 6902) and JSON merge patch (RFC 7386). Both return a new value and leave the given one alone.
import { cloneJson, equalJson, isObject, ownField, setField, type JsonObject } from '../json-value.ts'
import { maxJsonPatchOperations } from '../limits.ts'
import { badRequest, RegistryError } from '../status-error.ts'

/** Errors: 400 for what is no patch, 422 for one that does not fit the document (missing path, failed test). */
export function applyJsonPatch(document: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) throw badRequest('error decoding patch: a JSON patch must be an array of operations')
  if (patch.length > maxJsonPatchOperations)
    throw new RegistryError(
      413,
      'RequestEntityTooLarge',
      `The allowed maximum operations in a JSON patch is ${maxJsonPatchOperations}, got ${patch.length}`,
    )
  let result = cloneJson(document)
  for (const operation of patch as unknown[]) {
    if (!isObject(operation)) throw badRequest('error decoding patch: an operation must be an object')
    result = applyOperation(result, operation)
  }
  return result
}

export function applyMergePatch(document: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return cloneJson(patch)
  const result: JsonObject = isObject(document) ? { ...document } : {}
  for (const field of Object.keys(patch)) {
    const change = patch[field]
    if (change === null) delete result[field]
    else setField(result, field, applyMergePatch(ownField(result, field), change))
  }
  return result
}

function applyOperation(document: unknown, operation: JsonObject): unknown {
  const { op, path, from } = operation
  if (typeof path !== 'string') throw badRequest(`error decoding patch: operation ${JSON.stringify(op)} lacks a path`)
  switch (op) {
    case 'add':
      return put(document, parsePointer(path), operation['value'], true)
    case 'replace':
      read(document, path)
      return put(document, parsePointer(path), operation['value'], false)
    case 'remove':
      read(document, path)
      return remove(document, parsePointer(path))
    case 'test':
      if (!equalJson(lookUp(document, parsePointer(path)) ?? null, operation['value'] ?? null))
        throw failed(`testing value ${path} failed`)
      return document
    case 'copy':
      return put(document, parsePointer(path), cloneJson(read(document, String(from))), true)
    case 'move': {
      const value = read(document, String(from))
      return put(remove(document, parsePointer(String(from))), parsePointer(path), value, true)
    }
    default:
      throw badRequest(
        `error decoding patch: unknown operation ${JSON.stringify(op)}: expected add, remove, replace, move, copy or test`,
      )
  }
}

function parsePointer(pointer: string): string[] {
  if (pointer === '') return []
  if (!pointer.startsWith('/'))
    throw badRequest(`error decoding patch: path ${JSON.stringify(pointer)} must start with '/'`)
  return pointer
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
}

const failed = (why: string): RegistryError =>
  new RegistryError(422, 'Invalid', `the server rejected our request due to an error in our request: ${why}`, {})

function lookUp(document: unknown, path: readonly string[]): unknown {
  let current = document
  for (const step of path) {
    if (Array.isArray(current)) current = /^\d+$/.test(step) ? (current as unknown[])[Number(step)] : undefined
    else if (isObject(current)) current = ownField(current, step)
    else return undefined
  }
  return current
}

function read(document: unknown, pointer: string): unknown {
  const value = lookUp(document, parsePointer(pointer))
  if (value === undefined) throw failed(`doc is missing path: ${pointer}: missing value`)
  return value
}

function put(document: unknown, path: readonly string[], value: unknown, insert: boolean): unknown {
  const last = path.at(-1)
  if (last === undefined) return value
  const holder = lookUp(document, path.slice(0, -1))
  if (Array.isArray(holder)) {
    const index = last === '-' ? holder.length : Number(last)
    if (!Number.isInteger(index) || index < 0 || index > holder.length) throw failed(`index out of bounds: ${last}`)
    holder.splice(index, insert ? 0 : 1, value)
  } else if (isObject(holder)) setField(holder, last, value)
  else throw failed(`doc is missing path: /${path.join('/')}`)
  return document
}

function remove(document: unknown, path: readonly string[]): unknown {
  const last = path.at(-1)
  if (last === undefined) return null
  const holder = lookUp(document, path.slice(0, -1))
  if (Array.isArray(holder)) holder.splice(Number(last), 1)
  else if (isObject(holder)) delete holder[last]
  return document
}
