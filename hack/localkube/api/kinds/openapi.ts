// OpenAPI documents: v3 per group and version (what `kubectl explain`, apply and validation read) and v2 as a whole.
import { createHash } from 'node:crypto'
import { isObject, type JsonObject } from '../json-value.ts'
import { groupsOf } from './discovery.ts'
import type { KindVersion, ResourceKind } from './resource-kind.ts'
import { refPrefix, type Schema } from '../schema/schema.ts'

const componentPrefix = '#/components/schemas/'
const writeParameters = ['dryRun', 'fieldManager', 'fieldValidation']

interface Served {
  readonly kind: ResourceKind
  readonly version: KindVersion
}

const rootOf = (group: string, version: string): string =>
  group === '' ? `api/${version}` : `apis/${group}/${version}`

function servedIn(kinds: readonly ResourceKind[], group: string, name: string): Served[] {
  return kinds
    .filter((kind) => kind.group === group)
    .flatMap((kind) => {
      const version = kind.versions.find((one) => one.name === name && one.served)
      return version ? [{ kind, version }] : []
    })
}

/** /openapi/v3: the documents there are, with a hash that changes with them. */
export function buildOpenApiIndex(kinds: readonly ResourceKind[]): JsonObject {
  const paths: JsonObject = {}
  for (const [group, versions] of groupsOf(kinds))
    for (const version of versions) {
      const hash = createHash('sha256')
        .update(fingerprint(servedIn(kinds, group, version)))
        .digest('hex')
        .toUpperCase()
      paths[rootOf(group, version)] = { serverRelativeURL: `/openapi/v3/${rootOf(group, version)}?hash=${hash}` }
    }
  return { paths }
}

/** Built-in schemas change with this program only; those of custom resources with their definitions. */
const fingerprint = (served: readonly Served[]): string =>
  JSON.stringify(
    served.map(({ kind, version }) => [
      kind.plural,
      version.name,
      kind.custom ? version.schema : '',
      version.scale,
      version.status,
    ]),
  )

/** The v3 document of one group and version; undefined if it is not served. */
export function buildOpenApiV3(kinds: readonly ResourceKind[], group: string, version: string): JsonObject | undefined {
  if (!groupsOf(kinds).get(group)?.includes(version)) return undefined
  const served = servedIn(kinds, group, version)
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes (localkube)', version: 'v1.36.3' },
    paths: buildPaths(served, (name) => ({
      content: { 'application/json': { schema: { $ref: componentPrefix + name } } },
    })),
    components: { schemas: buildSchemas(served, toVersion3) },
  }
}

/** The v2 document of everything. */
export function buildOpenApiV2(kinds: readonly ResourceKind[]): JsonObject {
  const served = kinds.flatMap((kind) =>
    kind.versions.filter((version) => version.served).map((version) => ({ kind, version })),
  )
  return {
    swagger: '2.0',
    info: { title: 'Kubernetes (localkube)', version: 'v1.36.3' },
    paths: buildPaths(served, (name) => ({ schema: { $ref: refPrefix + name } })),
    definitions: buildSchemas(served, toVersion2),
  }
}

function buildPaths(served: readonly Served[], content: (schemaName: string) => JsonObject): JsonObject {
  const paths: JsonObject = {}
  for (const { kind, version } of served) {
    const collection = `/${rootOf(kind.group, version.name)}/${kind.namespaced ? 'namespaces/{namespace}/' : ''}${kind.plural}`
    const about = { 'x-kubernetes-group-version-kind': { group: kind.group, version: version.name, kind: kind.kind } }
    const body = content(version.schemaName)
    const operation = (action: string, writes: boolean): JsonObject => ({
      ...about,
      'x-kubernetes-action': action,
      operationId: `${action}${version.schemaName}`,
      parameters: writes
        ? writeParameters.map((name) => ({
            name,
            in: 'query',
            schema: { type: 'string', uniqueItems: true },
            type: 'string',
          }))
        : [],
      responses: { 200: { description: 'OK', ...body } },
    })
    paths[collection] = { get: operation('list', false), post: operation('post', true) }
    paths[`${collection}/{name}`] = {
      get: operation('get', false),
      put: operation('put', true),
      patch: operation('patch', true),
      delete: operation('delete', true),
    }
  }
  return paths
}

function buildSchemas(served: readonly Served[], convert: (schema: Schema) => JsonObject): JsonObject {
  const schemas: JsonObject = {}
  const waiting: string[] = []
  const add = (schema: Schema): JsonObject => {
    collectReferences(schema, waiting)
    return convert(schema)
  }
  for (const { kind, version } of served)
    schemas[version.schemaName] = {
      ...add(version.schema),
      'x-kubernetes-group-version-kind': [{ group: kind.group, version: version.name, kind: kind.kind }],
    }
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (Object.hasOwn(schemas, name)) continue
    const schema = served[0]!.version.definitions.get(name)
    if (schema) schemas[name] = add(schema)
  }
  return schemas
}

function collectReferences(value: unknown, into: string[]): void {
  if (Array.isArray(value)) for (const item of value) collectReferences(item, into)
  else if (isObject(value))
    for (const [field, part] of Object.entries(value)) {
      if (field === '$ref' && typeof part === 'string') into.push(part.slice(refPrefix.length))
      else collectReferences(part, into)
    }
}

/** Schemas as OpenAPI v3 has them: references elsewhere, and in `allOf` where more is said about the field. */
function toVersion3(schema: Schema): JsonObject {
  return mapSchema(schema, (one) => {
    if (one.$ref === undefined) return one as JsonObject
    const { $ref, ...rest } = one
    const reference = { $ref: componentPrefix + $ref.slice(refPrefix.length) }
    return Object.keys(rest).length === 0 ? reference : { ...rest, allOf: [reference, ...(rest.allOf ?? [])] }
  })
}

/** OpenAPI v2 knows no alternatives and no nullable. */
function toVersion2(schema: Schema): JsonObject {
  return mapSchema(schema, (one) => {
    const { nullable: _n, oneOf: _o, anyOf: _a, not: _not, default: _d, ...rest } = one
    return one.$ref === undefined
      ? rest
      : { ...(one.description === undefined ? {} : { description: one.description }), $ref: one.$ref }
  })
}

function mapSchema(schema: Schema, convert: (schema: Schema) => JsonObject): JsonObject {
  const { 'x-kubernetes-int-or-string': intOrString } = schema
  const inner: Schema = { ...schema }
  if (intOrString && inner.type === undefined && !inner.anyOf)
    Object.assign(inner, { oneOf: [{ type: 'integer' }, { type: 'string' }] })
  const converted = convert(inner)
  const result: JsonObject = { ...converted }
  const map = (value: unknown): unknown => (isObject(value) ? mapSchema(value, convert) : value)
  for (const field of ['items', 'additionalProperties', 'not'])
    if (isObject(result[field])) result[field] = map(result[field])
  for (const field of ['anyOf', 'oneOf'])
    if (Array.isArray(result[field])) result[field] = (result[field] as unknown[]).map(map)
  if (Array.isArray(result['allOf']) && schema.$ref === undefined)
    result['allOf'] = (result['allOf'] as unknown[]).map(map)
  if (isObject(result['properties']))
    result['properties'] = Object.fromEntries(
      Object.entries(result['properties']).map(([name, property]) => [name, map(property)]),
    )
  return result
}

export const openApiProtobufType = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf'
/** What the answer calls itself: an "@" is no character of a media type. */
export const openApiProtobufAnswerType = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf'

/**
 * The v2 document as protobuf (gnostic's Document), without definitions. kubectl reads it only to check a kind that it did
 * not find in v3 by itself; knowing nothing, it leaves the check to the server and says that there is no such kind.
 */
export const openApiV2WithoutDefinitions: string =
  field(1, '2.0') + field(2, field(1, 'localkube') + field(2, 'v1.36.3'))

/** A length-delimited protobuf field of less than 128 ASCII characters. */
function field(number: number, content: string): string {
  return String.fromCharCode((number << 3) | 2, content.length) + content
}
