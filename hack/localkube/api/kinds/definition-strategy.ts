// CustomResourceDefinitions: defaults of names, validation of what they declare, their conditions and stored versions.
import { arrayOrEmpty, cloneJson, isObject, objectOrEmpty, valueAt } from '../json-value.ts'
import { compileRules } from '../schema/cel-rules.ts'
import { labelFault, subdomainFault } from '../name-rules.ts'
import type { LocalObject } from '../registry.ts'
import type { Strategy } from './resource-kind.ts'
import { formatTime } from '../rfc3339.ts'
import type { Schema } from '../schema/schema.ts'
import { fieldErrors, type FieldError } from '../status-error.ts'

export const customResourceDefinition: Strategy = {
  complete(object) {
    const names = objectOrEmpty(valueAt(object, ['spec', 'names']))
    if (typeof names['kind'] !== 'string') return
    names['singular'] ??= names['kind'].toLowerCase()
    names['listKind'] ??= `${names['kind']}List`
  },
  prepareCreate(object, context) {
    object['status'] = establishedStatus(object, formatTime(context.now()), [])
  },
  prepareUpdate(object, old, context) {
    const stored = arrayOrEmpty(valueAt(old, ['status', 'storedVersions'])).map(String)
    const fresh = establishedStatus(object, formatTime(context.now()), stored)
    const before = objectOrEmpty(old['status'])
    object['status'] = { ...fresh, conditions: before['conditions'] ?? fresh['conditions'] }
  },
  validate: definitionErrors,
  validateUpdate(object, old) {
    const errors: FieldError[] = []
    for (const path of [['group'], ['scope'], ['names', 'kind'], ['names', 'plural']])
      if (valueAt(object, ['spec', ...path]) !== valueAt(old, ['spec', ...path]))
        errors.push(
          fieldErrors.invalid(`spec.${path.join('.')}`, valueAt(object, ['spec', ...path]), 'field is immutable'),
        )
    const versions = new Set(versionsOf(object).map((version) => version['name']))
    for (const [index, stored] of arrayOrEmpty(valueAt(old, ['status', 'storedVersions'])).entries())
      if (!versions.has(stored))
        errors.push(
          fieldErrors.invalid(
            `status.storedVersions[${index}]`,
            stored,
            'missing from spec.versions; stored objects still have it',
          ),
        )
    return errors
  },
}

/** Names are accepted and the kind is served at once; the real server takes a second for it. */
function establishedStatus(object: LocalObject, time: string, stored: readonly string[]): Record<string, unknown> {
  const storage = versionsOf(object).find((version) => version['storage'] === true)?.['name']
  const condition = (type: string, reason: string, message: string): Record<string, unknown> => ({
    type,
    status: 'True',
    lastTransitionTime: time,
    reason,
    message,
  })
  return {
    conditions: [
      condition('NamesAccepted', 'NoConflicts', 'no conflicts found'),
      condition('Established', 'InitialNamesAccepted', 'the initial names have been accepted'),
    ],
    acceptedNames: cloneJson(valueAt(object, ['spec', 'names']) ?? {}),
    storedVersions: [...new Set([...stored, ...(typeof storage === 'string' ? [storage] : [])])],
  }
}

const versionsOf = (object: LocalObject): Record<string, unknown>[] =>
  arrayOrEmpty(valueAt(object, ['spec', 'versions'])).filter(isObject)

function definitionErrors(object: LocalObject): FieldError[] {
  const spec = objectOrEmpty(object['spec'])
  const names = objectOrEmpty(spec['names'])
  const errors: FieldError[] = []
  const expected = `${String(names['plural'])}.${String(spec['group'])}`
  if (object.metadata.name !== expected)
    errors.push(fieldErrors.invalid('metadata.name', object.metadata.name, `must be spec.names.plural+"."+spec.group`))
  const groupFault = typeof spec['group'] === 'string' ? subdomainFault(spec['group']) : undefined
  if (groupFault !== undefined) errors.push(fieldErrors.invalid('spec.group', spec['group'], groupFault))
  const pluralFault = typeof names['plural'] === 'string' ? labelFault(names['plural']) : undefined
  if (pluralFault !== undefined) errors.push(fieldErrors.invalid('spec.names.plural', names['plural'], pluralFault))
  if (valueAt(spec, ['conversion', 'strategy']) === 'Webhook')
    errors.push(fieldErrors.unsupported('spec.conversion.strategy', 'Webhook', ['None']))
  const versions = versionsOf(object)
  if (versions.filter((version) => version['storage'] === true).length !== 1)
    errors.push(
      fieldErrors.invalid(
        'spec.versions',
        versions.map((version) => version['name']),
        'must have exactly one version marked as storage version',
      ),
    )
  for (const [index, version] of versions.entries()) errors.push(...versionErrors(version, `spec.versions[${index}]`))
  return errors
}

function versionErrors(version: Record<string, unknown>, path: string): FieldError[] {
  const schema = valueAt(version, ['schema', 'openAPIV3Schema'])
  const at = `${path}.schema.openAPIV3Schema`
  if (!isObject(schema)) return [fieldErrors.required(at, 'schemas are required')]
  if (schema['type'] !== 'object')
    return [fieldErrors.invalid(`${at}.type`, schema['type'] ?? '', 'must be object at the root')]
  return schemaErrors(schema, at)
}

/** What a structural schema must say everywhere, and whether its CEL rules compile. */
function schemaErrors(schema: Schema, path: string): FieldError[] {
  const errors: FieldError[] = []
  const untyped =
    schema.type === undefined &&
    !schema['x-kubernetes-int-or-string'] &&
    !schema['x-kubernetes-preserve-unknown-fields']
  if (untyped) errors.push(fieldErrors.required(`${path}.type`, 'must not be empty for specified object fields'))
  if (schema.$ref !== undefined) errors.push(fieldErrors.forbidden(`${path}.$ref`, 'references are not supported'))
  if (schema.type === 'array' && !isObject(schema.items))
    errors.push(fieldErrors.required(`${path}.items`, 'must be specified'))
  if (schema.properties && schema.additionalProperties)
    errors.push(
      fieldErrors.forbidden(`${path}.additionalProperties`, 'additionalProperties and properties are mutual exclusive'),
    )
  const keys = schema['x-kubernetes-list-map-keys']
  if (schema['x-kubernetes-list-type'] === 'map' && !keys?.length)
    errors.push(
      fieldErrors.required(`${path}.x-kubernetes-list-map-keys`, 'must not be empty if x-kubernetes-list-type is map'),
    )
  for (const key of keys ?? [])
    if (
      !schema.items?.properties?.[key] ||
      !(schema.items.required?.includes(key) || schema.items.properties[key].default !== undefined)
    )
      errors.push(
        fieldErrors.required(
          `${path}.items.properties[${key}].default`,
          'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property',
        ),
      )
  errors.push(...compileRules(schema, path))
  for (const [name, property] of Object.entries(schema.properties ?? {}))
    errors.push(...schemaErrors(property, `${path}.properties[${name}]`))
  if (isObject(schema.items)) errors.push(...schemaErrors(schema.items, `${path}.items`))
  if (isObject(schema.additionalProperties))
    errors.push(...schemaErrors(schema.additionalProperties, `${path}.additionalProperties`))
  return errors
}
