// The kinds that the operator reads and writes, as the API server serves them.
import type { ResourceType } from './port.ts'

const core = (kind: string, plural: string): ResourceType => ({ apiVersion: 'v1', kind, plural, namespaced: true })

export const brokerClusters: ResourceType = {
  apiVersion: 'flotilla.dev/v1alpha1',
  kind: 'BrokerCluster',
  plural: 'brokerclusters',
  namespaced: true,
}
export const configMaps = core('ConfigMap', 'configmaps')
export const services = core('Service', 'services')
export const pods = core('Pod', 'pods')
export const secrets = core('Secret', 'secrets')
export const serviceAccounts = core('ServiceAccount', 'serviceaccounts')
export const persistentVolumeClaims = core('PersistentVolumeClaim', 'persistentvolumeclaims')
export const statefulSets: ResourceType = {
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  plural: 'statefulsets',
  namespaced: true,
}
export const podDisruptionBudgets: ResourceType = {
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  plural: 'poddisruptionbudgets',
  namespaced: true,
}
export const leases: ResourceType = {
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  plural: 'leases',
  namespaced: true,
}
export const roles: ResourceType = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'Role',
  plural: 'roles',
  namespaced: true,
}
export const roleBindings: ResourceType = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'RoleBinding',
  plural: 'rolebindings',
  namespaced: true,
}
export const events: ResourceType = {
  apiVersion: 'events.k8s.io/v1',
  kind: 'Event',
  plural: 'events',
  namespaced: true,
}
export const customResourceDefinitions: ResourceType = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  namespaced: false,
}
