// Random commands, made from the table of structures.
import * as fc from 'fast-check'
import type { DataStructure } from '../../../../broker/wire/openwire/commands.ts'
import { typeCodes } from '../../../../broker/wire/openwire/commands.ts'
import type { FieldSchema } from '../../../../broker/wire/openwire/schema.ts'
import { codesOf, structures, wireFields } from '../../../../broker/wire/openwire/schema.ts'

const names = new Map(Object.entries(typeCodes).map(([name, code]) => [code as number, name]))

/** What RemoveInfo.objectId can hold, whatever its declared type permits. */
const removable = new Set(['ConnectionId', 'SessionId', 'ConsumerId', 'ProducerId'])

const long = fc.oneof(
  fc.maxSafeInteger(),
  fc.integer({ min: -70_000, max: 70_000 }),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => {
    const number = Number(value)
    return Number.isSafeInteger(number) ? number : value
  }),
)

const text = fc.oneof(fc.string({ maxLength: 12 }), fc.string({ unit: 'binary', maxLength: 12 }))
const bytes = fc.uint8Array({ maxLength: 20 }).map((value) => Buffer.from(value))

const throwable: fc.Arbitrary<unknown> = fc.record({
  className: fc.option(text),
  message: fc.option(text),
  stackTrace: fc.constant([]),
  cause: fc.constant(null),
})

/** A structure of one kind as `version` carries it: fields that it lacks are empty. */
export function arbitraryStructure(name: string, version: number, depth = 0): fc.Arbitrary<DataStructure> {
  const shape: Record<string, fc.Arbitrary<unknown>> = { kind: fc.constant(name) }
  for (const field of wireFields(name)) {
    const present = field.since <= version && version <= field.until
    shape[field.name] = present ? arbitraryField(field, version, depth) : fc.constant(emptyOf(name, field))
  }
  return fc.record(shape) as unknown as fc.Arbitrary<DataStructure>
}

/** Kinds that exist in `version`. */
export const kindsOf = (version: number): string[] =>
  Object.entries(structures).flatMap(([name, { code, since }]) =>
    code !== undefined && (since ?? 1) <= version ? [name] : [],
  )

function arbitraryField(field: FieldSchema, version: number, depth: number): fc.Arbitrary<unknown> {
  switch (field.kind) {
    case 'bool':
      return fc.boolean()
    case 'byte':
      return fc.integer({ min: -128, max: 127 })
    case 'int':
      return fc.integer()
    case 'long':
      return long
    case 'string':
      return fc.option(text)
    case 'bytes':
      return fc.option(bytes)
    case 'const8':
      return fc.constant(Buffer.from('ActiveMQ'))
    case 'throwable':
      return fc.option(throwable)
    case 'array':
      return depth > 1
        ? fc.constant(null)
        : fc.option(fc.array(arbitraryNested(field, version, depth), { maxLength: 3 }))
    case 'nested':
    case 'cached':
      return arbitraryNested(field, version, depth)
  }
}

function arbitraryNested(field: FieldSchema, version: number, depth: number): fc.Arbitrary<unknown> {
  if (depth > 2) return fc.constant(null)
  const available = new Set(kindsOf(version))
  const kinds = codesOf(field.type!)
    .map((code) => names.get(code)!)
    .filter((name) => available.has(name) && (field.name !== 'objectId' || removable.has(name)))
  if (kinds.length === 0) return fc.constant(null)
  // Of the many structures that a field may hold, a few are enough.
  const some = kinds.length > 8 ? ['MessageId', 'ConsumerInfo', 'ActiveMQTextMessage'] : kinds
  return fc.option(fc.oneof(...some.map((kind) => arbitraryStructure(kind, version, depth + 1))))
}

function emptyOf(name: string, field: FieldSchema): unknown {
  if (name === 'RemoveInfo' && field.name === 'lastDeliveredSequenceId') return -2
  if (field.kind === 'bool') return false
  return field.kind === 'byte' || field.kind === 'int' || field.kind === 'long' ? 0 : null
}
