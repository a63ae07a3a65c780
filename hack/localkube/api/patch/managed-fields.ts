// Who owns which field: metadata.managedFields. Here for create, update and patch (operation Update); server-side apply
// is server-side-apply.ts.
import { cloneJson, equalJson, isObject, type JsonObject } from '../json-value.ts'
import { compareFields, FieldSet } from './field-set.ts'
import { maxUpdateManagers } from '../limits.ts'
import type { LocalObject } from '../registry.ts'
import type { KindVersion } from '../kinds/resource-kind.ts'

export interface ManagedEntry {
  readonly manager: string
  readonly operation: 'Apply' | 'Update'
  readonly apiVersion: string
  readonly subresource: string
  readonly time: string
  readonly fields: FieldSet
}

export interface Writer {
  readonly manager: string
  readonly apiVersion: string
  /** '' for the object itself. */
  readonly subresource: string
  readonly time: string
}

/** Nobody owns these: they identify the object or belong to the server. */
const unowned: readonly (readonly string[])[] = [
  ['f:apiVersion'],
  ['f:kind'],
  ...[
    'name',
    'namespace',
    'generateName',
    'uid',
    'resourceVersion',
    'generation',
    'creationTimestamp',
    'managedFields',
  ].map((field) => ['f:metadata', `f:${field}`]),
  ...['selfLink', 'deletionTimestamp', 'deletionGracePeriodSeconds'].map((field) => ['f:metadata', `f:${field}`]),
]

const joinedManager = 'ancient-changes'

/** Returns `next` with its managedFields: the writer owns what it changed, others lose what it took or removed. */
export function trackUpdate(
  current: LocalObject | undefined,
  next: LocalObject,
  version: KindVersion,
  writer: Writer,
): LocalObject {
  const given = next.metadata.managedFields
  const reset =
    Array.isArray(given) &&
    (given.length === 0 || (given.length === 1 && isEmptyEntry(given[0]))) &&
    current !== undefined
  const base =
    reset && !equalJson(given, current?.metadata.managedFields)
      ? []
      : decodeEntries(given ?? current?.metadata.managedFields)
  const { added, modified, removed } = compareFields(
    current ?? {},
    next,
    version.schema,
    version.definitions,
    version.alwaysPresent,
  )
  const taken = stripUnowned(added.union(modified))
  const entries = base.flatMap((entry): ManagedEntry[] => {
    const mine = isSame(entry, writer)
    const fields = mine
      ? entry.fields.difference(removed).union(taken)
      : entry.fields.difference(modified).difference(removed)
    if (fields.isEmpty) return []
    return [{ ...entry, fields, time: mine && !fields.equals(entry.fields) ? writer.time : entry.time }]
  })
  if (!taken.isEmpty && !base.some((entry) => isSame(entry, writer)))
    entries.push({ ...writer, operation: 'Update', fields: taken })
  return withEntries(next, limitUpdaters(entries))
}

export function decodeEntries(managedFields: unknown): ManagedEntry[] {
  if (!Array.isArray(managedFields)) return []
  return (managedFields as unknown[]).flatMap((entry): ManagedEntry[] => {
    if (!isObject(entry) || isEmptyEntry(entry)) return []
    const text = (field: string): string => (typeof entry[field] === 'string' ? entry[field] : '')
    return [
      {
        manager: text('manager'),
        operation: entry['operation'] === 'Apply' ? 'Apply' : 'Update',
        apiVersion: text('apiVersion'),
        subresource: text('subresource'),
        time: text('time'),
        fields: FieldSet.decode(entry['fieldsV1']),
      },
    ]
  })
}

/** `object` with these entries, ordered as the real server orders them: applied first, then by time. */
export function withEntries(object: LocalObject, entries: readonly ManagedEntry[]): LocalObject {
  const encoded = entries
    .filter((entry) => !entry.fields.isEmpty)
    .toSorted(
      (left, right) =>
        compareText(left.operation, right.operation) ||
        compareText(left.time, right.time) ||
        compareText(left.manager, right.manager),
    )
    .map((entry) => ({
      manager: entry.manager,
      operation: entry.operation,
      apiVersion: entry.apiVersion,
      ...(entry.time === '' ? {} : { time: entry.time }),
      fieldsType: 'FieldsV1',
      fieldsV1: entry.fields.encode(),
      ...(entry.subresource === '' ? {} : { subresource: entry.subresource }),
    }))
  const { managedFields: _, ...metadata } = object.metadata
  return { ...object, metadata: encoded.length === 0 ? metadata : { ...metadata, managedFields: encoded } }
}

export function stripUnowned(fields: FieldSet): FieldSet {
  const stripped = new FieldSet()
  for (const path of unowned) {
    let node = stripped
    for (const step of path) node = node.child(step)
    node.member = true
  }
  return fields.without(stripped)
}

/** The object for comparing states: a write that would only renew a time is no write. */
export function withoutManagedTimes(object: LocalObject): JsonObject {
  const managedFields = object.metadata.managedFields
  if (!managedFields) return object
  const timeless = managedFields.map((entry) => (isObject(entry) ? { ...entry, time: undefined } : cloneJson(entry)))
  return { ...object, metadata: { ...object.metadata, managedFields: timeless } }
}

const isSame = (entry: ManagedEntry, writer: Writer): boolean =>
  entry.operation === 'Update' &&
  entry.manager === writer.manager &&
  entry.apiVersion === writer.apiVersion &&
  entry.subresource === writer.subresource

const isEmptyEntry = (entry: unknown): boolean => isObject(entry) && Object.keys(entry).length === 0

const compareText = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0)

/** Joins the oldest updaters when there are too many, so that an object does not grow with every new client name. */
function limitUpdaters(entries: ManagedEntry[]): ManagedEntry[] {
  const updaters = entries
    .filter((entry) => entry.operation === 'Update')
    .toSorted((left, right) => compareText(left.time, right.time))
  const surplus = updaters.length - maxUpdateManagers
  if (surplus <= 0) return entries
  const oldest = new Set(updaters.slice(0, surplus + 1))
  const joined = [...oldest].reduce((set, entry) => set.union(entry.fields), new FieldSet())
  const last = updaters[surplus]!
  return [
    ...entries.filter((entry) => !oldest.has(entry)),
    { ...last, manager: joinedManager, subresource: '', fields: joined },
  ]
}
