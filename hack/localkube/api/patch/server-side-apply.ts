// Server-side apply: the configuration is merged into the live object field by field; what the manager applied before and
// no longer applies goes away unless somebody else owns it; what others own and the configuration changes is a conflict.
import { cloneJson, isObject, ownField, setField, type JsonObject } from '../json-value.ts'
import { compareFields, fieldsOfValue, FieldSet, itemStep, partsOf, shapeOf } from './field-set.ts'
import { decodeEntries, stripUnowned, withEntries, type ManagedEntry, type Writer } from './managed-fields.ts'
import { fieldSchema, itemSchema, type Definitions, type Schema } from '../schema/schema.ts'
import type { LocalObject } from '../registry.ts'
import type { KindVersion } from '../kinds/resource-kind.ts'
import { badRequest, RegistryError } from '../status-error.ts'

/** What owned everything before the first apply of an object that had no managedFields. */
const formerManager = 'before-first-apply'

/** The object that applying `configuration` makes of `live`, managedFields included. Errors: 409 conflict, 400. */
export function applyConfiguration(
  live: LocalObject | undefined,
  configuration: JsonObject,
  version: KindVersion,
  writer: Writer & { readonly force: boolean },
): LocalObject {
  if (isObject(configuration['metadata']) && configuration['metadata']['managedFields'] !== undefined)
    throw badRequest('metadata.managedFields must be nil')
  const { schema, definitions } = version
  const applied = ownable(fieldsOfValue(configuration, schema, definitions), version, writer.subresource)
  const entries = live ? entriesOf(live, version) : []
  const isMine = (entry: ManagedEntry): boolean =>
    entry.operation === 'Apply' && entry.manager === writer.manager && entry.subresource === writer.subresource
  const mine = entries.find(isMine)
  let others = entries.filter((entry) => !isMine(entry))

  const { managedFields: _, ...metadata } = (live?.metadata ?? {}) as LocalObject['metadata']
  const before = live ? { ...live, metadata } : undefined
  let merged = mergeValues(before, configuration, schema, definitions) as LocalObject
  if (before) {
    const { added, modified } = compareFields(before, merged, schema, definitions, version.alwaysPresent)
    others = settleConflicts(others, stripUnowned(added.union(modified)), writer.force)
  }
  if (mine) {
    const kept = others.reduce((set, entry) => set.union(entry.fields), new FieldSet())
    // What identifies the object stays, even when nobody owns anything in it.
    for (const step of ['f:apiVersion', 'f:kind', 'f:metadata']) kept.child(step)
    merged = prune(merged, mine.fields, applied, kept, schema, definitions) as LocalObject
  }
  const unchanged = mine !== undefined && mine.fields.equals(applied) && mine.apiVersion === writer.apiVersion
  const entry: ManagedEntry = {
    ...writer,
    operation: 'Apply',
    fields: applied,
    time: unchanged ? mine.time : writer.time,
  }
  return withEntries(merged, [...others, entry])
}

function entriesOf(live: LocalObject, version: KindVersion): ManagedEntry[] {
  const entries = decodeEntries(live.metadata.managedFields)
  if (entries.length > 0) return entries
  const fields = stripUnowned(fieldsOfValue(live, version.schema, version.definitions))
  return [
    {
      manager: formerManager,
      operation: 'Update',
      apiVersion: live.apiVersion,
      subresource: '',
      time: live.metadata.creationTimestamp,
      fields,
    },
  ]
}

/** What may be owned through this door: the status only through its subresource, and nothing else there. */
function ownable(fields: FieldSet, version: KindVersion, subresource: string): FieldSet {
  const result = stripUnowned(fields)
  if (!version.status) return result
  if (subresource !== 'status') result.children.delete('f:status')
  else for (const step of Array.from(result.children.keys())) if (step !== 'f:status') result.children.delete(step)
  return result
}

function settleConflicts(others: ManagedEntry[], changed: FieldSet, force: boolean): ManagedEntry[] {
  const conflicts = others.flatMap((entry) => {
    const fields = entry.fields.intersection(changed)
    return fields.isEmpty ? [] : [{ entry, fields }]
  })
  if (conflicts.length === 0) return others
  if (!force) throw conflictError(conflicts)
  return others.map((entry) => ({ ...entry, fields: entry.fields.difference(changed) }))
}

function conflictError(conflicts: readonly { entry: ManagedEntry; fields: FieldSet }[]): RegistryError {
  const found = conflicts.flatMap(({ entry, fields }) =>
    [...fields.paths()].map((path) => ({ manager: describeManager(entry), path: formatPath(path) })),
  )
  const causes = found.map(({ manager, path }) => ({
    reason: 'FieldManagerConflict',
    message: `conflict with ${manager}`,
    field: path,
  }))
  const count = found.length
  let text = `conflict with ${found[0]!.manager}: ${found[0]!.path}`
  if (count > 1) {
    const managers = [...new Set(found.map(({ manager }) => manager))].sort()
    text = managers
      .map(
        (manager) =>
          `conflicts with ${manager}:\n${found
            .filter((one) => one.manager === manager)
            .map(({ path }) => `- ${path}`)
            .join('\n')}`,
      )
      .join('\n')
  }
  return new RegistryError(
    409,
    'Conflict',
    `Apply failed with ${count} ${count === 1 ? 'conflict' : 'conflicts'}: ${text}`,
    { causes },
  )
}

function describeManager(entry: ManagedEntry): string {
  const name =
    JSON.stringify(entry.manager) +
    (entry.subresource === '' ? '' : ` with subresource ${JSON.stringify(entry.subresource)}`)
  return entry.operation === 'Update' ? `${name} using ${entry.apiVersion}` : name
}

/** `f:spec`, `k:{"name":"x"}` → `.spec[name="x"]`. */
function formatPath(path: readonly string[]): string {
  return path
    .map((step) => {
      if (step.startsWith('f:')) return `.${step.slice(2)}`
      if (step.startsWith('v:')) return `[=${step.slice(2)}]`
      const keys = JSON.parse(step.slice(2)) as JsonObject
      return `[${Object.entries(keys)
        .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
        .join(',')}]`
    })
    .join('')
}

function mergeValues(live: unknown, applied: unknown, schema: Schema | undefined, definitions: Definitions): unknown {
  if (applied === undefined) return live
  const shape = shapeOf(applied, schema)
  if (live === undefined || shape === 'atomic' || shapeOf(live, schema) !== shape) return cloneJson(applied)
  if (shape === 'fields') {
    const merged = { ...(live as JsonObject) }
    for (const field of Object.keys(applied as JsonObject))
      setField(
        merged,
        field,
        mergeValues(
          ownField(live as JsonObject, field),
          (applied as JsonObject)[field],
          fieldSchema(schema, field, definitions),
          definitions,
        ),
      )
    return merged
  }
  return mergeItems(live, applied, schema, definitions)
}

/** Applied items in their order; live ones that are not applied stay behind the item they followed. */
function mergeItems(live: unknown, applied: unknown, schema: Schema | undefined, definitions: Definitions): unknown[] {
  const old = partsOf(live, schema, definitions)
  const waiting = [...partsOf(applied, schema, definitions).values()]
  const wanted = new Set(waiting.map((part) => part.step))
  const result: unknown[] = []
  const take = (until?: string): void => {
    for (let part = waiting.shift(); part; part = waiting.shift()) {
      result.push(mergeValues(old.get(part.step)?.value, part.value, part.schema, definitions))
      if (part.step === until) return
    }
  }
  for (const part of old.values()) {
    if (!wanted.has(part.step)) result.push(part.value)
    else if (waiting.some((next) => next.step === part.step)) take(part.step)
  }
  take()
  return result
}

/** Removes what `last` holds and neither `applied` nor `kept` holds. */
function prune(
  value: unknown,
  last: FieldSet,
  applied: FieldSet,
  kept: FieldSet,
  schema: Schema | undefined,
  definitions: Definitions,
): unknown {
  const shape = shapeOf(value, schema)
  if (shape === 'atomic') return value
  const keep = (step: string): boolean =>
    !last.children.has(step) || applied.children.has(step) || kept.children.has(step)
  const inner = (step: string, part: unknown, partSchema: Schema | undefined): unknown => {
    const before = last.children.get(step)
    if (!before) return part
    return prune(
      part,
      before,
      applied.children.get(step) ?? new FieldSet(),
      kept.children.get(step) ?? new FieldSet(),
      partSchema,
      definitions,
    )
  }
  if (shape !== 'fields') {
    const schemaOfItem = itemSchema(schema, definitions)
    return (value as unknown[]).flatMap((item) => {
      const step = itemStep(item, schema, shape, definitions)
      return keep(step) ? [inner(step, item, schemaOfItem)] : []
    })
  }
  const result: JsonObject = {}
  for (const field of Object.keys(value as JsonObject)) {
    const step = `f:${field}`
    if (keep(step))
      setField(result, field, inner(step, (value as JsonObject)[field], fieldSchema(schema, field, definitions)))
  }
  return result
}
