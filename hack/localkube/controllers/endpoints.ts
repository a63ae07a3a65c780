// Endpoints and one EndpointSlice (IPv4) per Service with a selector. A pod is an address when it has an IP and has not
// ended; ready when its Ready condition says so, or always with publishNotReadyAddresses. Named target ports are looked up
// per pod, so that pods of two revisions may differ. Services without a selector are left to whoever made them.
import type { LocalObject, NewLocalObject, Registry } from '../api/registry.ts'
import { canonicalJson } from '../base/canonical-json.ts'
import { type ControllerContext, runController, type Stoppable } from './controller.ts'
import { matchesSelector } from './label-selector.ts'
import { controllerReference } from './owners.ts'
import { isReady, isTerminal, isTerminating } from './pod-facts.ts'
import { endpoints, endpointSlices, keyOf, pods, services, splitKey } from './resource-names.ts'

export const serviceNameLabel = 'kubernetes.io/service-name'
const managedByLabel = 'endpointslice.kubernetes.io/managed-by'

export function startEndpointsController(context: ControllerContext): Stoppable {
  const { registry } = context
  const triggers = [
    { resource: services, keysOf: (service: LocalObject) => [keyOf(service)] },
    // Also those that the pod used to match: labels may have changed.
    { resource: pods, keysOf: (pod: LocalObject) => registry.list(services, pod.metadata.namespace).map(keyOf) },
  ]
  return runController(context, 'endpoints', triggers, (key) => reconcile(registry, key))
}

interface Port {
  name?: string
  port: number
  protocol: string
  appProtocol?: string
}

interface Candidate {
  readonly pod: LocalObject
  readonly ready: boolean
  readonly ports: Port[]
}

function reconcile(registry: Registry, key: string): undefined {
  const { namespace, name } = splitKey(key)
  const service = registry.get(services, namespace, name)
  if (!service) {
    registry.delete(endpoints, namespace, name)
    for (const slice of slicesOf(registry, namespace, name))
      registry.delete(endpointSlices, namespace, slice.metadata.name)
    return
  }
  if (isTerminating(service) || !service['spec'].selector || service['spec'].type === 'ExternalName') return
  const candidates = findCandidates(registry, service)
  ensure(registry, endpoints, buildEndpoints(service, candidates), ['subsets'])
  syncSlices(registry, service, candidates)
}

function findCandidates(registry: Registry, service: LocalObject): Candidate[] {
  const publishAll = service['spec'].publishNotReadyAddresses === true
  return registry
    .list(pods, service.metadata.namespace)
    .filter((pod) => pod['status']?.podIP && !isTerminal(pod))
    .filter((pod) => matchesSelector({ matchLabels: service['spec'].selector }, pod.metadata.labels))
    .map((pod) => ({
      pod,
      ready: publishAll || (isReady(pod) && !isTerminating(pod)),
      ports: portsOf(service, pod),
    }))
}

function portsOf(service: LocalObject, pod: LocalObject): Port[] {
  const wanted: {
    name?: string
    port: number
    protocol?: string
    targetPort?: number | string
    appProtocol?: string
  }[] = service['spec'].ports ?? []
  return wanted.flatMap(({ name, port, protocol = 'TCP', targetPort, appProtocol }) => {
    const number = typeof targetPort === 'string' ? namedPort(pod, targetPort) : (targetPort ?? port)
    if (number === undefined) return []
    return [{ ...(name ? { name } : {}), port: number, protocol, ...(appProtocol ? { appProtocol } : {}) }]
  })
}

function namedPort(pod: LocalObject, name: string): number | undefined {
  const containers: { ports?: { name?: string; containerPort: number }[] }[] = pod['spec'].containers
  const port = containers.flatMap((container) => container.ports ?? []).find((candidate) => candidate.name === name)
  return port?.containerPort ?? (/^\d+$/.test(name) ? Number(name) : undefined)
}

const hostnameIn = (service: LocalObject, pod: LocalObject): { hostname?: string } =>
  pod['spec'].hostname && pod['spec'].subdomain === service.metadata.name ? { hostname: pod['spec'].hostname } : {}

const headlessLabel = (service: LocalObject): Record<string, string> =>
  service['spec'].clusterIP === 'None' ? { 'service.kubernetes.io/headless': '' } : {}

const targetRef = ({ metadata: { namespace, name, uid } }: LocalObject) => ({ kind: 'Pod', namespace, name, uid })

function byPorts(candidates: readonly Candidate[]): Candidate[][] {
  const groups = new Map<string, Candidate[]>()
  for (const candidate of candidates) {
    const key = canonicalJson(candidate.ports)
    groups.set(key, [...(groups.get(key) ?? []), candidate])
  }
  return [...groups.values()]
}

function buildEndpoints(service: LocalObject, candidates: readonly Candidate[]): NewLocalObject {
  const publishAll = service['spec'].publishNotReadyAddresses === true
  const live = candidates.filter(({ pod }) => publishAll || !isTerminating(pod))
  const address = ({ pod }: Candidate) => ({
    ip: pod['status'].podIP,
    nodeName: pod['spec'].nodeName,
    ...hostnameIn(service, pod),
    targetRef: targetRef(pod),
  })
  const subsets = byPorts(live).map((group) => {
    const ready = group.filter((candidate) => candidate.ready).map(address)
    const notReady = group.filter((candidate) => !candidate.ready).map(address)
    return {
      ...(ready.length > 0 ? { addresses: ready } : {}),
      ...(notReady.length > 0 ? { notReadyAddresses: notReady } : {}),
      ...(group[0]!.ports.length > 0 ? { ports: group[0]!.ports } : {}),
    }
  })
  return {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: {
      name: service.metadata.name,
      namespace: service.metadata.namespace!,
      labels: {
        ...service.metadata.labels,
        ...headlessLabel(service),
        'endpoints.kubernetes.io/managed-by': 'endpoint-controller',
      },
    },
    subsets,
  }
}

function syncSlices(registry: Registry, service: LocalObject, candidates: readonly Candidate[]): void {
  const { namespace, name } = service.metadata
  const groups = byPorts(candidates)
  const wanted = (groups.length > 0 ? groups : [[]]).map((group, index) => buildSlice(service, group, index))
  for (const slice of wanted) ensure(registry, endpointSlices, slice, ['endpoints', 'ports'])
  const names = new Set(wanted.map((slice) => slice.metadata.name))
  for (const slice of slicesOf(registry, namespace!, name))
    if (!names.has(slice.metadata.name)) registry.delete(endpointSlices, namespace, slice.metadata.name)
}

const slicesOf = (registry: Registry, namespace: string, service: string): LocalObject[] =>
  registry
    .list(endpointSlices, namespace)
    .filter(
      ({ metadata: { labels } }) => labels?.[serviceNameLabel] === service && labels[managedByLabel] !== undefined,
    )

function buildSlice(service: LocalObject, group: readonly Candidate[], index: number): NewLocalObject {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: `${service.metadata.name}-${service.metadata.uid.slice(0, 5)}${index === 0 ? '' : `-${index}`}`,
      generateName: `${service.metadata.name}-`,
      namespace: service.metadata.namespace!,
      labels: {
        ...service.metadata.labels,
        ...headlessLabel(service),
        [serviceNameLabel]: service.metadata.name,
        [managedByLabel]: 'endpointslice-controller.k8s.io',
      },
      ownerReferences: [controllerReference(service)],
    },
    addressType: 'IPv4',
    endpoints: group.map(({ pod, ready }) => ({
      addresses: [pod['status'].podIP],
      conditions: { ready, serving: isReady(pod), terminating: isTerminating(pod) },
      ...hostnameIn(service, pod),
      nodeName: pod['spec'].nodeName,
      targetRef: targetRef(pod),
    })),
    ports: group[0]?.ports ?? [],
  }
}

function ensure(
  registry: Registry,
  resource: typeof endpoints,
  wanted: NewLocalObject,
  fields: readonly string[],
): void {
  const { namespace, name, labels } = wanted.metadata
  const current = registry.get(resource, namespace, name!)
  if (!current) {
    registry.create(resource, wanted)
    return
  }
  const same =
    canonicalJson(current.metadata.labels) === canonicalJson(labels) &&
    fields.every((field) => canonicalJson(current[field] ?? []) === canonicalJson(wanted[field] ?? []))
  if (same) return
  registry.update(resource, namespace, name!, (written) => {
    written.metadata.labels = { ...labels }
    for (const field of fields) written[field] = wanted[field]
  })
}
