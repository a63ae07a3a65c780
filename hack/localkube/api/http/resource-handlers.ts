// The verbs of resources over HTTP: which request means which operation, and the form of the answer.
import { parseFlag, parseWriteRequest, type ApiAnswer } from './api-request.ts'
import { parseDeleteOptions } from './delete-options.ts'
import { cloneJson } from '../json-value.ts'
import { listPage, parseFilter } from './list-page.ts'
import { inVersion } from '../storage/operations.ts'
import { patchObject } from './patch-object.ts'
import { podStream } from './pod-streams.ts'
import { podSubresource, refuseAttach } from './pod-subresources.ts'
import { buildTable, chooseRepresentation, parseIncludeObject, partialMetadata } from './representation.ts'
import { apiVersionOf, type KindVersion } from '../kinds/resource-kind.ts'
import { answerWith, objectBody, refusedMethod, requireObject, type ResourceRequest } from './resource-request.ts'
import { scaleRequest } from './scale.ts'
import { badRequest, noSuchPath, notFound } from '../status-error.ts'
import { prepareWatch } from './watch-stream.ts'

export function handleResource(target: ResourceRequest): ApiAnswer | Promise<ApiAnswer> {
  const { kind, path, version } = target
  if (!kind.namespaced && path.namespace !== undefined) throw noSuchPath()
  if (path.name === undefined) return withWarning(handleCollection(target), version)
  if (kind.namespaced && path.namespace === undefined) throw noSuchPath()
  if (path.subresource === undefined || path.subresource === 'status' || path.subresource === 'finalize')
    return withWarning(handleObject(target), version)
  if (path.subresource === 'scale' && version.scale) return scaleRequest(target)
  if (path.subresource === 'exec' || path.subresource === 'portforward') {
    if (kind.subresources.includes(path.subresource)) return podStream(target)
  } else if (kind.subresources.includes(path.subresource)) return podSubresource(target)
  if (kind.group === '' && kind.plural === 'pods') refuseAttach(path.name, path.subresource)
  throw noSuchPath()
}

const withWarning = (answer: ApiAnswer, version: KindVersion): ApiAnswer =>
  version.deprecationWarning === undefined
    ? answer
    : { ...answer, warnings: [...(answer.warnings ?? []), version.deprecationWarning] }

function handleCollection(target: ResourceRequest): ApiAnswer {
  switch (target.request.method) {
    case 'GET':
      return parseFlag(target.request.query, 'watch') ? watch(target) : list(target)
    case 'POST':
      return create(target)
    case 'DELETE':
      return deleteCollection(target)
    default:
      throw refusedMethod()
  }
}

function handleObject(target: ResourceRequest): ApiAnswer {
  const { subresource } = target.path
  if (subresource === 'status' && !target.version.status) throw noSuchPath()
  if (subresource === 'finalize' && !target.kind.subresources.includes('finalize')) throw noSuchPath()
  switch (target.request.method) {
    case 'GET':
      return parseFlag(target.request.query, 'watch') ? watch(target) : get(target)
    case 'PUT':
      return replace(target)
    case 'PATCH':
      return patch(target)
    case 'DELETE':
      if (subresource === undefined) return remove(target)
      throw refusedMethod()
    default:
      throw refusedMethod()
  }
}

const get = (target: ResourceRequest): ApiAnswer => answerWith(target, requireObject(target))

function watch(target: ResourceRequest): ApiAnswer {
  const { operations, kind, version, path, request } = target
  return {
    code: 200,
    stream: prepareWatch(operations, { kind, version, namespace: path.namespace, name: path.name }, request),
  }
}

function list(target: ResourceRequest): ApiAnswer {
  const { operations, kind, version, path, request } = target
  const page = listPage(operations, kind, version, path.namespace, request)
  const objects = page.objects.map((object) => inVersion(kind, version, object))
  const representation = chooseRepresentation(request.accept)
  const { yaml } = representation
  if (representation.as === 'Table') {
    const include = parseIncludeObject(request.query.get('includeObject') ?? undefined)
    return {
      code: 200,
      body: buildTable(version, objects, page.metadata, include, operations.ports.now().getTime()),
      yaml,
    }
  }
  if (representation.as === 'PartialObjectMetadata')
    return {
      code: 200,
      body: {
        kind: 'PartialObjectMetadataList',
        apiVersion: 'meta.k8s.io/v1',
        metadata: page.metadata,
        items: objects.map(partialMetadata),
      },
      yaml,
    }
  return {
    code: 200,
    body: {
      kind: kind.listKind,
      apiVersion: apiVersionOf(kind.group, version.name),
      metadata: page.metadata,
      items: objects,
    },
    yaml,
  }
}

function create(target: ResourceRequest): ApiAnswer {
  const { operations, kind, version, path } = target
  const options = parseWriteRequest(target.request)
  const body = objectBody(target, options)
  if (body['kind'] === undefined || body['apiVersion'] === undefined)
    throw badRequest(`Object 'Kind' or 'apiVersion' is missing in the object sent to ${path.plural}`)
  return answerWith(target, operations.create(kind, version, body, path.namespace, options), 201, options.warnings)
}

function replace(target: ResourceRequest): ApiAnswer {
  const { operations, kind, version, path } = target
  const options = parseWriteRequest(target.request)
  const body = objectBody(target, options)
  if (path.subresource === undefined && operations.get(kind, path.namespace, path.name!) === undefined)
    throw notFound(kind, path.name!)
  const subresource = path.subresource as 'status' | 'finalize' | undefined
  const updated = operations.update(kind, version, path.namespace, path.name!, () => cloneJson(body), {
    ...options,
    ...(subresource ? { subresource } : {}),
  })
  return answerWith(target, updated, 200, options.warnings)
}

function patch(target: ResourceRequest): ApiAnswer {
  const options = parseWriteRequest(target.request)
  const { object, created } = patchObject(target, options)
  return answerWith(target, object, created ? 201 : 200, options.warnings)
}

function remove(target: ResourceRequest): ApiAnswer {
  const { operations, kind, path, request } = target
  const { object, gone } = operations.delete(kind, path.namespace, path.name!, parseDeleteOptions(request))
  // What is left of the object, as long as something is; otherwise only that it worked.
  if (!gone)
    return answerWith(target, object, kind.plural === 'pods' || kind.plural === 'namespaces' || kind.custom ? 200 : 202)
  if (kind.plural === 'pods') return answerWith(target, object)
  const details = {
    name: path.name!,
    ...(kind.group === '' ? {} : { group: kind.group }),
    kind: kind.plural,
    uid: object.metadata.uid,
  }
  return { code: 200, body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details } }
}

function deleteCollection(target: ResourceRequest): ApiAnswer {
  const { operations, kind, version, path, request } = target
  if (kind.namespaced && path.namespace === undefined) throw refusedMethod()
  if (kind.plural === 'namespaces') throw refusedMethod()
  const options = parseDeleteOptions(request)
  const filter = parseFilter(kind, version, request.query)
  const items = operations
    .list(kind, path.namespace)
    .filter(filter)
    .map((object) => operations.delete(kind, object.metadata.namespace, object.metadata.name, options).object)
  return {
    code: 200,
    body: {
      kind: kind.listKind,
      apiVersion: apiVersionOf(kind.group, version.name),
      metadata: { resourceVersion: String(operations.ports.store.revision) },
      items,
    },
  }
}
