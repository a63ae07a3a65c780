// What the handlers of resources share: the request with the kind it is for, reading its body, forming its answer.
import { reportStrictFaults } from '../storage/admission.ts'
import type { ApiAnswer, ApiRequest, parseWriteRequest } from './api-request.ts'
import { isObject, type JsonObject } from '../json-value.ts'
import { inVersion, type Operations } from '../storage/operations.ts'
import type { LocalObject, PodLogs, PodStreams } from '../registry.ts'
import { chooseRepresentation, parseIncludeObject, represent } from './representation.ts'
import { decodeBody } from './request-body.ts'
import type { ResourcePath } from './request-path.ts'
import type { KindVersion, ResourceKind } from '../kinds/resource-kind.ts'
import { badRequest, methodNotAllowed, notFound } from '../status-error.ts'

/** The kubelet's side of logs, once there is a kubelet. */
export type PodLogSource = () => PodLogs | undefined
/** … and of exec and port-forward. */
export type PodStreamSource = () => PodStreams | undefined

/** A request for a resource that is served. */
export interface ResourceRequest {
  readonly operations: Operations
  readonly kind: ResourceKind
  readonly version: KindVersion
  readonly path: ResourcePath
  readonly request: ApiRequest
  readonly podLogs: PodLogSource
  readonly podStreams: PodStreamSource
}

export const refusedMethod = (): Error =>
  methodNotAllowed('the server does not allow this method on the requested resource')

export function answerWith(
  target: ResourceRequest,
  object: JsonObject,
  code = 200,
  warnings: readonly string[] = [],
): ApiAnswer {
  const { operations, kind, version, request } = target
  const representation = chooseRepresentation(request.accept)
  const shown =
    isObject(object['metadata']) && object['kind'] === kind.kind
      ? inVersion(kind, version, object as LocalObject)
      : object
  const include = parseIncludeObject(request.query.get('includeObject') ?? undefined)
  return {
    code,
    body: represent(shown, version, representation, include, operations.ports.now().getTime()),
    yaml: representation.yaml,
    warnings,
  }
}

/** The object that a request names. Errors: 404. */
export function requireObject(target: ResourceRequest): LocalObject {
  const object = target.operations.get(target.kind, target.path.namespace, target.path.name!)
  if (!object) throw notFound(target.kind, target.path.name!)
  return object
}

/** The body as an object; fields written twice are reported as the request asks. Errors: 400, 415. */
export function objectBody(target: ResourceRequest, options: ReturnType<typeof parseWriteRequest>): JsonObject {
  const { value, duplicates } = decodeBody(target.request.body, target.request.contentType)
  if (!isObject(value)) throw badRequest('the object provided is unrecognized (must be of type object)')
  reportStrictFaults(
    target.kind,
    target.version,
    duplicates.map((path) => `duplicate field "${path}"`),
    options,
  )
  return value
}
