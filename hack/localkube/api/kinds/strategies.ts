// What built-in kinds do beyond being stored: computed defaults, allocation, immutability, the essentials of validation.
import { isObject, objectOrEmpty, arrayOrEmpty, type JsonObject } from '../json-value.ts'
import type { LocalObject } from '../registry.ts'
import type { Strategy } from './resource-kind.ts'
import * as workloads from './workload-strategies.ts'
import { deployment, replicaSet } from './deployment-strategies.ts'
import * as services from './service-strategies.ts'
import * as storage from './storage-strategies.ts'
import { customResourceDefinition } from './definition-strategy.ts'

const secret: Strategy = { complete: foldStringData }

/** `stringData` is write-only: it becomes base64 in `data`. */
function foldStringData(object: LocalObject): void {
  const plain = object['stringData'] as JsonObject | undefined
  if (!isObject(plain)) return
  const data = { ...objectOrEmpty(object['data']) }
  for (const [key, value] of Object.entries(plain)) data[key] = Buffer.from(String(value)).toString('base64')
  object['data'] = data
  delete object['stringData']
}

const namespace: Strategy = {
  prepareCreate(object) {
    object['spec'] = { finalizers: ['kubernetes'] }
    object['status'] = { phase: 'Active' }
    setNameLabel(object)
  },
  prepareUpdate(object) {
    setNameLabel(object)
  },
}

function setNameLabel(object: LocalObject): void {
  object.metadata.labels = { ...object.metadata.labels, 'kubernetes.io/metadata.name': object.metadata.name }
}

const rbacGroup = 'rbac.authorization.k8s.io'

const roleBinding: Strategy = { complete: fillRbacGroups }

function fillRbacGroups(object: LocalObject): void {
  const role = objectOrEmpty(object['roleRef'])
  role['apiGroup'] ??= rbacGroup
  for (const subject of arrayOrEmpty(object['subjects']))
    if (isObject(subject)) {
      if (subject['kind'] !== 'ServiceAccount') subject['apiGroup'] ??= rbacGroup
    }
}

const networkPolicy: Strategy = {
  complete(object) {
    const spec = objectOrEmpty(object['spec'])
    spec['policyTypes'] ??= spec['egress'] === undefined ? ['Ingress'] : ['Ingress', 'Egress']
  },
}

const strategies: Readonly<Record<string, Strategy>> = {
  'v1/Pod': workloads.pod,
  'apps/v1/StatefulSet': workloads.statefulSet,
  'apps/v1/Deployment': deployment,
  'apps/v1/ReplicaSet': replicaSet,
  'batch/v1/Job': workloads.job,
  'v1/Service': services.service,
  'v1/PersistentVolumeClaim': storage.persistentVolumeClaim,
  'v1/PersistentVolume': storage.persistentVolume,
  'v1/Secret': secret,
  'v1/Namespace': namespace,
  'rbac.authorization.k8s.io/v1/RoleBinding': roleBinding,
  'rbac.authorization.k8s.io/v1/ClusterRoleBinding': roleBinding,
  'networking.k8s.io/v1/NetworkPolicy': networkPolicy,
  'apiextensions.k8s.io/v1/CustomResourceDefinition': customResourceDefinition,
}

export const strategyOf = (apiVersion: string, kind: string): Strategy => strategies[`${apiVersion}/${kind}`] ?? {}
