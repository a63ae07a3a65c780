// The schema's part of admitting an object: unknown fields, defaults, types and bounds, CEL rules.
import { celErrors, hasRules } from '../schema/cel-rules.ts'
import type { WriteRequest } from './write-request.ts'
import type { LocalObject } from '../registry.ts'
import type { KindVersion, ResourceKind } from '../kinds/resource-kind.ts'
import { conformToSchema } from '../schema/schema-values.ts'
import { validateBySchema } from '../schema/schema-validation.ts'
import { badRequest, fieldErrors, type FieldError } from '../status-error.ts'

const blockingReasons: ReadonlySet<string> = new Set([
  'FieldValueNotSupported',
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
])
const rulesNotChecked = fieldErrors.invalid(
  '<nil>',
  null,
  'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
)

/** Completes `object` in place. Errors: 400 for unknown fields if the request is strict. */
export function conformObject(
  kind: ResourceKind,
  version: KindVersion,
  object: LocalObject,
  request: WriteRequest,
): void {
  const unknown = conformToSchema(object, version.schema, version.definitions)
  if (unknown.length > 0) reportUnknown(kind, version, unknown, request)
  kind.strategy.complete?.(object)
}

/**
 * What is wrong with a completed object. `old` is the object before an update, for transition rules.
 * Errors: 400 for wrong types in built-in kinds, whose rules could not even read them.
 */
export function judgeObject(
  kind: ResourceKind,
  version: KindVersion,
  object: LocalObject,
  old: LocalObject | undefined,
): FieldError[] {
  const errors = validateBySchema(object, version.schema, version.definitions, {
    required: (path) =>
      kind.custom || !(path === 'status' || path.startsWith('status.') || path.startsWith('metadata')),
  })
  if (!kind.custom) refuseWrongTypes(kind, version, errors)
  // Rules may rely on types and bounds: where those are broken the rules are not asked, and the answer says so.
  const blocked = errors.some((error) => blockingReasons.has(error.reason))
  if (blocked && kind.custom && hasRules(version.schema)) errors.push(rulesNotChecked)
  if (!blocked && kind.custom) errors.push(...celErrors(object, old, version.schema))
  return errors
}

/** Reports fields that are there twice or that the schema does not know, in the way the request asked for. */
function reportUnknown(
  kind: ResourceKind,
  version: KindVersion,
  paths: readonly string[],
  request: WriteRequest,
): void {
  reportStrictFaults(
    kind,
    version,
    paths.toSorted().map((path) => `unknown field "${path}"`),
    request,
  )
}

export function reportStrictFaults(
  kind: ResourceKind,
  version: KindVersion,
  faults: readonly string[],
  request: WriteRequest,
): void {
  if (faults.length === 0 || request.fieldValidation === 'Ignore') return
  if (request.fieldValidation !== 'Strict') {
    request.warnings?.push(...faults)
    return
  }
  const text = `strict decoding error: ${faults.join(', ')}`
  throw badRequest(
    request.patch ? text : `${kind.kind} in version "${version.name}" cannot be handled as a ${kind.kind}: ${text}`,
  )
}

/** The real server cannot even decode a built-in object with a wrong type: 400, not 422. */
function refuseWrongTypes(kind: ResourceKind, version: KindVersion, errors: readonly FieldError[]): void {
  const wrong = errors.find((error) => error.reason === 'FieldValueTypeInvalid')
  if (!wrong) return
  throw badRequest(
    `${kind.kind} in version "${version.name}" cannot be handled as a ${kind.kind}: json: cannot unmarshal into field ${kind.kind}.${wrong.field}: ${wrong.detail}`,
  )
}
