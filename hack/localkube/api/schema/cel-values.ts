// JSON values as CEL sees them: whole numbers are ints (bigint), times are timestamps, durations are durations, and fields
// whose names are no CEL identifiers are escaped (`a-b` → `a__dash__b`).
import { Environment } from '@marcbachmann/cel-js'
import { isObject, setField, type JsonObject } from '../json-value.ts'
import type { Schema } from './schema.ts'

const keywords: ReadonlySet<string> = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
)

const escapes: readonly (readonly [string, string])[] = [
  ['__', '__underscores__'],
  ['.', '__dot__'],
  ['-', '__dash__'],
  ['/', '__slash__'],
]

/** The name of a declared property in a rule. Keys of maps are never escaped. */
export function celFieldName(property: string): string {
  if (keywords.has(property)) return `__${property}__`
  return escapes.reduce((name, [from, to]) => name.replaceAll(from, to), property)
}

const durations = new Environment().registerVariable('text', 'string')

/** Values that the schema does not describe are taken as they look: whole numbers as ints. */
export function toCelValue(value: unknown, schema: Schema | undefined): unknown {
  if (typeof value === 'number') return schema?.type === 'number' || !Number.isInteger(value) ? value : BigInt(value)
  if (typeof value === 'string') return toCelString(value, schema?.format)
  if (Array.isArray(value)) return value.map((item) => toCelValue(item, schema?.items))
  if (!isObject(value)) return value
  const result: JsonObject = {}
  for (const field of Object.keys(value)) {
    const property =
      schema?.properties && Object.hasOwn(schema.properties, field) ? schema.properties[field] : undefined
    const inner =
      property ?? (typeof schema?.additionalProperties === 'object' ? schema.additionalProperties : undefined)
    setField(result, property ? celFieldName(field) : field, toCelValue(value[field], inner))
  }
  return result
}

function toCelString(text: string, format: string | undefined): unknown {
  if (format === 'date-time' && !Number.isNaN(Date.parse(text))) return new Date(text)
  if (format === 'byte') return Uint8Array.from(Buffer.from(text, 'base64'))
  if (format !== 'duration') return text
  try {
    return durations.evaluate('duration(text)', { text })
  } catch {
    return text
  }
}
