// The columns of `kubectl get`, per kind: as the real server prints them. Custom resources declare theirs.
import { arrayOrEmpty, isObject, objectOrEmpty, valueAt, type JsonObject } from '../json-value.ts'
import { formatAge, formatDuration } from './durations.ts'
import { valuesAtJsonPath } from './json-path.ts'
import { podReason, podReady, podRestarts } from './pod-printing.ts'
import type { LocalObject } from '../registry.ts'
import { formatSelector } from '../selectors.ts'

export interface Column {
  readonly name: string
  readonly type: string
  readonly format?: string
  readonly description?: string
  /** 0 is always shown, 1 with `-o wide`. */
  readonly priority: number
  readonly cell: (object: LocalObject, nowMs: number) => unknown
}

type Cell = (object: LocalObject, nowMs: number) => unknown

const column = (name: string, cell: Cell, priority = 0): Column => ({ name, type: 'string', priority, cell })
const wide = (name: string, cell: Cell): Column => column(name, cell, 1)

/** Text under a path, or `<none>`. */
const at = (path: string, absent = '<none>'): Cell => {
  const fields = path.split('.')
  return (object) => textOr(valueAt(object, fields), absent)
}

const readyOfWanted: Cell = (object) =>
  `${textOr(valueAt(object, ['status', 'readyReplicas']), '0')}/${textOr(valueAt(object, ['spec', 'replicas']), '0')}`

const ownSelector: Cell = (object) => formatSelector(objectOrEmpty(valueAt(object, ['spec', 'selector'])))

const textOr = (value: unknown, absent: string): string => {
  if (value === undefined || value === null || value === '') return absent
  return typeof value === 'string' ? value : JSON.stringify(value)
}

const name: Column = {
  name: 'Name',
  type: 'string',
  format: 'name',
  priority: 0,
  cell: (object) => object.metadata.name,
}
const age = column('Age', (object, nowMs) => formatAge(object.metadata.creationTimestamp, nowMs))
const createdAt: Column = {
  name: 'Created At',
  type: 'date',
  priority: 0,
  cell: (object) => object.metadata.creationTimestamp,
}

const list = (object: LocalObject, path: string): JsonObject[] =>
  arrayOrEmpty(valueAt(object, path.split('.'))).filter(isObject)
const joined = (values: readonly unknown[]): string =>
  values.length === 0 ? '<none>' : values.map((value) => textOr(value, '')).join(',')
const size = (value: unknown): number => Object.keys(objectOrEmpty(value)).length
const templateContainers =
  (field: string): Cell =>
  (object) =>
    joined(list(object, 'spec.template.spec.containers').map((container) => container[field]))

function accessModes(path: string): Cell {
  const short: Readonly<Record<string, string>> = {
    ReadWriteOnce: 'RWO',
    ReadOnlyMany: 'ROX',
    ReadWriteMany: 'RWX',
    ReadWriteOncePod: 'RWOP',
  }
  return (object) =>
    arrayOrEmpty(valueAt(object, path.split('.')))
      .map((mode) => short[String(mode)] ?? String(mode))
      .join(',')
}

function servicePorts(object: LocalObject): string {
  const ports = list(object, 'spec.ports').map(
    (port) =>
      `${textOr(port['port'], '')}${port['nodePort'] ? `:${textOr(port['nodePort'], '')}` : ''}/${textOr(port['protocol'], '')}`,
  )
  return ports.length === 0 ? '<none>' : ports.join(',')
}

function externalIp(object: LocalObject): string {
  const type = valueAt(object, ['spec', 'type'])
  const ips = arrayOrEmpty(valueAt(object, ['spec', 'externalIPs']))
  if (type === 'ExternalName') return textOr(valueAt(object, ['spec', 'externalName']), '<none>')
  if (type !== 'LoadBalancer') return joined(ips)
  const ingress = list(object, 'status.loadBalancer.ingress').map((one) => one['ip'] ?? one['hostname'])
  return ingress.length + ips.length === 0 ? '<pending>' : joined([...ingress, ...ips])
}

const shownEndpoints = 3

function endpointList(object: LocalObject): string {
  const all = list(object, 'subsets').flatMap((subset) =>
    arrayOrEmpty(subset['addresses']).flatMap((address) => {
      const ports = arrayOrEmpty(subset['ports'])
      const ip = String(objectOrEmpty(address)['ip'])
      return ports.length === 0 ? [ip] : ports.map((port) => `${ip}:${String(objectOrEmpty(port)['port'])}`)
    }),
  )
  return shortened(all)
}

const shortened = (all: readonly unknown[]): string => {
  if (all.length === 0) return '<none>'
  const more = all.length - shownEndpoints
  return all.slice(0, shownEndpoints).map(String).join(',') + (more > 0 ? ` + ${more} more...` : '')
}

function jobStatus(object: LocalObject): string {
  const conditions = list(object, 'status.conditions')
    .filter((condition) => condition['status'] === 'True')
    .map((condition) => condition['type'])
  for (const type of ['Complete', 'Failed', 'Suspended', 'FailureTarget', 'SuccessCriteriaMet'])
    if (conditions.includes(type)) return type
  return object.metadata.deletionTimestamp === undefined ? 'Running' : 'Terminating'
}

function jobCompletions(object: LocalObject): string {
  const succeeded = textOr(valueAt(object, ['status', 'succeeded']), '0')
  const completions = valueAt(object, ['spec', 'completions'])
  return `${succeeded}/${textOr(completions, '1')}`
}

function jobDuration(object: LocalObject, nowMs: number): string {
  const start = valueAt(object, ['status', 'startTime'])
  if (typeof start !== 'string') return ''
  const end = valueAt(object, ['status', 'completionTime'])
  return formatDuration((typeof end === 'string' ? Date.parse(end) : nowMs) - Date.parse(start))
}

function nodeStatus(object: LocalObject): string {
  const ready = list(object, 'status.conditions').find((condition) => condition['type'] === 'Ready')
  const status = ready ? (ready['status'] === 'True' ? 'Ready' : 'NotReady') : 'Unknown'
  return valueAt(object, ['spec', 'unschedulable']) === true ? `${status},SchedulingDisabled` : status
}

const rolePrefix = 'node-role.kubernetes.io/'
const nodeRoles: Cell = (object) =>
  joined(
    Object.keys(object.metadata.labels ?? {})
      .filter((label) => label.startsWith(rolePrefix))
      .map((label) => label.slice(rolePrefix.length))
      .sort(),
  )

const nodeAddress =
  (type: string): Cell =>
  (object) =>
    textOr(list(object, 'status.addresses').find((address) => address['type'] === type)?.['address'], '<none>')

const subjects =
  (kind: string): Cell =>
  (object) =>
    list(object, 'subjects')
      .filter((subject) => subject['kind'] === kind)
      .map((subject) =>
        kind === 'ServiceAccount'
          ? `${textOr(subject['namespace'], '')}/${textOr(subject['name'], '')}`
          : textOr(subject['name'], ''),
      )
      .join(', ')

function readyCondition(type: string): Cell {
  return (object) => {
    const phase = textOr(valueAt(object, ['status', 'phase']), '')
    return object.metadata.deletionTimestamp === undefined ? phase : type
  }
}

function eventSeen(field: 'firstTimestamp' | 'lastTimestamp'): Cell {
  return (object, nowMs) => {
    const core =
      field === 'firstTimestamp'
        ? ['firstTimestamp', 'deprecatedFirstTimestamp']
        : ['lastTimestamp', 'deprecatedLastTimestamp']
    const series = field === 'lastTimestamp' ? valueAt(object, ['series', 'lastObservedTime']) : undefined
    const time = series ?? object[core[0]!] ?? object[core[1]!] ?? object['eventTime']
    return typeof time === 'string' ? formatAge(time, nowMs) : '<unknown>'
  }
}

const eventObject: Cell = (object) => {
  const about = objectOrEmpty(object['involvedObject'] ?? object['regarding'])
  return `${textOr(about['kind'], '').toLowerCase()}/${textOr(about['name'], '')}`
}

const eventSource: Cell = (object) => {
  const source = objectOrEmpty(object['source'] ?? object['deprecatedSource'])
  const component = textOr(source['component'] ?? object['reportingComponent'] ?? object['reportingController'], '')
  return source['host'] === undefined ? component : `${component}, ${textOr(source['host'], '')}`
}

const eventColumns: readonly Column[] = [
  column('Last Seen', eventSeen('lastTimestamp')),
  column('Type', at('type', '')),
  column('Reason', at('reason', '')),
  column('Object', eventObject),
  wide('Subobject', (object) =>
    textOr(objectOrEmpty(object['involvedObject'] ?? object['regarding'])['fieldPath'], ''),
  ),
  wide('Source', eventSource),
  column('Message', (object) => textOr(object['message'] ?? object['note'], '').trim()),
  wide('First Seen', eventSeen('firstTimestamp')),
  wide('Count', (object) =>
    textOr(valueAt(object, ['series', 'count']) ?? object['count'] ?? object['deprecatedCount'], '1'),
  ),
  { ...name, priority: 1 },
]

const bindingColumns: readonly Column[] = [
  name,
  column(
    'Role',
    (object) =>
      `${textOr(valueAt(object, ['roleRef', 'kind']), '')}/${textOr(valueAt(object, ['roleRef', 'name']), '')}`,
  ),
  age,
  wide('Users', subjects('User')),
  wide('Groups', subjects('Group')),
  wide('ServiceAccounts', subjects('ServiceAccount')),
]

const columns: Readonly<Record<string, readonly Column[]>> = {
  ConfigMap: [name, column('Data', (object) => String(size(object['data']) + size(object['binaryData']))), age],
  ControllerRevision: [
    name,
    column('Controller', (object) => {
      const owner = object.metadata.ownerReferences?.find((one) => one.controller === true)
      const group = owner?.apiVersion.includes('/') ? `.${owner.apiVersion.split('/')[0]}` : ''
      return owner ? `${owner.kind.toLowerCase()}${group}/${owner.name}` : '<none>'
    }),
    column('Revision', at('revision', '0')),
    age,
  ],
  CustomResourceDefinition: [name, createdAt],
  ClusterRole: [name, createdAt],
  ClusterRoleBinding: bindingColumns,
  Role: [name, createdAt],
  RoleBinding: bindingColumns,
  Endpoints: [name, column('Endpoints', endpointList), age],
  EndpointSlice: [
    name,
    column('AddressType', at('addressType', '')),
    column('Ports', (object) => {
      const ports = list(object, 'ports')
      return ports.length === 0 ? '<unset>' : shortened(ports.map((port) => port['port']))
    }),
    column('Endpoints', (object) => {
      const all = list(object, 'endpoints').flatMap((endpoint) => arrayOrEmpty(endpoint['addresses']))
      return all.length === 0 ? '<unset>' : shortened(all)
    }),
    age,
  ],
  Event: eventColumns,
  Job: [
    name,
    column('Status', jobStatus),
    column('Completions', jobCompletions),
    column('Duration', jobDuration),
    age,
    wide('Containers', templateContainers('name')),
    wide('Images', templateContainers('image')),
    wide('Selector', (object) => formatSelector(objectOrEmpty(valueAt(object, ['spec', 'selector'])))),
  ],
  Lease: [name, column('Holder', at('spec.holderIdentity', '')), age],
  Namespace: [name, column('Status', at('status.phase', '')), age],
  NetworkPolicy: [
    name,
    column(
      'Pod-Selector',
      (object) => formatSelector(objectOrEmpty(valueAt(object, ['spec', 'podSelector']))) || '<none>',
    ),
    age,
  ],
  Node: [
    name,
    column('Status', nodeStatus),
    column('Roles', nodeRoles),
    age,
    column('Version', at('status.nodeInfo.kubeletVersion', '')),
    wide('Internal-IP', nodeAddress('InternalIP')),
    wide('External-IP', nodeAddress('ExternalIP')),
    wide('OS-Image', at('status.nodeInfo.osImage', '<unknown>')),
    wide('Kernel-Version', at('status.nodeInfo.kernelVersion', '<unknown>')),
    wide('Container-Runtime', at('status.nodeInfo.containerRuntimeVersion', '<unknown>')),
  ],
  PersistentVolume: [
    name,
    column('Capacity', at('spec.capacity.storage', '')),
    column('Access Modes', accessModes('spec.accessModes')),
    column('Reclaim Policy', at('spec.persistentVolumeReclaimPolicy', '')),
    column('Status', readyCondition('Terminating')),
    column('Claim', (object) => {
      const claim = objectOrEmpty(valueAt(object, ['spec', 'claimRef']))
      return claim['name'] === undefined ? '' : `${textOr(claim['namespace'], '')}/${textOr(claim['name'], '')}`
    }),
    column('StorageClass', at('spec.storageClassName', '')),
    column('VolumeAttributesClass', at('spec.volumeAttributesClassName', '<unset>')),
    column('Reason', at('status.reason', '')),
    age,
    wide('VolumeMode', at('spec.volumeMode', '<unset>')),
  ],
  PersistentVolumeClaim: [
    name,
    column('Status', readyCondition('Terminating')),
    column('Volume', at('spec.volumeName', '')),
    column('Capacity', at('status.capacity.storage', '')),
    column('Access Modes', accessModes('status.accessModes')),
    column('StorageClass', at('spec.storageClassName', '')),
    column('VolumeAttributesClass', at('spec.volumeAttributesClassName', '<unset>')),
    age,
    wide('VolumeMode', at('spec.volumeMode', '<unset>')),
  ],
  Pod: [
    name,
    column('Ready', podReady),
    column('Status', podReason),
    column('Restarts', podRestarts),
    age,
    wide('IP', at('status.podIP')),
    wide('Node', at('spec.nodeName')),
    wide('Nominated Node', at('status.nominatedNodeName')),
    wide('Readiness Gates', (object) => {
      const gates = list(object, 'spec.readinessGates')
      const passed = gates.filter((gate) =>
        list(object, 'status.conditions').some(
          (condition) => condition['type'] === gate['conditionType'] && condition['status'] === 'True',
        ),
      )
      return gates.length === 0 ? '<none>' : `${passed.length}/${gates.length}`
    }),
  ],
  PodDisruptionBudget: [
    name,
    column('Min Available', at('spec.minAvailable', 'N/A')),
    column('Max Unavailable', at('spec.maxUnavailable', 'N/A')),
    {
      ...column('Allowed Disruptions', (object) => valueAt(object, ['status', 'disruptionsAllowed']) ?? 0),
      type: 'integer',
    },
    age,
  ],
  Secret: [name, column('Type', at('type', '')), column('Data', (object) => String(size(object['data']))), age],
  Service: [
    name,
    column('Type', at('spec.type', '')),
    column('Cluster-IP', at('spec.clusterIP')),
    column('External-IP', externalIp),
    column('Port(s)', servicePorts),
    age,
    wide('Selector', (object) =>
      joined(
        Object.entries(objectOrEmpty(valueAt(object, ['spec', 'selector'])))
          .map(([key, value]) => `${key}=${String(value)}`)
          .sort(),
      ),
    ),
  ],
  ServiceAccount: [name, age],
  Deployment: [
    name,
    column('Ready', readyOfWanted),
    column('Up-to-date', at('status.updatedReplicas', '0')),
    column('Available', at('status.availableReplicas', '0')),
    age,
    wide('Containers', templateContainers('name')),
    wide('Images', templateContainers('image')),
    wide('Selector', ownSelector),
  ],
  ReplicaSet: [
    name,
    column('Desired', at('spec.replicas', '0')),
    column('Current', at('status.replicas', '0')),
    column('Ready', at('status.readyReplicas', '0')),
    age,
    wide('Containers', templateContainers('name')),
    wide('Images', templateContainers('image')),
    wide('Selector', ownSelector),
  ],
  StatefulSet: [
    name,
    column('Ready', readyOfWanted),
    age,
    wide('Containers', templateContainers('name')),
    wide('Images', templateContainers('image')),
  ],
  StorageClass: [
    {
      ...name,
      cell: (object) =>
        `${object.metadata.name}${object.metadata.annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true' ? ' (default)' : ''}`,
    },
    column('Provisioner', at('provisioner', '')),
    column('ReclaimPolicy', at('reclaimPolicy', '')),
    column('VolumeBindingMode', at('volumeBindingMode', '')),
    column('AllowVolumeExpansion', at('allowVolumeExpansion', 'false')),
    age,
  ],
}

export const columnsOf = (kind: string): readonly Column[] => columns[kind] ?? [name, age]

/** `additionalPrinterColumns` of a definition. Without any: name and age. */
export function customColumns(declared: unknown): readonly Column[] {
  const own = arrayOrEmpty(declared).filter(isObject)
  if (own.length === 0) return [name, age]
  return [
    name,
    ...own.map((one): Column => {
      const type = String(one['type'])
      const path = String(one['jsonPath'])
      return {
        name: String(one['name']),
        type,
        ...(typeof one['format'] === 'string' ? { format: one['format'] } : {}),
        ...(typeof one['description'] === 'string' ? { description: one['description'] } : {}),
        priority: typeof one['priority'] === 'number' ? one['priority'] : 0,
        cell: (object, nowMs) => customCell(valuesAtJsonPath(object, path), type, nowMs),
      }
    }),
  ]
}

/** A value whose type is not that of its column is left out, as the real server leaves it out. */
function customCell(values: readonly unknown[], type: string, nowMs: number): unknown {
  const [value] = values
  if (value === undefined || value === null) return null
  switch (type) {
    case 'integer':
      return typeof value === 'number' ? Math.trunc(value) : null
    case 'number':
      return typeof value === 'number' ? value : null
    case 'boolean':
      return typeof value === 'boolean' ? value : null
    case 'date':
      return typeof value === 'string' ? formatAge(value, nowMs) : null
    default:
      return values.map((one) => textOr(one, '')).join(',')
  }
}
