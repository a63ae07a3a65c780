// Server-side apply of a child, only when something differs: the operator wants something else than last time, or
// somebody else changed what it wants. At rest nothing is written.
import type { BrokerCluster } from '../api/broker-cluster.ts'
import { annotations, operatorFieldManager, labels } from '../api/names.ts'
import { isSameQuantity } from '../api/quantity.ts'
import type { KubeClient, KubeObject } from '../kube/port.ts'
import { contentHash } from '../topology/content-hash.ts'
import { FlotillaError } from '../../broker/base/errors.ts'
import type { PlannedChild } from './children.ts'

type ApplyOutcome = 'Created' | 'Changed' | 'Unchanged'

/** Rejects with NAME_TAKEN when an object of that name belongs to somebody else, and with the errors of the client. */
export async function applyChild(
  client: KubeClient,
  cluster: BrokerCluster,
  { type, object, observed }: PlannedChild,
): Promise<ApplyOutcome> {
  const desired = withHash(object)
  const key = { namespace: object.metadata.namespace, name: object.metadata.name }
  // What is not known as ours is looked up, so that applying never takes an object from somebody else.
  const existing = observed ?? (await client.get(type, key))
  if (existing) assertOurs(existing, cluster)
  if (existing && isApplied(desired, existing)) return 'Unchanged'
  await client.apply(type, desired, { fieldManager: operatorFieldManager, force: true })
  return existing ? 'Changed' : 'Created'
}

/** Throws NAME_TAKEN when the object is somebody else's. */
export function assertOurs(existing: KubeObject, cluster: BrokerCluster): void {
  if (isOurs(existing, cluster)) return
  const { kind, metadata } = existing
  const { namespace, name } = metadata
  throw new FlotillaError(
    'NAME_TAKEN',
    `Cannot write ${kind} ${name}: one that belongs to ${ownerOf(existing)} has this name`,
    { fields: { kind, namespace, name } },
  )
}

/** Made by the operator for this very cluster. A claim outlives its cluster, so its labels decide. */
export function isOurs(object: KubeObject, cluster: BrokerCluster): boolean {
  if (object.kind === 'PersistentVolumeClaim') return object.metadata.labels?.[labels.cluster] === cluster.metadata.name
  return object.metadata.ownerReferences?.some(({ uid }) => uid === cluster.metadata.uid) === true
}

function ownerOf({ metadata }: KubeObject): string {
  const owner = metadata.ownerReferences?.[0]
  if (!owner) return 'nobody that the operator knows'
  return owner.kind === 'BrokerCluster' ? `an earlier BrokerCluster ${owner.name}` : `${owner.kind} ${owner.name}`
}

function withHash<T extends KubeObject>(object: T): T {
  const { metadata } = object
  const hash = contentHash(object)
  return { ...object, metadata: { ...metadata, annotations: { ...metadata.annotations, [annotations.applied]: hash } } }
}

const isApplied = (desired: KubeObject, existing: KubeObject): boolean =>
  existing.metadata.annotations?.[annotations.applied] === desired.metadata.annotations?.[annotations.applied] &&
  covers(existing, desired)

/**
 * Whether everything that `desired` says stands in `existing`. The API server adds fields of its own, others add to lists
 * (such as sidecars), and quantities come back in another form.
 */
export function covers(existing: unknown, desired: unknown): boolean {
  if (existing === undefined || existing === null) return isEmpty(desired)
  if (Array.isArray(desired))
    return Array.isArray(existing) && desired.every((item) => existing.some((other) => covers(other, item)))
  if (typeof desired === 'object' && desired !== null)
    return Object.entries(desired).every(([key, value]) => covers((existing as Record<string, unknown>)[key], value))
  return existing === desired || sameQuantity(existing, desired)
}

/** The API server leaves out what is empty. */
function isEmpty(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.values(value).every(isEmpty)
  return value === undefined || value === null || value === '' || value === false
}

const sameQuantity = (existing: unknown, desired: unknown): boolean =>
  typeof existing === 'string' && typeof desired === 'string' && isSameQuantity(existing, desired)
