// The built-in kinds: one row each. What a kind does beyond being stored is in strategies.ts, how it prints in columns.ts,
// its fields in builtin-schemas.ts.
import { columnsOf } from '../print/columns.ts'
import { coreEventFromStored, coreEventToStored, newEventFromStored, newEventToStored } from './event-views.ts'
import { builtinDefinitions, schemaNameOf } from '../schema/builtin-schemas.ts'
import { strategyOf } from './strategies.ts'
import { apiVersionOf, type ResourceKind, type ScalePaths } from './resource-kind.ts'

interface Row {
  readonly group: string
  readonly version?: string
  readonly kind: string
  readonly plural: string
  readonly shortNames?: readonly string[]
  readonly categories?: readonly string[]
  readonly cluster?: true
  readonly status?: true
  readonly generation?: true
  readonly scale?: ScalePaths
  readonly looseName?: true
  readonly subresources?: readonly string[]
  readonly selectableFields?: readonly string[]
}

const workloadScale: ScalePaths = {
  specReplicasPath: '.spec.replicas',
  statusReplicasPath: '.status.replicas',
  labelSelectorPath: '.spec.selector',
}
const all = ['all']
const eventFields = [
  'involvedObject.kind',
  'involvedObject.namespace',
  'involvedObject.name',
  'involvedObject.uid',
  'involvedObject.apiVersion',
  'involvedObject.resourceVersion',
  'involvedObject.fieldPath',
  'reason',
  'reportingComponent',
  'source',
  'type',
]
const podFields = [
  'spec.nodeName',
  'spec.restartPolicy',
  'spec.schedulerName',
  'spec.serviceAccountName',
  'spec.hostNetwork',
  'status.phase',
  'status.podIP',
  'status.nominatedNodeName',
]
const rbac = 'rbac.authorization.k8s.io'

const rows: readonly Row[] = [
  { group: '', kind: 'ConfigMap', plural: 'configmaps', shortNames: ['cm'] },
  { group: '', kind: 'Endpoints', plural: 'endpoints', shortNames: ['ep'] },
  { group: '', kind: 'Event', plural: 'events', shortNames: ['ev'], selectableFields: eventFields },
  {
    group: '',
    kind: 'Namespace',
    plural: 'namespaces',
    shortNames: ['ns'],
    cluster: true,
    status: true,
    subresources: ['finalize'],
    selectableFields: ['status.phase'],
  },
  {
    group: '',
    kind: 'Node',
    plural: 'nodes',
    shortNames: ['no'],
    cluster: true,
    status: true,
    selectableFields: ['spec.unschedulable'],
  },
  { group: '', kind: 'PersistentVolumeClaim', plural: 'persistentvolumeclaims', shortNames: ['pvc'], status: true },
  { group: '', kind: 'PersistentVolume', plural: 'persistentvolumes', shortNames: ['pv'], cluster: true, status: true },
  {
    group: '',
    kind: 'Pod',
    plural: 'pods',
    shortNames: ['po'],
    categories: all,
    status: true,
    generation: true,
    subresources: ['log', 'eviction', 'binding', 'exec', 'portforward'],
    selectableFields: podFields,
  },
  { group: '', kind: 'Secret', plural: 'secrets', selectableFields: ['type'] },
  { group: '', kind: 'ServiceAccount', plural: 'serviceaccounts', shortNames: ['sa'] },
  {
    group: '',
    kind: 'Service',
    plural: 'services',
    shortNames: ['svc'],
    categories: all,
    status: true,
    selectableFields: ['spec.clusterIP', 'spec.type'],
  },
  { group: 'apps', kind: 'ControllerRevision', plural: 'controllerrevisions' },
  ...(
    [
      ['Deployment', 'deployments', 'deploy'],
      ['ReplicaSet', 'replicasets', 'rs'],
    ] as const
  ).map(([kind, plural, shortName]) => ({
    group: 'apps',
    kind,
    plural,
    shortNames: [shortName],
    categories: all,
    status: true as const,
    generation: true as const,
    scale: workloadScale,
    ...(kind === 'ReplicaSet' ? { selectableFields: ['status.replicas'] } : {}),
  })),
  {
    group: 'apps',
    kind: 'StatefulSet',
    plural: 'statefulsets',
    shortNames: ['sts'],
    categories: all,
    status: true,
    generation: true,
    scale: workloadScale,
  },
  {
    group: 'batch',
    kind: 'Job',
    plural: 'jobs',
    categories: all,
    status: true,
    generation: true,
    selectableFields: ['status.successful'],
  },
  { group: 'coordination.k8s.io', kind: 'Lease', plural: 'leases' },
  { group: 'discovery.k8s.io', kind: 'EndpointSlice', plural: 'endpointslices', generation: true },
  {
    group: 'events.k8s.io',
    kind: 'Event',
    plural: 'events',
    shortNames: ['ev'],
    selectableFields: ['reason', 'type', 'regarding.kind', 'regarding.namespace', 'regarding.name', 'regarding.uid'],
  },
  {
    group: 'networking.k8s.io',
    kind: 'NetworkPolicy',
    plural: 'networkpolicies',
    shortNames: ['netpol'],
    generation: true,
  },
  {
    group: 'policy',
    kind: 'PodDisruptionBudget',
    plural: 'poddisruptionbudgets',
    shortNames: ['pdb'],
    status: true,
    generation: true,
  },
  { group: rbac, kind: 'ClusterRoleBinding', plural: 'clusterrolebindings', cluster: true, looseName: true },
  { group: rbac, kind: 'ClusterRole', plural: 'clusterroles', cluster: true, looseName: true },
  { group: rbac, kind: 'RoleBinding', plural: 'rolebindings', looseName: true },
  { group: rbac, kind: 'Role', plural: 'roles', looseName: true },
  { group: 'storage.k8s.io', kind: 'StorageClass', plural: 'storageclasses', shortNames: ['sc'], cluster: true },
  {
    group: 'apiextensions.k8s.io',
    kind: 'CustomResourceDefinition',
    plural: 'customresourcedefinitions',
    shortNames: ['crd', 'crds'],
    categories: ['api-extensions'],
    cluster: true,
    status: true,
    generation: true,
  },
]

const alwaysPresent: ReadonlySet<string> = new Set(
  [
    '',
    '.metadata',
    '.spec',
    '.status',
    '.source',
    '.involvedObject',
    '.regarding',
    '.spec.containers',
    '.spec.resources',
  ].concat(
    ['', '.metadata', '.spec', '.spec.containers'].map((path) => `.spec.template${path}`),
    '.spec.updateStrategy',
    '.spec.names',
    '.spec.versions',
    '.endpoints',
  ),
)

const eventViews: Readonly<Record<string, Partial<ResourceKind>>> = {
  '': { storage: '/events', fromStored: coreEventFromStored, toStored: coreEventToStored },
  'events.k8s.io': { storage: '/events', fromStored: newEventFromStored, toStored: newEventToStored },
}

function buildKind(row: Row): ResourceKind {
  const version = row.version ?? 'v1'
  const schemaName = schemaNameOf(row.group, version, row.kind)
  const definitions = builtinDefinitions()
  return {
    group: row.group,
    plural: row.plural,
    singular: row.kind.toLowerCase(),
    kind: row.kind,
    listKind: `${row.kind}List`,
    shortNames: row.shortNames ?? [],
    categories: row.categories ?? [],
    namespaced: !row.cluster,
    custom: false,
    generation: row.generation ?? false,
    looseName: row.looseName ?? false,
    storageVersion: version,
    storage: `${row.group}/${row.plural}`,
    strategy: strategyOf(apiVersionOf(row.group, version), row.kind),
    subresources: row.subresources ?? [],
    versions: [
      {
        name: version,
        served: true,
        schema: definitions.get(schemaName)!,
        definitions,
        schemaName,
        columns: columnsOf(row.kind),
        alwaysPresent,
        status: row.status ?? false,
        ...(row.scale ? { scale: row.scale } : {}),
        selectableFields: row.selectableFields ?? [],
      },
    ],
    ...(row.kind === 'Event' ? eventViews[row.group] : {}),
  }
}

export const builtinKinds = (): ResourceKind[] => rows.map(buildKind)
