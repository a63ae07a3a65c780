// Bodies of requests: JSON, YAML or protobuf to a value, with the fields that a client wrote twice.
import { load } from 'js-yaml'
import { maxNestingDepth } from '../limits.ts'
import { decodeProtobuf, protobufType } from './protobuf-body.ts'
import { nestingDepth } from '../schema/schema-values.ts'
import { badRequest, RegistryError } from '../status-error.ts'

interface DecodedBody {
  readonly value: unknown
  /** Paths of fields that are there more than once; the last one counts. */
  readonly duplicates: readonly string[]
}

const jsonTypes = [
  'application/json',
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
]
const yamlTypes = ['application/yaml', 'application/apply-patch+yaml']

export const mediaTypeOf = (header: string | undefined): string => (header ?? '').split(';')[0]!.trim().toLowerCase()

/** Errors: 415 for a type that is not understood, 400 for a text that is none of its type. */
export function decodeBody(body: Buffer, contentType: string | undefined): DecodedBody {
  const type = mediaTypeOf(contentType) || 'application/json'
  if (type === protobufType) return { value: decodeProtobuf(body), duplicates: [] }
  const text = body.toString('utf8')
  if (yamlTypes.includes(type)) return bounded(decodeYaml(text))
  if (jsonTypes.includes(type)) return bounded(decodeJson(text))
  throw new RegistryError(
    415,
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${[...jsonTypes, ...yamlTypes].join(', ')}`,
  )
}

function decodeJson(text: string): DecodedBody {
  try {
    return { value: JSON.parse(text), duplicates: duplicateFields(text) }
  } catch (error) {
    throw badRequest(`the object provided is unrecognized: couldn't parse it as JSON: ${(error as Error).message}`)
  }
}

function decodeYaml(text: string): DecodedBody {
  // Most YAML that clients send is JSON, and JSON is read faster and tells duplicates.
  if (text.trimStart().startsWith('{')) {
    try {
      return { value: JSON.parse(text), duplicates: duplicateFields(text) }
    } catch {
      // Flow-style YAML also starts with a brace.
    }
  }
  try {
    return { value: jsonOf(load(text, { json: true })), duplicates: [] }
  } catch (error) {
    throw badRequest(`error converting YAML to JSON: ${(error as Error).message}`)
  }
}

/** YAML knows dates and undefined; JSON does not. */
const jsonOf = (value: unknown): unknown => (value === undefined ? null : JSON.parse(JSON.stringify(value)))

function bounded(decoded: DecodedBody): DecodedBody {
  if (nestingDepth(decoded.value, maxNestingDepth) > maxNestingDepth)
    throw badRequest(`the object provided is nested deeper than ${maxNestingDepth} levels`)
  return decoded
}

/** Paths of repeated keys in a text that is known to be JSON. One pass, no recursion. */
export function duplicateFields(text: string): string[] {
  const found: string[] = []
  const open: { keys: Set<string> | undefined; path: string; index: number; key: string }[] = []
  const token = /"(?:[^"\\]|\\.)*"|[[\]{},:]/g
  for (let match = token.exec(text); match; match = token.exec(text)) {
    const top = open.at(-1)
    const [piece] = match
    if (piece === '{' || piece === '[')
      open.push({ keys: piece === '{' ? new Set() : undefined, path: top ? pathIn(top) : '', index: 0, key: '' })
    else if (piece === '}' || piece === ']') open.pop()
    else if (piece === ',' && top && !top.keys) top.index += 1
    else if (piece.startsWith('"') && top?.keys && /^\s*:/.test(text.slice(token.lastIndex, token.lastIndex + 64))) {
      const key = JSON.parse(piece) as string
      top.key = key
      if (top.keys.has(key)) found.push(pathIn(top))
      top.keys.add(key)
    }
  }
  return [...new Set(found)]
}

const pathIn = (holder: { keys: Set<string> | undefined; path: string; index: number; key: string }): string =>
  holder.keys ? (holder.path === '' ? holder.key : `${holder.path}.${holder.key}`) : `${holder.path}[${holder.index}]`
