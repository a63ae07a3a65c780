// Every refusal of the API server: the HTTP code, the reason and the details of a Kubernetes Status object.
// Texts follow the real server's, because kubectl, clients and people read them.
import type { JsonObject } from './json-value.ts'

interface StatusCause {
  readonly reason: string
  readonly message: string
  readonly field: string
}

export interface StatusDetails {
  name?: string
  group?: string
  kind?: string
  uid?: string
  causes?: StatusCause[]
  retryAfterSeconds?: number
}

/** Thrown by the Registry and by every handler. `code` is the HTTP code, `reason` the Status reason (`NotFound`, `Conflict`, …). */
export class RegistryError extends Error {
  override readonly name = 'RegistryError'
  readonly code: number
  readonly reason: string
  readonly details: StatusDetails | undefined

  constructor(code: number, reason: string, message: string, details?: StatusDetails) {
    super(message)
    this.code = code
    this.reason = reason
    this.details = details
  }

  toStatus(): JsonObject {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: this.message,
      reason: this.reason,
      ...(this.details ? { details: this.details } : {}),
      code: this.code,
    }
  }
}

/** What a refusal is about. `kind` is used only where the real server names the kind and not the resource (422). */
export interface Subject {
  readonly group: string
  readonly plural: string
  readonly kind: string
}

const qualified = (resource: string, group: string): string => (group === '' ? resource : `${resource}.${group}`)

const detailsOf = (subject: Subject, name: string): StatusDetails => ({
  name,
  ...(subject.group === '' ? {} : { group: subject.group }),
  kind: subject.plural,
})

export const notFound = (subject: Subject, name: string): RegistryError =>
  new RegistryError(
    404,
    'NotFound',
    `${qualified(subject.plural, subject.group)} "${name}" not found`,
    detailsOf(subject, name),
  )

export const alreadyExists = (subject: Subject, name: string): RegistryError =>
  new RegistryError(
    409,
    'AlreadyExists',
    `${qualified(subject.plural, subject.group)} "${name}" already exists`,
    detailsOf(subject, name),
  )

const conflictText = 'the object has been modified; please apply your changes to the latest version and try again'

export const conflict = (subject: Subject, name: string, why: string = conflictText): RegistryError =>
  new RegistryError(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${qualified(subject.plural, subject.group)} "${name}": ${why}`,
    detailsOf(subject, name),
  )

export const forbidden = (subject: Subject, name: string, why: string, causes?: StatusCause[]): RegistryError =>
  new RegistryError(403, 'Forbidden', `${qualified(subject.plural, subject.group)} "${name}" is forbidden: ${why}`, {
    ...detailsOf(subject, name),
    ...(causes ? { causes } : {}),
  })

export const badRequest = (message: string): RegistryError => new RegistryError(400, 'BadRequest', message)

export const internalError = (message: string): RegistryError =>
  new RegistryError(500, 'InternalError', `Internal error occurred: ${message}`)

export const expired = (message: string): RegistryError => new RegistryError(410, 'Expired', message)

export const noSuchPath = (): RegistryError =>
  new RegistryError(404, 'NotFound', 'the server could not find the requested resource', {})

export const methodNotAllowed = (message: string): RegistryError =>
  new RegistryError(405, 'MethodNotAllowed', message, {})

/** One fault of one field. `detail` is what stands after the path: `Required value`, `Invalid value: "x": must be …`. */
export interface FieldError {
  readonly field: string
  readonly reason: string
  readonly detail: string
}

export const fieldErrors = {
  required: (field: string, why = ''): FieldError => ({
    field,
    reason: 'FieldValueRequired',
    detail: why === '' ? 'Required value' : `Required value: ${why}`,
  }),
  invalid: (field: string, value: unknown, why: string): FieldError => ({
    field,
    reason: 'FieldValueInvalid',
    detail: `Invalid value: ${quoteValue(value)}: ${why}`,
  }),
  unsupported: (field: string, value: unknown, accepted: readonly unknown[]): FieldError => ({
    field,
    reason: 'FieldValueNotSupported',
    detail: `Unsupported value: ${quoteValue(value)}: supported values: ${accepted.map(quoteValue).join(', ')}`,
  }),
  duplicate: (field: string, value: unknown): FieldError => ({
    field,
    reason: 'FieldValueDuplicate',
    detail: `Duplicate value: ${quoteValue(value)}`,
  }),
  forbidden: (field: string, why: string): FieldError => ({
    field,
    reason: 'FieldValueForbidden',
    detail: `Forbidden: ${why}`,
  }),
  wrongType: (field: string, value: unknown, why: string): FieldError => ({
    field,
    reason: 'FieldValueTypeInvalid',
    detail: `Invalid value: ${quoteValue(value)}: ${why}`,
  }),
  tooMany: (field: string, given: number, most: number): FieldError => ({
    field,
    reason: 'FieldValueTooMany',
    detail: `Too many: ${given}: must have at most ${most} items`,
  }),
  tooLong: (field: string, most: number): FieldError => ({
    field,
    reason: 'FieldValueTooLong',
    detail: `Too long: may not be more than ${most} bytes`,
  }),
}

const quoteValue = (value: unknown): string => (value === undefined ? 'null' : JSON.stringify(value))

export function invalid(subject: Subject, name: string, errors: readonly FieldError[]): RegistryError {
  const texts = errors.map((error) => `${error.field}: ${error.detail}`)
  const list = texts.length === 1 ? texts[0]! : `[${texts.join(', ')}]`
  return new RegistryError(422, 'Invalid', `${qualified(subject.kind, subject.group)} "${name}" is invalid: ${list}`, {
    name,
    ...(subject.group === '' ? {} : { group: subject.group }),
    kind: subject.kind,
    causes: errors.map((error) => ({ reason: error.reason, message: error.detail, field: error.field })),
  })
}
