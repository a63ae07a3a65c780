// The schemas of the built-in kinds, read from the type declarations of the Kubernetes client library (field names,
// types, which are required, descriptions) and completed by builtin-schema-overlay.ts. Only the types that the served
// kinds reach are read. The library itself is not loaded: its 900 classes cost half a second, the declarations 30 ms.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import * as overlay from './builtin-schema-overlay.ts'
import { refPrefix, type Schema } from './schema.ts'

const namePrefix = 'io.k8s.api.'
const classPattern = /^([A-Z][a-z]+)?(V\d+(?:(?:alpha|beta)\d+)?)(.+)$/

let cache: Map<string, Schema> | undefined

/** All schemas by name, for `$ref`. Read once per process. */
export function builtinDefinitions(): ReadonlyMap<string, Schema> {
  if (cache) return cache
  cache = new Map()
  const models = join(
    dirname(createRequire(import.meta.url).resolve('@kubernetes/client-node/package.json')),
    'dist/gen/models',
  )
  const waiting = [...rootClasses]
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const typeName = typeNameOf(name)
    if (cache.has(namePrefix + typeName)) continue
    const reader = new DeclarationReader(typeName, waiting)
    cache.set(namePrefix + typeName, reader.read(readFileSync(join(models, `${name}.d.ts`), 'utf8')))
  }
  return cache
}

/** `('apps', 'v1', 'StatefulSet')` → name of the schema of that kind. */
export function schemaNameOf(group: string, version: string, kind: string): string {
  if (kind !== 'Event') return `${namePrefix}${version}.${kind}`
  return `${namePrefix}${group === '' ? 'core' : 'events'}.${version}.${kind}`
}

const rootClasses: readonly string[] = (
  'ConfigMap Endpoints Namespace Node PersistentVolumeClaim PersistentVolume Pod Secret ServiceAccount Service ' +
  'ControllerRevision Deployment ReplicaSet StatefulSet Job Lease EndpointSlice NetworkPolicy PodDisruptionBudget ClusterRoleBinding ' +
  'ClusterRole RoleBinding Role StorageClass CustomResourceDefinition Event'
)
  .split(' ')
  .flatMap((kind) => (kind === 'Event' ? ['CoreV1Event', 'EventsV1Event'] : [`V1${kind}`]))

/** `V1PodSpec` → `v1.PodSpec`, `CoreV1Event` → `core.v1.Event`. */
function typeNameOf(className: string): string {
  const [, prefix, version, rest] = classPattern.exec(className) ?? []
  return `${prefix ? `${prefix.toLowerCase()}.` : ''}${version?.toLowerCase()}.${rest}`
}

/** Names that are no identifiers in TypeScript are written with underscores in the declarations. */
const fieldNameOf = (declared: string): string =>
  declared.startsWith('x_kubernetes_') ? declared.replaceAll('_', '-') : declared.replace(/^_/, '')

class DeclarationReader {
  readonly #typeName: string
  readonly #reached: string[]

  constructor(typeName: string, reached: string[]) {
    this.#typeName = typeName
    this.#reached = reached
  }

  read(text: string): Schema {
    const schema: Schema = { type: 'object', properties: {} }
    const description = /\/\*\*\n\* ([^\n]*)\n\*\/\nexport declare class/.exec(text)?.[1]
    if (description !== undefined) schema.description = unescape(description)
    if (overlay.atomicTypes.has(this.#typeName)) schema['x-kubernetes-map-type'] = 'atomic'
    const body = text.slice(text.indexOf('export declare class'))
    const fields = body.matchAll(
      /(?: {4}\/\*\*\n {4}\* ([^\n]*)\n {4}\*\/\n)? {4}'([^'\n]+)'(\?)?: (\{\n {8}\[key: string\]: (.+);\n {4}\}|.+);/g,
    )
    for (const [, about, declared, optional, type, mapValue] of fields) {
      const name = fieldNameOf(declared!)
      const field = this.#field(name, mapValue === undefined ? type! : `{${mapValue}}`)
      if (about !== undefined) field.description = unescape(about)
      schema.properties![name] = field
      if (optional === undefined && !overlay.zeroWhenAbsent.has(`${this.#typeName}.${name}`))
        (schema.required ??= []).push(name)
    }
    return schema
  }

  #field(name: string, declared: string): Schema {
    const key = `${this.#typeName}.${name}`
    const schema: Schema = overlay.replacedSchemas[key]
      ? { ...overlay.replacedSchemas[key] }
      : this.#type(declared, key)
    if (Object.hasOwn(overlay.defaults, key)) schema.default = overlay.defaults[key]
    const accepted = overlay.enums[key]
    if (accepted) schema.enum = [...accepted]
    if (overlay.atomicMaps.has(key)) schema['x-kubernetes-map-type'] = 'atomic'
    if (overlay.granularObjects.has(key)) schema['x-kubernetes-map-type'] = 'granular'
    if (schema.type === 'array') addListKind(schema, key)
    return schema
  }

  #type(declared: string, key: string): Schema {
    if (overlay.quantities.has(key) && declared === 'string') return { type: 'string', format: 'quantity' }
    const list = /^Array<(.+)>$/.exec(declared)
    if (list) return { type: 'array', items: this.#type(list[1]!, key) }
    const map = /^\{(.+)\}$/.exec(declared)
    if (map) return { type: 'object', additionalProperties: this.#type(map[1]!, key) }
    if (classPattern.test(declared) && declared !== 'V1MicroTime') {
      this.#reached.push(declared)
      return { $ref: refPrefix + namePrefix + typeNameOf(declared) }
    }
    return scalar(declared, key)
  }
}

function scalar(declared: string, key: string): Schema {
  switch (declared) {
    case 'string':
      return overlay.base64Fields.has(key) ? { type: 'string', format: 'byte' } : { type: 'string' }
    case 'number':
      return overlay.doubles.has(key) ? { type: 'number' } : { type: 'integer', format: 'int64' }
    case 'boolean':
      return { type: 'boolean' }
    case 'Date':
    case 'V1MicroTime':
      return { type: 'string', format: 'date-time' }
    case 'IntOrString':
      return { 'x-kubernetes-int-or-string': true }
    default:
      return { 'x-kubernetes-preserve-unknown-fields': true }
  }
}

function addListKind(schema: Schema, key: string): void {
  const keys = overlay.listMaps[key]
  if (keys) {
    schema['x-kubernetes-list-type'] = 'map'
    schema['x-kubernetes-list-map-keys'] = [...keys]
  } else schema['x-kubernetes-list-type'] = overlay.sets.has(key) ? 'set' : 'atomic'
  const patchKey = overlay.replacedByPatch.has(key) ? undefined : (keys?.[0] ?? overlay.atomicButPatchMerged[key])
  if (patchKey !== undefined) schema['x-kubernetes-patch-merge-key'] = patchKey
  if (patchKey !== undefined || overlay.setsMergedByPatch.has(key))
    schema['x-kubernetes-patch-strategy'] = overlay.retainKeys.has(key) ? 'merge,retainKeys' : 'merge'
}

const unescape = (text: string): string => text.replaceAll(/\\(.)/g, '$1')
