// JSON values as the API server handles them: plain objects, arrays and scalars, never classes.
// Cloning and comparing are written here because structuredClone makes objects of another realm under Jest.

export type JsonObject = { [field: string]: unknown }

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** `value` as an object; anything else becomes an empty one. For reading only. */
export const objectOrEmpty = (value: unknown): JsonObject => (isObject(value) ? value : {})

/** `value` as an array; anything else becomes an empty one. For reading only. */
export const arrayOrEmpty = (value: unknown): unknown[] => (Array.isArray(value) ? (value as unknown[]) : [])

export function cloneJson<T>(value: T): T {
  if (Array.isArray(value)) return value.map((item) => cloneJson(item as unknown)) as T
  if (!isObject(value)) return value
  const copy: JsonObject = {}
  for (const field of Object.keys(value)) setField(copy, field, cloneJson(value[field]))
  return copy as T
}

/** Object keys count in any order, array items in theirs. An undefined field equals an absent one. */
export function equalJson(left: unknown, right: unknown): boolean {
  if (left === right) return true
  if (Array.isArray(left))
    return (
      Array.isArray(right) && left.length === right.length && left.every((item, index) => equalJson(item, right[index]))
    )
  if (!isObject(left) || !isObject(right)) return false
  for (const field of Object.keys(left)) if (!equalJson(left[field], ownField(right, field))) return false
  for (const field of Object.keys(right))
    if (right[field] !== undefined && ownField(left, field) === undefined) return false
  return true
}

/** A field of the object itself: `constructor` and the like are data here, never inherited. */
export const ownField = (object: JsonObject, field: string): unknown =>
  Object.hasOwn(object, field) ? object[field] : undefined

/** Sets a field also when a stranger named it `__proto__`. */
export function setField(object: JsonObject, field: string, value: unknown): void {
  if (field === '__proto__')
    Object.defineProperty(object, field, { value, enumerable: true, configurable: true, writable: true })
  else object[field] = value
}

/** The value under field names, or undefined: `valueAt(pod, ['spec', 'nodeName'])`. */
export function valueAt(value: unknown, path: readonly string[]): unknown {
  let current = value
  for (const field of path) {
    if (!isObject(current)) return undefined
    current = ownField(current, field)
  }
  return current
}

/** Sets the value under field names and makes the objects on the way. */
export function setAt(target: JsonObject, path: readonly string[], value: unknown): void {
  let current = target
  for (const field of path.slice(0, -1)) {
    let next = ownField(current, field)
    if (!isObject(next)) {
      next = {}
      setField(current, field, next)
    }
    current = next as JsonObject
  }
  const last = path.at(-1)
  if (last !== undefined) setField(current, last, value)
}

/** `.spec.replicas` or `spec.replicas` as field names. Names with dots are not possible in this form. */
export const parseFieldPath = (path: string): string[] => path.split('.').filter((part) => part !== '')
