// Which handler answers which path: discovery, OpenAPI, health, reviews, resources. Everything else is 404.
import { answerReview } from './access-reviews.ts'
import type { ApiAnswer, ApiRequest } from './api-request.ts'
import {
  aggregatedType,
  buildAggregated,
  buildGroup,
  buildGroupList,
  buildResourceList,
  groupsOf,
  servedVersion,
} from '../kinds/discovery.ts'
import { isObject, type JsonObject } from '../json-value.ts'
import {
  buildOpenApiIndex,
  buildOpenApiV2,
  buildOpenApiV3,
  openApiProtobufAnswerType,
  openApiProtobufType,
  openApiV2WithoutDefinitions,
} from '../kinds/openapi.ts'
import type { Operations } from '../storage/operations.ts'
import type { PodLogSource, PodStreamSource, ResourceRequest } from './resource-request.ts'
import { notAcceptable, parseAccept } from './representation.ts'
import { decodeBody } from './request-body.ts'
import { parseResourcePath, type ResourcePath } from './request-path.ts'
import { handleResource } from './resource-handlers.ts'
import { badRequest, methodNotAllowed, noSuchPath } from '../status-error.ts'

export interface RouterPorts {
  readonly operations: Operations
  readonly podLogs: PodLogSource
  readonly podStreams: PodStreamSource
}

const healthPaths = ['/healthz', '/livez', '/readyz']

export function route(ports: RouterPorts, request: ApiRequest): ApiAnswer | Promise<ApiAnswer> {
  const path = request.path.length > 1 ? request.path.replace(/\/+$/, '') : request.path
  const answer = discoveryAnswer(ports, path, request)
  if (answer) {
    if (request.method !== 'GET')
      throw methodNotAllowed('the server does not allow this method on the requested resource')
    return answer
  }
  const resource = parseResourcePath(path)
  if (!resource) throw noSuchPath()
  const target = findResource(ports, resource, request)
  return target ? handleResource(target) : reviewAnswer(resource.group, resource.plural, request)
}

/** The resource behind a path that is to become a stream. Errors: 404. */
export function requireResource(ports: RouterPorts, request: ApiRequest): ResourceRequest {
  const resource = parseResourcePath(request.path)
  const target = resource && findResource(ports, resource, request)
  if (!target) throw noSuchPath()
  return target
}

function findResource(ports: RouterPorts, path: ResourcePath, request: ApiRequest): ResourceRequest | undefined {
  const kind = ports.operations.ports.kinds.find(path.group, path.plural)
  const version = kind?.versions.find((one) => one.name === path.version && one.served)
  return kind && version && { ...ports, kind, version, path, request }
}

function reviewAnswer(group: string, plural: string, request: ApiRequest): ApiAnswer {
  if (request.method !== 'POST') throw noSuchPath()
  const review = decodeBody(request.body, request.contentType).value
  if (!isObject(review)) throw badRequest('a review must be an object')
  const answered = answerReview(group, plural, review)
  if (!answered) throw noSuchPath()
  return { code: 201, body: answered }
}

const json = (body: JsonObject): ApiAnswer => ({ code: 200, body })

function discoveryAnswer({ operations }: RouterPorts, path: string, request: ApiRequest): ApiAnswer | undefined {
  const kinds = operations.ports.kinds.all()
  if (path === '/version') return json(servedVersion)
  if (healthPaths.some((one) => path === one || path.startsWith(`${one}/`)))
    return { code: 200, text: { type: 'text/plain; charset=utf-8', content: 'ok' } }
  if (path === '/')
    return json({ paths: ['/api', '/apis', '/healthz', '/livez', '/openapi/v2', '/openapi/v3', '/readyz', '/version'] })
  if (path === '/api' || path === '/apis') {
    if (wantsAggregated(request.accept))
      return { ...json(buildAggregated(kinds, path === '/api')), contentType: aggregatedType }
    return json(
      path === '/apis'
        ? buildGroupList(kinds)
        : { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] },
    )
  }
  if (path === '/openapi/v3') return json(buildOpenApiIndex(kinds))
  if (path === '/openapi/v2') return openApiV2(kinds, request.accept)
  const document = /^\/openapi\/v3\/(?:api\/([^/]+)|apis\/([^/]+)\/([^/]+))$/.exec(path)
  if (document) return found(buildOpenApiV3(kinds, document[2] ?? '', document[1] ?? document[3]!))
  const group = /^\/(?:api\/([^/]+)|apis\/([^/]+)(?:\/([^/]+))?)$/.exec(path)
  if (!group) return undefined
  const [, coreVersion, name, version] = group
  if (coreVersion !== undefined) return found(buildResourceList(kinds, '', coreVersion))
  if (version !== undefined) return found(buildResourceList(kinds, name!, version))
  const versions = groupsOf(kinds).get(name!)
  return found(versions && { kind: 'APIGroup', apiVersion: 'v1', ...buildGroup(name!, versions) })
}

function found(body: JsonObject | undefined): ApiAnswer {
  if (!body) throw noSuchPath()
  return json(body)
}

const wantsAggregated = (accept: string | undefined): boolean =>
  parseAccept(accept).some(
    ({ parameters }) => parameters.get('as') === 'APIGroupDiscoveryList' && parameters.get('v') === 'v2',
  )

function openApiV2(kinds: Parameters<typeof buildOpenApiV2>[0], accept: string | undefined): ApiAnswer {
  const types = parseAccept(accept).map(({ type }) => type)
  if (types.some((type) => ['application/json', 'application/*', '*/*', ''].includes(type)))
    return json(buildOpenApiV2(kinds))
  if (!types.includes(openApiProtobufType)) throw notAcceptable()
  return { code: 200, text: { type: openApiProtobufAnswerType, content: openApiV2WithoutDefinitions } }
}
