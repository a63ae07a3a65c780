// Events are served as core v1 and as events.k8s.io/v1: two views of the same stored objects. Stored is the core form,
// as in the real server; the fields that only the newer form has are kept in it as the core form has them too.
import type { LocalObject } from '../registry.ts'

const renamed: readonly (readonly [core: string, newer: string])[] = [
  ['involvedObject', 'regarding'],
  ['message', 'note'],
  ['source', 'deprecatedSource'],
  ['firstTimestamp', 'deprecatedFirstTimestamp'],
  ['lastTimestamp', 'deprecatedLastTimestamp'],
  ['count', 'deprecatedCount'],
  ['reportingComponent', 'reportingController'],
]

function rename(object: LocalObject, apiVersion: string, pairs: readonly (readonly [string, string])[]): LocalObject {
  const names = new Map(pairs)
  const view: LocalObject = { apiVersion, kind: 'Event', metadata: object.metadata }
  for (const field of Object.keys(object))
    if (field !== 'apiVersion' && field !== 'kind' && field !== 'metadata')
      view[names.get(field) ?? field] = object[field]
  return view
}

const toNewer = renamed
const toCore = renamed.map(([core, newer]) => [newer, core] as const)

export const coreEventFromStored = (stored: LocalObject): LocalObject => stored
export const coreEventToStored = (event: LocalObject): LocalObject => event
export const newEventFromStored = (stored: LocalObject): LocalObject => rename(stored, 'events.k8s.io/v1', toNewer)
export const newEventToStored = (event: LocalObject): LocalObject => rename(event, 'v1', toCore)
