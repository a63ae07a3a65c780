// What pods need to know of the network, in one file that is replaced whenever Services or EndpointSlices change: the
// names that resolve, to which addresses, and how service ports map to pod ports. The preload of each pod process reads
// it; it is CoreDNS and kube-proxy in one. Format: see NetworkFile; pod-preload.mjs is the reader.
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { LocalObject, Registry } from '../api/registry.ts'
import type { Clock } from '../base/clock.ts'
import { runController, type Stoppable } from '../controllers/controller.ts'
import { serviceNameLabel } from '../controllers/endpoints.ts'
import { endpointSlices, keyOf, services } from '../controllers/resource-names.ts'
import type { Log } from '../base/log.ts'

interface NetworkFile {
  /** By `namespace/service`. */
  services: Record<string, NetworkService>
}

interface NetworkService {
  headless: boolean
  clusterIp?: string
  /** ExternalName: another name to resolve. */
  externalName?: string
  /** Of ready endpoints. */
  addresses: string[]
  /** Of pods by hostname (headless Services). */
  hosts: Record<string, string>
  /** Service port → pod port, where they differ. */
  ports: Record<string, number>
}

export function startClusterNetwork(context: { registry: Registry; clock: Clock; log: Log }, file: string): Stoppable {
  const { registry } = context
  mkdirSync(dirname(file), { recursive: true })
  let written = ''
  const write = (): undefined => {
    const text = JSON.stringify(buildNetworkFile(registry))
    if (text === written) return
    writeFileSync(`${file}.tmp`, text)
    renameSync(`${file}.tmp`, file)
    written = text
  }
  write()
  const everything = () => ['']
  const triggers = [
    { resource: services, keysOf: everything },
    { resource: endpointSlices, keysOf: everything },
  ]
  return runController(context, 'cluster-network', triggers, write)
}

function buildNetworkFile(registry: Registry): NetworkFile {
  const slices = new Map<string, LocalObject[]>()
  for (const slice of registry.list(endpointSlices)) {
    const key = `${slice.metadata.namespace}/${slice.metadata.labels?.[serviceNameLabel]}`
    slices.set(key, [...(slices.get(key) ?? []), slice])
  }
  const all = registry.list(services).map((service) => {
    const key = keyOf(service)
    return [key, buildService(service, slices.get(key) ?? [])] as const
  })
  return { services: Object.fromEntries(all) }
}

interface Endpoint {
  addresses: string[]
  hostname?: string
  conditions?: { ready?: boolean }
}

function buildService(service: LocalObject, slices: readonly LocalObject[]): NetworkService {
  const { clusterIP, externalName, type } = service['spec']
  const ready = slices
    .flatMap((slice) => (slice['endpoints'] ?? []) as Endpoint[])
    .filter((endpoint) => endpoint.conditions?.ready !== false)
  const hosts = ready.flatMap(({ hostname, addresses }) => (hostname ? [[hostname, addresses[0]!] as const] : []))
  return {
    headless: clusterIP === 'None',
    ...(clusterIP && clusterIP !== 'None' ? { clusterIp: clusterIP } : {}),
    ...(type === 'ExternalName' ? { externalName } : {}),
    addresses: ready.map(({ addresses }) => addresses[0]!),
    hosts: Object.fromEntries(hosts),
    ports: clusterIP === 'None' ? {} : buildPorts(service, slices),
  }
}

function buildPorts(service: LocalObject, slices: readonly LocalObject[]): Record<string, number> {
  const ports: Record<string, number> = {}
  const targets = slices.flatMap((slice) => (slice['ports'] ?? []) as { name?: string; port: number }[])
  for (const { name = '', port } of (service['spec'].ports ?? []) as { name?: string; port: number }[]) {
    const target = targets.find((candidate) => (candidate.name ?? '') === name)
    if (target && target.port !== port) ports[port] = target.port
  }
  return ports
}
