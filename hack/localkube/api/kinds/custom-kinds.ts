// Custom resources: a CustomResourceDefinition as a served kind.
import { builtinDefinitions } from '../schema/builtin-schemas.ts'
import { customColumns } from '../print/columns.ts'
import { arrayOrEmpty, isObject, objectOrEmpty, valueAt, type JsonObject } from '../json-value.ts'
import type { LocalObject } from '../registry.ts'
import { apiVersionOf, type KindVersion, type ResourceKind, type ScalePaths } from './resource-kind.ts'
import type { Schema } from '../schema/schema.ts'

/** The kind that an accepted definition describes. */
export function kindOfDefinition(definition: LocalObject): ResourceKind {
  const spec = objectOrEmpty(definition['spec'])
  const names = objectOrEmpty(spec['names'])
  const text = (value: unknown): string => (typeof value === 'string' ? value : '')
  const group = text(spec['group'])
  const kind = text(names['kind'])
  const versions = arrayOrEmpty(spec['versions']).filter(isObject)
  const storage = versions.find((version) => version['storage'] === true)
  return {
    group,
    plural: text(names['plural']),
    singular: text(names['singular']),
    kind,
    listKind: text(names['listKind']),
    shortNames: arrayOrEmpty(names['shortNames']).map(String),
    categories: arrayOrEmpty(names['categories']).map(String),
    namespaced: spec['scope'] === 'Namespaced',
    custom: true,
    generation: true,
    looseName: false,
    storageVersion: text(storage?.['name']),
    storage: `${group}/${text(names['plural'])}`,
    strategy: {},
    subresources: [],
    versions: versions.map((version) => versionOfDefinition(version, group, kind)),
  }
}

function versionOfDefinition(version: JsonObject, group: string, kind: string): KindVersion {
  const name = String(version['name'])
  const subresources = objectOrEmpty(version['subresources'])
  const scale = subresources['scale']
  const warning =
    version['deprecated'] === true
      ? (version['deprecationWarning'] ?? `${group}/${name} ${kind} is deprecated`)
      : undefined
  return {
    name,
    served: version['served'] === true,
    schema: withTypeMeta(valueAt(version, ['schema', 'openAPIV3Schema']) ?? {}, group, name, kind),
    definitions: builtinDefinitions(),
    schemaName: `${group.split('.').toReversed().join('.')}.${name}.${kind}`,
    columns: customColumns(version['additionalPrinterColumns']),
    alwaysPresent: new Set(['', '.metadata']),
    status: subresources['status'] !== undefined,
    ...(isObject(scale) ? { scale: scale as unknown as ScalePaths } : {}),
    selectableFields: arrayOrEmpty(version['selectableFields']).map((field) =>
      String(objectOrEmpty(field)['jsonPath']).replace(/^\./, ''),
    ),
    ...(typeof warning === 'string' ? { deprecationWarning: warning } : {}),
  }
}

/** Every object has these three, whether its schema says so or not; what it says of metadata holds on top. */
function withTypeMeta(schema: Schema, group: string, version: string, kind: string): Schema {
  const { metadata, ...properties } = schema.properties ?? {}
  return {
    ...schema,
    properties: {
      apiVersion: {
        type: 'string',
        description: `The versioned schema of this object: ${apiVersionOf(group, version)}.`,
      },
      kind: { type: 'string', description: `The kind of this object: ${kind}.` },
      ...properties,
      metadata: {
        $ref: '#/definitions/io.k8s.api.v1.ObjectMeta',
        description: "Standard object's metadata.",
        ...(metadata?.properties ? { allOf: [metadata] } : {}),
      },
    },
  }
}
