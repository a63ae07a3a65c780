// Lists: selectors, resourceVersion semantics, pages with continue tokens that keep showing the state of the first page.
import { parseCount, type ApiRequest } from './api-request.ts'
import { isObject, type JsonObject } from '../json-value.ts'
import { objectKey } from '../storage/object-store.ts'
import type { Operations } from '../storage/operations.ts'
import type { LocalObject } from '../registry.ts'
import type { KindVersion, ResourceKind } from '../kinds/resource-kind.ts'
import { matchesFields, matchesSelector, parseFieldSelector, parseLabelSelector } from '../selectors.ts'
import { badRequest, RegistryError } from '../status-error.ts'

export type Filter = (object: LocalObject) => boolean

export interface ListPage {
  readonly objects: readonly LocalObject[]
  readonly metadata: JsonObject
}

/** Errors: 400 for selectors that are none. */
export function parseFilter(kind: ResourceKind, version: KindVersion, query: URLSearchParams, name?: string): Filter {
  const labels = parseLabelSelector(query.get('labelSelector') ?? '')
  const fields = parseFieldSelector(query.get('fieldSelector') ?? '', version.selectableFields, kind.kind)
  return (object) =>
    (name === undefined || object.metadata.name === name) &&
    matchesSelector(labels, object.metadata.labels) &&
    matchesFields(fields, object)
}

/** Errors: 400, 410 (continue token or exact version too old), 504 (version of the future). */
export function listPage(
  operations: Operations,
  kind: ResourceKind,
  version: KindVersion,
  namespace: string | undefined,
  request: ApiRequest,
): ListPage {
  const { query } = request
  const filter = parseFilter(kind, version, query)
  const limit = parseCount(query, 'limit') ?? 0
  const token = query.get('continue') ? decodeToken(query.get('continue')!) : undefined
  const present = operations.ports.store.revision
  const revision = token?.revision ?? exactRevision(query, present)
  const found = operations.list(kind, namespace, revision).filter(filter)
  const rest = token ? found.filter((object) => orderKey(object) > token.after) : found
  const objects = limit > 0 ? rest.slice(0, limit) : rest
  const shown = revision ?? present
  if (objects.length === rest.length) return { objects, metadata: { resourceVersion: String(shown) } }
  return {
    objects,
    metadata: {
      resourceVersion: String(shown),
      continue: encodeToken(shown, orderKey(objects.at(-1)!)),
      ...(query.get('labelSelector') || query.get('fieldSelector')
        ? {}
        : { remainingItemCount: rest.length - objects.length }),
    },
  }
}

const orderKey = (object: LocalObject): string => objectKey(object.metadata.namespace, object.metadata.name)

function exactRevision(query: URLSearchParams, present: number): number | undefined {
  const match = query.get('resourceVersionMatch') ?? ''
  const text = query.get('resourceVersion') ?? ''
  if (!['', 'Exact', 'NotOlderThan'].includes(match))
    throw badRequest(
      `resourceVersionMatch: Unsupported value: ${JSON.stringify(match)}: supported values: "Exact", "NotOlderThan"`,
    )
  if (match !== '' && text === '')
    throw badRequest(
      'resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided',
    )
  if (match === 'Exact' && text === '0')
    throw badRequest(
      'resourceVersionMatch: Forbidden: resourceVersionMatch "Exact" is forbidden for resourceVersion "0"',
    )
  const revision = parseRevision(text)
  if (revision > present) throw tooLarge(revision, present)
  return match === 'Exact' ? revision : undefined
}

/** A resourceVersion of a query; '' and '0' are 0: any. Errors: 400. */
export function parseRevision(text: string): number {
  if (!/^\d{0,15}$/.test(text))
    throw badRequest(`Invalid value: ${JSON.stringify(text)}: resourceVersion must be a number`)
  return Number(text)
}

const tooLarge = (revision: number, present: number): RegistryError =>
  new RegistryError(504, 'Timeout', `Timeout: Too large resource version: ${revision}, current: ${present}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version', field: '' }],
    retryAfterSeconds: 1,
  })

const encodeToken = (revision: number, after: string): string =>
  Buffer.from(JSON.stringify({ v: 'localkube/v1', rv: revision, start: after })).toString('base64url')

function decodeToken(text: string): { revision: number; after: string } {
  try {
    const token: unknown = JSON.parse(Buffer.from(text, 'base64url').toString())
    if (isObject(token) && typeof token['rv'] === 'number' && typeof token['start'] === 'string')
      return { revision: token['rv'], after: token['start'] }
  } catch {
    // Falls through: the text is no token of ours.
  }
  throw badRequest('continue key is not valid')
}
