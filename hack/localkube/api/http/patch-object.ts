// PATCH: the four kinds of patches, on objects and their status.
import { reportStrictFaults } from '../storage/admission.ts'
import type { parseWriteRequest } from './api-request.ts'
import { parseFlag } from './api-request.ts'
import { isObject, type JsonObject } from '../json-value.ts'
import { applyJsonPatch, applyMergePatch } from '../patch/json-patch.ts'
import type { LocalObject } from '../registry.ts'
import { decodeBody, mediaTypeOf } from './request-body.ts'
import type { ResourceRequest } from './resource-request.ts'
import { apiVersionOf } from '../kinds/resource-kind.ts'
import { formatTime } from '../rfc3339.ts'
import { applyConfiguration } from '../patch/server-side-apply.ts'
import { badRequest, notFound, RegistryError } from '../status-error.ts'
import { applyStrategicMergePatch } from '../patch/strategic-merge-patch.ts'

type Options = ReturnType<typeof parseWriteRequest>

const applyType = 'application/apply-patch+yaml'
const customTypes = ['application/json-patch+json', 'application/merge-patch+json', applyType]
const builtinTypes = [...customTypes, 'application/strategic-merge-patch+json']

/** Errors: 404, 409, 415 (patch type), 400, 422. */
export function patchObject(target: ResourceRequest, options: Options): { object: LocalObject; created: boolean } {
  const { kind, version, path, request, operations } = target
  const type = mediaTypeOf(request.contentType)
  const accepted = kind.custom ? customTypes : builtinTypes
  if (!accepted.includes(type))
    throw new RegistryError(
      415,
      'UnsupportedMediaType',
      `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
    )
  const decoded = decodeBody(request.body, request.contentType)
  reportStrictFaults(
    kind,
    version,
    decoded.duplicates.map((field) => `duplicate field "${field}"`),
    { ...options, patch: true },
  )
  if (type === applyType) return applyObject(target, options, decoded.value)
  if (request.query.get('force') !== null)
    throw invalidPatchOptions('force: Forbidden: may not be specified for non-apply patch')
  const change = (current: LocalObject): JsonObject => {
    const patched = patchDocument(target, type, current, decoded.value)
    if (!isObject(patched)) throw badRequest('the patch makes something of the object that is no object')
    return patched
  }
  const subresource = path.subresource as 'status' | undefined
  const object = operations.update(kind, version, path.namespace, path.name!, change, {
    ...options,
    patch: true,
    ...(subresource ? { subresource } : {}),
  })
  return { object, created: false }
}

export function patchDocument(target: ResourceRequest, type: string, current: JsonObject, patch: unknown): unknown {
  if (type === 'application/json-patch+json') return applyJsonPatch(current, patch)
  if (!isObject(patch)) throw badRequest('error decoding patch: the patch must be an object')
  if (type === 'application/merge-patch+json') return applyMergePatch(current, patch)
  return applyStrategicMergePatch(current, patch, target.version.schema, target.version.definitions)
}

function applyObject(
  target: ResourceRequest,
  options: Options,
  configuration: unknown,
): { object: LocalObject; created: boolean } {
  const { kind, version, path, request, operations } = target
  if (!request.query.get('fieldManager'))
    throw invalidPatchOptions('fieldManager: Required value: is required for apply patch')
  if (!isObject(configuration)) throw badRequest('error decoding patch: the applied configuration must be an object')
  checkApplied(target, configuration)
  const subresource = path.subresource as 'status' | undefined
  const writer = {
    manager: options.manager,
    apiVersion: apiVersionOf(kind.group, version.name),
    subresource: subresource ?? '',
    time: formatTime(operations.ports.now()),
    force: parseFlag(request.query, 'force'),
  }
  const live = operations.get(kind, path.namespace, path.name!)
  const request_ = { ...options, fieldsTracked: true, patch: true, ...(subresource ? { subresource } : {}) }
  if (!live) {
    if (subresource) throw notFound(kind, path.name!)
    const metadata = { ...(configuration['metadata'] as object | undefined), name: path.name! }
    const created = applyConfiguration(undefined, { ...configuration, metadata }, version, writer)
    return { object: operations.create(kind, version, created, path.namespace, request_), created: true }
  }
  const change = (current: LocalObject): JsonObject => applyConfiguration(current, configuration, version, writer)
  return { object: operations.update(kind, version, path.namespace, path.name!, change, request_), created: false }
}

function checkApplied({ kind, version, path }: ResourceRequest, configuration: JsonObject): void {
  const apiVersion = apiVersionOf(kind.group, version.name)
  if (configuration['apiVersion'] !== apiVersion || configuration['kind'] !== kind.kind)
    throw badRequest(
      `the applied configuration must say what it is: expected apiVersion ${apiVersion} and kind ${kind.kind}, given: ${JSON.stringify(configuration['apiVersion'])} and ${JSON.stringify(configuration['kind'])}`,
    )
  const metadata = configuration['metadata']
  if (metadata !== undefined && !isObject(metadata)) throw badRequest('metadata must be an object')
  if (metadata?.['name'] !== undefined && metadata['name'] !== path.name)
    throw badRequest(
      `the name of the object (${JSON.stringify(metadata['name'])}) does not match the name on the URL (${path.name})`,
    )
}

const invalidPatchOptions = (why: string): RegistryError =>
  new RegistryError(422, 'Invalid', `PatchOptions.meta.k8s.io "" is invalid: ${why}`, {
    group: 'meta.k8s.io',
    kind: 'PatchOptions',
  })
