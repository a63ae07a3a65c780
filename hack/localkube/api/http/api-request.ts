// A request and its answer between the HTTP server and the handlers: no sockets here.
import type { ServerResponse } from 'node:http'
import type { JsonObject } from '../json-value.ts'
import type { WriteRequest } from '../storage/write-request.ts'
import { badRequest, RegistryError } from '../status-error.ts'

export interface ApiRequest {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly accept: string | undefined
  readonly contentType: string | undefined
  readonly userAgent: string | undefined
  readonly body: Buffer
}

export interface ApiAnswer {
  readonly code: number
  readonly body?: JsonObject
  /** Instead of `body`, for what is no object of the API. */
  readonly text?: { readonly type: string; readonly content: string }
  readonly yaml?: boolean
  readonly contentType?: string
  readonly warnings?: readonly string[]
  readonly headers?: Readonly<Record<string, string>>
  /** Instead of a body: writes to the response for as long as it likes. `signal` aborts when the client is gone. */
  readonly stream?: (response: ServerResponse, signal: AbortSignal) => void | Promise<void>
}

const maxManagerLength = 128

/** `kubectl/v1.36 (linux)` → `kubectl`: who owns fields when the client names no manager. */
const managerOf = (userAgent: string | undefined): string =>
  (userAgent ?? '').split('/')[0]!.slice(0, maxManagerLength) || 'unknown'

/** The options common to all writes. Errors: 400 for values that are not known. */
export function parseWriteRequest(request: ApiRequest): WriteRequest & { warnings: string[] } {
  const { query } = request
  const dryRuns = query.getAll('dryRun').filter((value) => value !== '')
  if (dryRuns.some((value) => value !== 'All')) throw invalidOption('dryRun', dryRuns.join(','), 'All')
  const manager = query.get('fieldManager') ?? ''
  if (manager.length > maxManagerLength)
    throw invalidOption('fieldManager', manager, `at most ${maxManagerLength} characters`)
  const fieldValidation = query.get('fieldValidation') ?? ''
  if (!['', 'Ignore', 'Warn', 'Strict'].includes(fieldValidation))
    throw invalidOption('fieldValidation', fieldValidation, 'Ignore, Strict, Warn')
  return {
    manager: manager === '' ? managerOf(request.userAgent) : manager,
    dryRun: dryRuns.length > 0,
    fieldValidation: fieldValidation === '' ? 'Warn' : (fieldValidation as 'Ignore' | 'Warn' | 'Strict'),
    warnings: [],
  }
}

const invalidOption = (option: string, given: string, accepted: string): RegistryError =>
  new RegistryError(
    422,
    'Invalid',
    `${option}: Unsupported value: ${JSON.stringify(given)}: supported values: ${accepted}`,
  )

/** A query value that must be a whole number of at least 0. */
export function parseCount(query: URLSearchParams, option: string): number | undefined {
  const text = query.get(option)
  if (text === null || text === '') return undefined
  if (!/^\d{1,15}$/.test(text))
    throw badRequest(`${option} must be a whole number of at least 0, given: ${JSON.stringify(text)}`)
  return Number(text)
}

/** `true`, `1` and an empty value are true. */
export function parseFlag(query: URLSearchParams, option: string): boolean {
  const text = query.get(option)
  return text !== null && text !== 'false' && text !== '0'
}
