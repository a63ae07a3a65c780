// The kinds that can own objects or be owned: a table of the built-in ones, and the custom ones as their definitions come
// and go. The garbage collector and the deletion of namespaces go over all of them.
import type { LocalObject, ResourceName } from '../api/registry.ts'

export interface CataloguedKind extends ResourceName {
  readonly kind: string
  readonly namespaced: boolean
}

// Events are left out: they own nothing, and their number is best left to their lifetime.
const namespacedKinds: readonly (readonly [group: string, kind: string, plural: string])[] = [
  ['', 'Pod', 'pods'],
  ['', 'Service', 'services'],
  ['', 'Endpoints', 'endpoints'],
  ['', 'ConfigMap', 'configmaps'],
  ['', 'Secret', 'secrets'],
  ['', 'ServiceAccount', 'serviceaccounts'],
  ['', 'PersistentVolumeClaim', 'persistentvolumeclaims'],
  ['apps', 'Deployment', 'deployments'],
  ['apps', 'ReplicaSet', 'replicasets'],
  ['apps', 'StatefulSet', 'statefulsets'],
  ['apps', 'ControllerRevision', 'controllerrevisions'],
  ['batch', 'Job', 'jobs'],
  ['coordination.k8s.io', 'Lease', 'leases'],
  ['discovery.k8s.io', 'EndpointSlice', 'endpointslices'],
  ['networking.k8s.io', 'NetworkPolicy', 'networkpolicies'],
  ['policy', 'PodDisruptionBudget', 'poddisruptionbudgets'],
  ['rbac.authorization.k8s.io', 'Role', 'roles'],
  ['rbac.authorization.k8s.io', 'RoleBinding', 'rolebindings'],
]
const clusterKinds: readonly (readonly [group: string, kind: string, plural: string])[] = [
  ['', 'Namespace', 'namespaces'],
  ['', 'Node', 'nodes'],
  ['', 'PersistentVolume', 'persistentvolumes'],
  ['rbac.authorization.k8s.io', 'ClusterRole', 'clusterroles'],
  ['rbac.authorization.k8s.io', 'ClusterRoleBinding', 'clusterrolebindings'],
  ['storage.k8s.io', 'StorageClass', 'storageclasses'],
  ['apiextensions.k8s.io', 'CustomResourceDefinition', 'customresourcedefinitions'],
]

export const builtinKinds: readonly CataloguedKind[] = [
  ...namespacedKinds.map(([group, kind, plural]) => ({ group, kind, plural, namespaced: true })),
  ...clusterKinds.map(([group, kind, plural]) => ({ group, kind, plural, namespaced: false })),
]

export const kindOfDefinition = (definition: LocalObject): CataloguedKind => ({
  group: definition['spec'].group,
  kind: definition['spec'].names.kind,
  plural: definition['spec'].names.plural,
  namespaced: definition['spec'].scope === 'Namespaced',
})

export const isEstablished = (definition: LocalObject): boolean =>
  (definition['status']?.conditions ?? []).some(
    (condition: { type: string; status: string }) => condition.type === 'Established' && condition.status === 'True',
  )
