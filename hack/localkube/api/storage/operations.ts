// What create, update, delete, list and their subresources mean, for HTTP and for the in-process registry alike: versions,
// preconditions, metadata, defaults, validation, finalizers, ownership of fields. Storage is object-store.ts.
import { conformObject, judgeObject } from './admission.ts'
import { deleteObject, type DeleteOptions } from './deletion.ts'
import { cloneJson, equalJson, isObject, type JsonObject } from '../json-value.ts'
import { generatedNameAttempts, generatedNameSuffixLength } from '../limits.ts'
import { trackUpdate, withoutManagedTimes } from '../patch/managed-fields.ts'
import { validateMetadata, validateMetadataUpdate } from '../kinds/metadata-rules.ts'
import { objectKey, type ObjectStore } from './object-store.ts'
import {
  apiVersionOf,
  storedVersion,
  type KindTable,
  type KindVersion,
  type ResourceKind,
  type StrategyContext,
} from '../kinds/resource-kind.ts'
import {
  alreadyExists,
  badRequest,
  conflict,
  fieldErrors,
  forbidden,
  invalid,
  notFound,
  RegistryError,
} from '../status-error.ts'
import { formatTime } from '../rfc3339.ts'
import type { LocalObject } from '../registry.ts'
import type { WriteRequest } from './write-request.ts'

interface OperationsPorts {
  readonly store: ObjectStore
  readonly kinds: KindTable
  readonly now: () => Date
  readonly uid: () => string
  /** A random lower-case suffix of the given length, for generateName. */
  readonly suffix: (length: number) => string
  readonly allocateClusterIp: StrategyContext['allocateClusterIp']
}

export class Operations {
  readonly ports: OperationsPorts

  constructor(ports: OperationsPorts) {
    this.ports = ports
  }

  get(kind: ResourceKind, namespace: string | undefined, name: string): LocalObject | undefined {
    const stored = this.ports.store.get(kind.storage, objectKey(kind.namespaced ? namespace : undefined, name))
    return stored && fromStored(kind, stored)
  }

  list(kind: ResourceKind, namespace?: string, revision?: number): LocalObject[] {
    return this.ports.store.list(kind.storage, namespace, revision).map((stored) => fromStored(kind, stored))
  }

  /** Errors: 404 (namespace), 403 (namespace is going away), 409 (exists), 400 and 422 (the object). */
  create(
    kind: ResourceKind,
    version: KindVersion,
    body: JsonObject,
    namespace: string | undefined,
    request: WriteRequest,
  ): LocalObject {
    const object = this.#newObject(kind, version, body, namespace)
    const { metadata } = object
    this.#fillNewMetadata(kind, object, body)
    if (metadata.namespace !== undefined) this.#checkNamespace(kind, metadata.namespace, metadata.name)
    if (version.status && !startsWithStatus(kind)) delete object['status']
    conformObject(kind, version, object, request)
    const tracked = request.fieldsTracked
      ? object
      : trackUpdate(undefined, object, version, {
          manager: request.manager,
          apiVersion: object.apiVersion,
          subresource: '',
          time: this.#time(),
        })
    kind.strategy.prepareCreate?.(tracked, { now: this.ports.now, allocateClusterIp: this.ports.allocateClusterIp })
    const errors = [
      ...judgeObject(kind, version, tracked, undefined),
      ...validateMetadata(kind, tracked),
      ...(kind.strategy.validate?.(tracked) ?? []),
    ]
    if (errors.length > 0) throw invalid(kind, metadata.name, errors)
    if (this.get(kind, metadata.namespace, metadata.name)) throw alreadyExists(kind, metadata.name)
    if (request.dryRun) return tracked
    return fromStored(kind, this.ports.store.put(kind.storage, toStored(kind, tracked)))
  }

  /**
   * Writes what `change` makes of the present object. Nothing is written if nothing changes.
   * Errors: 404, 409 (resourceVersion or uid given and not those of the object), 400, 422 (also the uid, in a patch).
   */
  update(
    kind: ResourceKind,
    version: KindVersion,
    namespace: string | undefined,
    name: string,
    change: (current: LocalObject) => JsonObject,
    request: WriteRequest,
  ): LocalObject {
    const current = this.get(kind, namespace, name)
    if (!current) throw notFound(kind, name)
    const next = change(cloneJson(inVersion(kind, version, current))) as LocalObject
    this.#checkIdentity(kind, version, current, next, name, request)
    keepServerMetadata(current, next)
    limitToSubresource(kind, version, current, next, request.subresource)
    conformObject(kind, version, next, request)
    const tracked = request.fieldsTracked
      ? next
      : trackUpdate(current, next, version, {
          manager: request.manager,
          apiVersion: next.apiVersion,
          subresource:
            request.subresource === 'finalize' || request.subresource === 'binding' ? '' : (request.subresource ?? ''),
          time: this.#time(),
        })
    this.#finishUpdate(kind, version, tracked, current, request)
    if (equalJson(withoutManagedTimes(tracked), withoutManagedTimes(inVersion(kind, version, current))))
      return inVersion(kind, version, current)
    if (request.dryRun) return tracked
    return this.#write(kind, tracked, current)
  }

  /** Removes or marks the object. Returns what is left of it, or its last state. Errors: 404, 409 (preconditions). */
  delete(
    kind: ResourceKind,
    namespace: string | undefined,
    name: string,
    options: DeleteOptions,
  ): { object: LocalObject; gone: boolean } {
    const current = this.get(kind, namespace, name)
    if (!current) throw notFound(kind, name)
    const outcome = deleteObject(kind, current, options, this.ports.now())
    if (options.dryRun || outcome.unchanged) return { object: outcome.object, gone: outcome.gone }
    if (!outcome.gone)
      return {
        object: fromStored(kind, this.ports.store.put(kind.storage, toStored(kind, outcome.object))),
        gone: false,
      }
    const removed = this.ports.store.remove(
      kind.storage,
      objectKey(current.metadata.namespace, name),
      toStored(kind, outcome.object),
    )
    return { object: removed ? fromStored(kind, removed) : outcome.object, gone: true }
  }

  #time(): string {
    return formatTime(this.ports.now())
  }

  #newObject(kind: ResourceKind, version: KindVersion, body: JsonObject, namespace: string | undefined): LocalObject {
    const object = cloneJson(body) as LocalObject
    checkTypeMeta(kind, version, object)
    if (object.metadata !== undefined && !isObject(object.metadata)) throw badRequest('metadata must be an object')
    const metadata = (object.metadata ??= {} as LocalObject['metadata'])
    const given = metadata.namespace
    if (!kind.namespaced) {
      delete metadata.namespace
      return object
    }
    if (given !== undefined && given !== '' && namespace !== undefined && given !== namespace)
      throw badRequest(`the namespace of the provided object does not match the namespace sent on the request`)
    const target = namespace ?? given
    if (target === undefined || target === '') throw badRequest(`an empty namespace may not be set during creation`)
    metadata.namespace = target
    return object
  }

  #fillNewMetadata(kind: ResourceKind, object: LocalObject, body: JsonObject): void {
    const { metadata } = object
    if (metadata.resourceVersion) throw badRequest('resourceVersion should not be set on objects to be created')
    if (metadata.deletionTimestamp !== undefined) delete metadata.deletionTimestamp
    delete metadata.deletionGracePeriodSeconds
    delete (metadata as Partial<LocalObject['metadata']>).resourceVersion
    if (!metadata.name && metadata.generateName) metadata.name = this.#generatedName(kind, object)
    if (!metadata.name)
      throw invalid(kind, '', [
        {
          field: 'metadata.name',
          reason: 'FieldValueRequired',
          detail: 'Required value: name or generateName is required',
        },
      ])
    metadata.uid = this.ports.uid()
    metadata.creationTimestamp = this.#time()
    if (kind.generation || kind.custom) metadata.generation = 1
    else delete metadata.generation
    if (
      isObject(body['metadata']) &&
      body['metadata']['managedFields'] !== undefined &&
      !Array.isArray(body['metadata']['managedFields'])
    )
      delete metadata.managedFields
  }

  #generatedName(kind: ResourceKind, object: LocalObject): string {
    const { generateName, namespace } = object.metadata
    const prefix = generateName!.slice(0, 63 - generatedNameSuffixLength)
    for (let attempt = 1; ; attempt++) {
      const name = prefix + this.ports.suffix(generatedNameSuffixLength)
      if (attempt === generatedNameAttempts || !this.get(kind, namespace, name)) return name
    }
  }

  #checkNamespace(kind: ResourceKind, namespace: string, name: string): void {
    const found = this.ports.store.get('/namespaces', objectKey(undefined, namespace))
    if (!found)
      throw new RegistryError(404, 'NotFound', `namespaces "${namespace}" not found`, {
        name: namespace,
        kind: 'namespaces',
      })
    if (found.metadata.deletionTimestamp !== undefined)
      throw forbidden(
        kind,
        name,
        `unable to create new content in namespace ${namespace} because it is being terminated`,
        [
          {
            reason: 'NamespaceTerminating',
            message: `namespace ${namespace} is being terminated`,
            field: 'metadata.namespace',
          },
        ],
      )
  }

  #checkIdentity(
    kind: ResourceKind,
    version: KindVersion,
    current: LocalObject,
    next: LocalObject,
    name: string,
    { patch }: WriteRequest,
  ): void {
    checkTypeMeta(kind, version, next)
    if (!isObject(next.metadata)) throw badRequest('metadata is missing or no object')
    const { metadata } = next
    if (!metadata.name) metadata.name = name
    if (metadata.name !== name)
      throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${name})`)
    if (kind.namespaced && metadata.namespace && metadata.namespace !== current.metadata.namespace)
      throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
    const isAnother = metadata.uid && metadata.uid !== current.metadata.uid
    if (isAnother && !patch)
      throw conflict(
        kind,
        name,
        `Precondition failed: UID in precondition: ${metadata.uid}, UID in object meta: ${current.metadata.uid}`,
      )
    if (metadata.resourceVersion && metadata.resourceVersion !== current.metadata.resourceVersion)
      throw conflict(kind, name)
    // In a patch the uid is a value like any other, and one that cannot be changed.
    if (isAnother) throw invalid(kind, name, [fieldErrors.invalid('metadata.uid', metadata.uid, 'field is immutable')])
  }

  #finishUpdate(
    kind: ResourceKind,
    version: KindVersion,
    next: LocalObject,
    current: LocalObject,
    request: WriteRequest,
  ): void {
    const old = inVersion(kind, version, current)
    if (request.subresource !== 'status')
      kind.strategy.prepareUpdate?.(next, old, { now: this.ports.now, allocateClusterIp: this.ports.allocateClusterIp })
    const errors = [
      ...judgeObject(kind, version, next, old),
      ...validateMetadata(kind, next),
      ...validateMetadataUpdate(next, old),
      ...(kind.strategy.validate?.(next) ?? []),
      ...(request.subresource === 'status' ? [] : (kind.strategy.validateUpdate?.(next, old) ?? [])),
    ]
    if (errors.length > 0) throw invalid(kind, next.metadata.name, errors)
    if (current.metadata.generation === undefined) return
    next.metadata.generation = current.metadata.generation + (desiredStateDiffers(kind, next, old) ? 1 : 0)
  }

  #write(kind: ResourceKind, next: LocalObject, current: LocalObject): LocalObject {
    const stored = toStored(kind, next)
    const { metadata } = next
    const finalisers = metadata.finalizers?.length ?? 0
    const held =
      kind.plural === 'namespaces' &&
      ((next['spec'] as { finalizers?: unknown[] } | undefined)?.finalizers?.length ?? 0) > 0
    if (
      metadata.deletionTimestamp !== undefined &&
      finalisers === 0 &&
      !held &&
      (metadata.deletionGracePeriodSeconds ?? 0) === 0
    ) {
      const removed = this.ports.store.remove(
        kind.storage,
        objectKey(current.metadata.namespace, metadata.name),
        stored,
      )
      return fromStored(kind, removed ?? stored)
    }
    return fromStored(kind, this.ports.store.put(kind.storage, stored))
  }
}

const fromStored = (kind: ResourceKind, stored: LocalObject): LocalObject => kind.fromStored?.(stored) ?? stored

function toStored(kind: ResourceKind, object: LocalObject): LocalObject {
  const stored = kind.toStored?.(object) ?? object
  const apiVersion = kind.toStored ? stored.apiVersion : apiVersionOf(kind.group, storedVersion(kind).name)
  return stored.apiVersion === apiVersion ? stored : { ...stored, apiVersion }
}

/** The object as another served version shows it: versions differ in nothing but their name (no conversion). */
export function inVersion(kind: ResourceKind, version: KindVersion, object: LocalObject): LocalObject {
  const apiVersion = apiVersionOf(kind.group, version.name)
  return object.apiVersion === apiVersion ? object : { ...object, apiVersion }
}

function checkTypeMeta(kind: ResourceKind, version: KindVersion, object: LocalObject): void {
  const apiVersion = apiVersionOf(kind.group, version.name)
  const matches = (object.apiVersion ?? apiVersion) === apiVersion && (object.kind ?? kind.kind) === kind.kind
  if (!matches)
    throw badRequest(
      `the API version in the data (${object.apiVersion}, Kind=${object.kind}) does not match the expected API version (${apiVersion}, Kind=${kind.kind})`,
    )
  object.apiVersion = apiVersion
  object.kind = kind.kind
}

/** Metadata that only the server writes stays as it is, whatever the client sent. */
function keepServerMetadata(current: LocalObject, next: LocalObject): void {
  const { metadata: kept } = current
  const { metadata } = next
  if (kept.namespace !== undefined) metadata.namespace = kept.namespace
  metadata.uid = kept.uid
  metadata.resourceVersion = kept.resourceVersion
  metadata.creationTimestamp = kept.creationTimestamp
  for (const field of ['generation', 'deletionTimestamp', 'deletionGracePeriodSeconds', 'generateName'] as const) {
    if (kept[field] === undefined) delete metadata[field]
    else Object.assign(metadata, { [field]: kept[field] })
  }
}

function limitToSubresource(
  kind: ResourceKind,
  version: KindVersion,
  current: LocalObject,
  next: LocalObject,
  subresource: WriteRequest['subresource'],
): void {
  if (subresource === 'status') {
    for (const field of Object.keys(next))
      if (!['apiVersion', 'kind', 'metadata', 'status'].includes(field)) delete next[field]
    for (const field of Object.keys(current))
      if (!['apiVersion', 'kind', 'metadata', 'status'].includes(field))
        next[field] = cloneJson(current[field] as unknown)
    const { managedFields, annotations, labels } = next.metadata
    next.metadata = { ...cloneJson(current.metadata), ...(managedFields ? { managedFields } : {}) }
    if (!kind.custom) Object.assign(next.metadata, annotations ? { annotations } : {}, labels ? { labels } : {})
  } else if (version.status) {
    if (current['status'] === undefined) delete next['status']
    else next['status'] = cloneJson(current['status'] as unknown)
  }
}

/** Kinds whose status may come with the object (the real server's own strategies fill it). */
const startsWithStatus = (kind: ResourceKind): boolean => kind.plural === 'nodes'

function desiredStateDiffers(kind: ResourceKind, next: LocalObject, old: LocalObject): boolean {
  const fields = new Set([...Object.keys(next), ...Object.keys(old)])
  for (const field of ['apiVersion', 'kind', 'metadata', 'status']) fields.delete(field)
  // The scheduler's binding of a pod is none of what was asked for.
  const asked = (object: LocalObject, field: string): unknown =>
    kind.plural === 'pods' && field === 'spec' ? { ...object['spec'], nodeName: undefined } : object[field]
  return [...fields].some((field) => !equalJson(asked(next, field), asked(old, field)))
}
