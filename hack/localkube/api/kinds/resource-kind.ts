// What the API server knows of a kind: names, versions, schemas, columns and the hooks of its own behaviour.
// Built-in kinds are a table (builtin-kinds.ts); custom ones come from CustomResourceDefinitions (custom-kinds.ts).
import type { Column } from '../print/columns.ts'
import type { LocalObject } from '../registry.ts'
import type { Definitions, Schema } from '../schema/schema.ts'
import type { FieldError } from '../status-error.ts'

export interface ScalePaths {
  readonly specReplicasPath: string
  readonly statusReplicasPath: string
  readonly labelSelectorPath?: string
}

export interface KindVersion {
  readonly name: string
  readonly served: boolean
  readonly schema: Schema
  readonly definitions: Definitions
  /** Name of the schema in the OpenAPI documents. */
  readonly schemaName: string
  readonly columns: readonly Column[]
  /** Paths of structures that even an empty object has; see compareFields. */
  readonly alwaysPresent: ReadonlySet<string>
  readonly status: boolean
  readonly scale?: ScalePaths
  readonly selectableFields: readonly string[]
  readonly deprecationWarning?: string
}

/** What a kind's own rules may ask for while an object is prepared. */
export interface StrategyContext {
  readonly now: () => Date
  readonly allocateClusterIp: (wanted: string | undefined, holder: string) => string
}

export interface Strategy {
  /** Defaults that depend on other fields: part of decoding, so whoever sends the object owns them. */
  complete?(object: LocalObject): void
  prepareCreate?(object: LocalObject, context: StrategyContext): void
  prepareUpdate?(object: LocalObject, old: LocalObject, context: StrategyContext): void
  validate?(object: LocalObject): FieldError[]
  validateUpdate?(object: LocalObject, old: LocalObject): FieldError[]
}

export interface ResourceKind {
  readonly group: string
  readonly plural: string
  readonly singular: string
  readonly kind: string
  readonly listKind: string
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
  readonly namespaced: boolean
  readonly custom: boolean
  /** Counts changes of everything but metadata and status in metadata.generation. */
  readonly generation: boolean
  /** The object is its metadata and data: nothing is defaulted into it and its name may be any path segment. */
  readonly looseName: boolean
  readonly versions: readonly KindVersion[]
  readonly storageVersion: string
  /** Key in the store. Two kinds with the same key are views of the same objects. */
  readonly storage: string
  readonly fromStored?: (stored: LocalObject) => LocalObject
  readonly toStored?: (object: LocalObject) => LocalObject
  readonly strategy: Strategy
  /** Subresources besides status and scale, with their verbs: `log`, `eviction`, … */
  readonly subresources: readonly string[]
}

export const apiVersionOf = (group: string, version: string): string => (group === '' ? version : `${group}/${version}`)

const versionOf = (kind: ResourceKind, name: string): KindVersion | undefined =>
  kind.versions.find((version) => version.name === name)

export const storedVersion = (kind: ResourceKind): KindVersion => versionOf(kind, kind.storageVersion)!

/** The kinds served at the moment. Custom ones come and go. */
export class KindTable {
  readonly #kinds = new Map<string, ResourceKind>()

  add(kind: ResourceKind): void {
    this.#kinds.set(`${kind.group}/${kind.plural}`, kind)
  }

  remove(group: string, plural: string): void {
    this.#kinds.delete(`${group}/${plural}`)
  }

  find(group: string, plural: string): ResourceKind | undefined {
    return this.#kinds.get(`${group}/${plural}`)
  }

  all(): ResourceKind[] {
    return [...this.#kinds.values()]
  }
}
