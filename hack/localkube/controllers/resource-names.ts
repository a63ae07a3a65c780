// The kinds that the controllers and the kubelet read and write.
import type { LocalObject, ResourceName } from '../api/registry.ts'

const named = (group: string, plural: string): ResourceName => ({ group, plural })

export const pods = named('', 'pods')
export const services = named('', 'services')
export const endpoints = named('', 'endpoints')
export const configMaps = named('', 'configmaps')
export const secrets = named('', 'secrets')
export const events = named('', 'events')
export const nodes = named('', 'nodes')
export const namespaces = named('', 'namespaces')
export const serviceAccounts = named('', 'serviceaccounts')
export const persistentVolumes = named('', 'persistentvolumes')
export const persistentVolumeClaims = named('', 'persistentvolumeclaims')
export const deployments = named('apps', 'deployments')
export const replicaSets = named('apps', 'replicasets')
export const statefulSets = named('apps', 'statefulsets')
export const controllerRevisions = named('apps', 'controllerrevisions')
export const jobs = named('batch', 'jobs')
export const endpointSlices = named('discovery.k8s.io', 'endpointslices')
export const podDisruptionBudgets = named('policy', 'poddisruptionbudgets')
export const storageClasses = named('storage.k8s.io', 'storageclasses')
export const customResourceDefinitions = named('apiextensions.k8s.io', 'customresourcedefinitions')

/** `namespace/name`, or `/name` of a cluster-wide object: the key of the work queues. */
export const keyOf = (object: LocalObject): string => `${object.metadata.namespace ?? ''}/${object.metadata.name}`

export function splitKey(key: string): { namespace: string; name: string } {
  const slash = key.indexOf('/')
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
}
