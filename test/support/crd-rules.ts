// The rules of a CRD, evaluated without an API server: defaults are filled in, then every rule of the schema is asked
// about the value it stands at, and transition rules about the value that was there before.
import { Environment } from '@marcbachmann/cel-js'
import type { JsonSchema } from '../../operator/api/crd.ts'
import { parseQuantity } from '../../operator/api/quantity.ts'

export interface Refusal {
  /** `spec.groups[0].replicas`. */
  readonly field: string
  readonly message: string
}

class Quantity {
  readonly value: number
  constructor(text: string) {
    this.value = parseQuantity(text)
  }
}

const environment = new Environment({ unlistedVariablesAreDyn: true })
  .registerType('Quantity', Quantity)
  .registerFunction('quantity(string): Quantity', (text: string) => new Quantity(text))
  .registerFunction('Quantity.compareTo(Quantity): int', (a: Quantity, b: Quantity) =>
    BigInt(Math.sign(a.value - b.value)),
  )

export function withDefaults(value: unknown, schema: JsonSchema): unknown {
  if (Array.isArray(value)) return value.map((item) => withDefaults(item, schema.items ?? {}))
  if (typeof value !== 'object' || value === null) return value
  const filled: Record<string, unknown> = { ...value }
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (filled[name] === undefined && property.default !== undefined) filled[name] = structuredClone(property.default)
    if (filled[name] !== undefined) filled[name] = withDefaults(filled[name], property)
  }
  return filled
}

export function refusals(value: unknown, old: unknown, schema: JsonSchema, path = ''): Refusal[] {
  const found = (schema['x-kubernetes-validations'] ?? [])
    .filter(({ rule }) => !rule.includes('oldSelf') || old !== undefined)
    .filter(({ rule }) => environment.evaluate(rule, { self: asCel(value), oldSelf: asCel(old) }) !== true)
    .map(({ message, fieldPath = '' }) => ({ field: `${path}${fieldPath}`.replace(/^\./, ''), message }))
  if (Array.isArray(value)) {
    const before = Array.isArray(old) ? (old as { name?: string }[]) : []
    return [
      ...found,
      ...value.flatMap((item: { name?: string }, index) =>
        refusals(
          item,
          before.find(({ name }) => name !== undefined && name === item.name),
          schema.items ?? {},
          `${path}[${index}]`,
        ),
      ),
    ]
  }
  if (typeof value !== 'object' || value === null) return found
  const before = (old ?? {}) as Record<string, unknown>
  return [
    ...found,
    ...Object.entries(value).flatMap(([name, item]) =>
      refusals(item, before[name], schema.properties?.[name] ?? {}, path === '' ? name : `${path}.${name}`),
    ),
  ]
}

/** Whole numbers are `int` in CEL, which is a BigInt here. */
function asCel(value: unknown): unknown {
  if (Number.isInteger(value)) return BigInt(value as number)
  // Not value.map: an array that structuredClone made belongs to another realm under Jest.
  if (Array.isArray(value)) return Array.from(value, asCel)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, asCel(item)]))
}
