// Rules for metadata that hold for every kind: names, labels, annotations, owner references, finalizers.
import { isObject, type JsonObject } from '../json-value.ts'
import { maxAnnotationsBytes } from '../limits.ts'
import type { LocalObject } from '../registry.ts'
import type { ResourceKind } from './resource-kind.ts'
import { fieldErrors, type FieldError } from '../status-error.ts'
import { labelFault, labelValueFault, qualifiedNameFault, subdomainFault } from '../name-rules.ts'

const labelNamed: ReadonlySet<string> = new Set(['namespaces', 'services'])

export function validateMetadata(kind: ResourceKind, object: LocalObject): FieldError[] {
  const { metadata } = object
  const errors: FieldError[] = []
  const nameFault = nameFaultOf(kind, metadata.name)
  if (nameFault !== undefined) errors.push(fieldErrors.invalid('metadata.name', metadata.name, nameFault))
  errors.push(...labelErrors(metadata.labels, 'metadata.labels'), ...annotationErrors(metadata.annotations))
  for (const [index, owner] of (metadata.ownerReferences ?? []).entries())
    for (const field of ['apiVersion', 'kind', 'name', 'uid'] as const)
      if (!isObject(owner) || !owner[field])
        errors.push(
          fieldErrors.invalid(
            `metadata.ownerReferences[${index}].${field}`,
            '',
            `${field === 'apiVersion' ? 'version' : field} must not be empty`,
          ),
        )
  if ((metadata.ownerReferences ?? []).filter((owner) => owner?.controller === true).length > 1)
    errors.push(
      fieldErrors.invalid('metadata.ownerReferences', null, 'Only one reference can have Controller set to true.'),
    )
  for (const finalizer of metadata.finalizers ?? []) {
    const fault = typeof finalizer === 'string' ? qualifiedNameFault(finalizer) : 'must be a string'
    if (fault !== undefined) errors.push(fieldErrors.invalid('metadata.finalizers', finalizer, fault))
  }
  return errors
}

/** An object on its way out may lose finalizers, not gain them. */
export function validateMetadataUpdate(object: LocalObject, old: LocalObject): FieldError[] {
  if (old.metadata.deletionTimestamp === undefined) return []
  const before = new Set(old.metadata.finalizers)
  const added = (object.metadata.finalizers ?? []).filter((name) => !before.has(name))
  if (added.length === 0) return []
  return [
    fieldErrors.forbidden(
      'metadata.finalizers',
      `no new finalizers can be added if the object is being deleted, found new finalizers []string{${added.map((name) => JSON.stringify(name)).join(', ')}}`,
    ),
  ]
}

export function labelErrors(labels: unknown, path: string): FieldError[] {
  if (labels === undefined) return []
  return Object.entries(labels as JsonObject).flatMap(([key, value]) => {
    const keyFault = qualifiedNameFault(key)
    const valueFault = labelValueFault(String(value))
    return [
      ...(keyFault === undefined ? [] : [fieldErrors.invalid(path, key, keyFault)]),
      ...(valueFault === undefined ? [] : [fieldErrors.invalid(path, value, valueFault)]),
    ]
  })
}

function annotationErrors(annotations: LocalObject['metadata']['annotations']): FieldError[] {
  if (!annotations) return []
  const errors: FieldError[] = []
  let bytes = 0
  for (const [key, value] of Object.entries(annotations)) {
    const fault = qualifiedNameFault(key.toLowerCase())
    if (fault !== undefined) errors.push(fieldErrors.invalid('metadata.annotations', key, fault))
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value)
  }
  if (bytes > maxAnnotationsBytes) errors.push(fieldErrors.tooLong('metadata.annotations', maxAnnotationsBytes))
  return errors
}

function nameFaultOf(kind: ResourceKind, name: string): string | undefined {
  if (kind.looseName)
    return /^(\.|\.\.)$/.test(name) || /[/%]/.test(name)
      ? `may not be '.' or '..' and may not contain '/' or '%'`
      : undefined
  return labelNamed.has(kind.plural) ? labelFault(name) : subdomainFault(name)
}
