// DeleteOptions: from the body, from the query, or both.
import { parseCount, parseWriteRequest, type ApiRequest } from './api-request.ts'
import type { DeleteOptions } from '../storage/deletion.ts'
import { isObject } from '../json-value.ts'
import { decodeBody } from './request-body.ts'
import { badRequest } from '../status-error.ts'

const policies = ['Foreground', 'Background', 'Orphan'] as const

/** Errors: 400 for options that are none. */
export function parseDeleteOptions(request: ApiRequest): DeleteOptions {
  const body = request.body.length === 0 ? {} : decodeBody(request.body, request.contentType).value
  if (!isObject(body)) throw badRequest('delete options must be an object')
  const grace = body['gracePeriodSeconds'] ?? parseCount(request.query, 'gracePeriodSeconds')
  const dryRun = Array.isArray(body['dryRun'])
    ? body['dryRun'].includes('All')
    : parseWriteRequest(request).dryRun === true
  const policy = parsePolicy(
    body['propagationPolicy'] ?? request.query.get('propagationPolicy') ?? undefined,
    body['orphanDependents'],
  )
  const preconditions = body['preconditions']
  return {
    dryRun,
    ...(typeof grace === 'number' ? { gracePeriodSeconds: grace } : {}),
    ...(policy === undefined ? {} : { propagationPolicy: policy }),
    ...(isObject(preconditions) ? { preconditions: preconditions } : {}),
  }
}

function parsePolicy(policy: unknown, orphanDependents: unknown): (typeof policies)[number] | undefined {
  if (policy === undefined || policy === null || policy === '') return orphanDependents === true ? 'Orphan' : undefined
  const known = policies.find((one) => one === policy)
  if (!known)
    throw badRequest(
      `propagationPolicy: Unsupported value: ${JSON.stringify(policy)}: supported values: ${policies.map((one) => `"${one}"`).join(', ')}`,
    )
  return known
}
