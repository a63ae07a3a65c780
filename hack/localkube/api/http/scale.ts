// The scale subresource: replicas of any kind that declares where it keeps them, as an autoscaling/v1 Scale.
import { parseWriteRequest, type ApiAnswer } from './api-request.ts'
import { isObject, parseFieldPath, setAt, valueAt, type JsonObject } from '../json-value.ts'
import { patchDocument } from './patch-object.ts'
import type { LocalObject } from '../registry.ts'
import { decodeBody, mediaTypeOf } from './request-body.ts'
import { answerWith, refusedMethod, requireObject, type ResourceRequest } from './resource-request.ts'
import type { ScalePaths } from '../kinds/resource-kind.ts'
import { formatSelector } from '../selectors.ts'
import { badRequest, conflict, fieldErrors, invalid } from '../status-error.ts'

const scaleKind = { group: 'autoscaling', plural: 'scales', kind: 'Scale' }

/** Errors: 404, 405, 409 (resourceVersion of the Scale is not that of the object), 422 (replicas below 0). */
export function scaleRequest(target: ResourceRequest): ApiAnswer {
  const { operations, kind, version, path, request } = target
  const paths = version.scale!
  if (request.method === 'GET') return answerWith(target, buildScale(requireObject(target), paths))
  if (request.method !== 'PUT' && request.method !== 'PATCH') throw refusedMethod()
  const options = parseWriteRequest(request)
  const body = decodeBody(request.body, request.contentType).value
  const change = (current: LocalObject): JsonObject => {
    const scale =
      request.method === 'PUT'
        ? body
        : patchDocument(target, mediaTypeOf(request.contentType), buildScale(current, paths), body)
    if (!isObject(scale)) throw badRequest('a Scale must be an object')
    const resourceVersion = valueAt(scale, ['metadata', 'resourceVersion'])
    if (resourceVersion && resourceVersion !== current.metadata.resourceVersion) throw conflict(kind, path.name!)
    const replicas = valueAt(scale, ['spec', 'replicas']) ?? 0
    if (typeof replicas !== 'number' || !Number.isInteger(replicas))
      throw badRequest(`spec.replicas must be a whole number, given: ${JSON.stringify(replicas)}`)
    if (replicas < 0)
      throw invalid(scaleKind, path.name!, [
        fieldErrors.invalid('spec.replicas', replicas, 'must be greater than or equal to 0'),
      ])
    setAt(current, parseFieldPath(paths.specReplicasPath), replicas)
    return current
  }
  const updated = operations.update(kind, version, path.namespace, path.name!, change, {
    ...options,
    subresource: 'scale',
  })
  return answerWith(target, buildScale(updated, paths), 200, options.warnings)
}

function buildScale(object: LocalObject, paths: ScalePaths): JsonObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata
  const selector =
    paths.labelSelectorPath === undefined ? undefined : valueAt(object, parseFieldPath(paths.labelSelectorPath))
  const text = isObject(selector) ? formatSelector(selector) : selector
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, ...(namespace === undefined ? {} : { namespace }), uid, resourceVersion, creationTimestamp },
    spec: { replicas: valueAt(object, parseFieldPath(paths.specReplicasPath)) ?? 0 },
    status: {
      replicas: valueAt(object, parseFieldPath(paths.statusReplicasPath)) ?? 0,
      ...(typeof text === 'string' && text !== '' ? { selector: text } : {}),
    },
  }
}
