// The form in which a client wants its answer, from the Accept header: objects, tables for printing, metadata only.
import { isObject, type JsonObject } from '../json-value.ts'
import type { LocalObject } from '../registry.ts'
import type { Column } from '../print/columns.ts'
import type { KindVersion } from '../kinds/resource-kind.ts'
import { RegistryError } from '../status-error.ts'

export interface Representation {
  readonly as: 'object' | 'Table' | 'PartialObjectMetadata'
  readonly yaml: boolean
}

interface MediaRange {
  readonly type: string
  readonly parameters: ReadonlyMap<string, string>
}

/** The ranges of an Accept header in their order; quality values are ignored, as clients of this API rank by order. */
export function parseAccept(header: string | undefined): MediaRange[] {
  return (header ?? '*/*').split(',').map((range) => {
    const [type = '', ...rest] = range.split(';').map((part) => part.trim())
    const parameters = new Map(
      rest.map((part): [string, string] => {
        const [key = '', value = ''] = part.split('=')
        return [key, value]
      }),
    )
    return { type: type.toLowerCase(), parameters }
  })
}

const acceptedTypes = ['application/json', 'application/yaml']

/** Errors: 406 if nothing of what the client accepts can be made. */
export function chooseRepresentation(header: string | undefined): Representation {
  for (const { type, parameters } of parseAccept(header)) {
    const json = ['application/json', 'application/*', '*/*', ''].includes(type)
    if (!json && type !== 'application/yaml') continue
    const as = parameters.get('as')
    const yaml = type === 'application/yaml'
    if (as === undefined) return { as: 'object', yaml }
    if (parameters.get('g') !== 'meta.k8s.io' || parameters.get('v') !== 'v1') continue
    if (as === 'Table') return { as, yaml }
    if (as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList')
      return { as: 'PartialObjectMetadata', yaml }
  }
  throw notAcceptable()
}

export const notAcceptable = (): RegistryError =>
  new RegistryError(406, 'NotAcceptable', `only the following media types are accepted: ${acceptedTypes.join(', ')}`)

export type IncludeObject = 'None' | 'Metadata' | 'Object'

export function buildTable(
  version: KindVersion,
  objects: readonly LocalObject[],
  metadata: JsonObject,
  include: IncludeObject,
  nowMs: number,
  withColumns = true,
): JsonObject {
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    columnDefinitions: withColumns ? version.columns.map(definitionOf) : [],
    rows: objects.map((object) => ({
      cells: version.columns.map((column) => column.cell(object, nowMs)),
      ...(include === 'None' ? {} : { object: include === 'Object' ? object : partialMetadata(object) }),
    })),
  }
}

export const partialMetadata = (object: LocalObject): JsonObject => ({
  kind: 'PartialObjectMetadata',
  apiVersion: 'meta.k8s.io/v1',
  metadata: object.metadata,
})

const definitionOf = (column: Column): JsonObject => ({
  name: column.name,
  type: column.type,
  format: column.format ?? '',
  description: column.description ?? '',
  priority: column.priority,
})

/** `includeObject` of the query. */
export const parseIncludeObject = (text: string | undefined): IncludeObject =>
  text === 'None' || text === 'Object' ? text : 'Metadata'

/** One object in the representation that was asked for. */
export function represent(
  object: JsonObject,
  version: KindVersion,
  representation: Representation,
  include: IncludeObject,
  nowMs: number,
): JsonObject {
  if (
    representation.as === 'object' ||
    !isObject(object['metadata']) ||
    object['kind'] === 'Status' ||
    object['kind'] === 'Scale'
  )
    return object
  if (representation.as === 'PartialObjectMetadata') return partialMetadata(object as LocalObject)
  const { resourceVersion } = (object as LocalObject).metadata
  return buildTable(version, [object as LocalObject], { resourceVersion }, include, nowMs)
}
