// The one node, `local`: the object that says so, and the "scheduler" that assigns every pod to it. Node selectors,
// affinities, taints and resource requests are not looked at; scheduling gates and other schedulerNames are respected.
import { arch, availableParallelism, hostname, platform, release, totalmem } from 'node:os'
import type { LocalObject, Registry } from '../api/registry.ts'
import { type Clock, timestamp } from '../base/clock.ts'
import type { EventRecorder } from '../controllers/event-recorder.ts'
import { nodes, pods } from '../controllers/resource-names.ts'

export const nodeName = 'local'

export function ensureNode(registry: Registry, clock: Clock, hostIp: string): void {
  const os = platform()
  const labels = {
    'kubernetes.io/hostname': nodeName,
    'kubernetes.io/os': os,
    'kubernetes.io/arch': arch() === 'x64' ? 'amd64' : arch(),
  }
  if (!registry.get(nodes, undefined, nodeName))
    registry.create(nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name: nodeName, labels }, spec: {} })
  const now = timestamp(clock.nowMs())
  const amounts = { cpu: String(availableParallelism()), memory: `${Math.floor(totalmem() / 1024)}Ki`, pods: '250' }
  registry.updateStatus(nodes, undefined, nodeName, (node) => {
    node['status'] = {
      addresses: [
        { type: 'InternalIP', address: hostIp },
        { type: 'Hostname', address: nodeName },
      ],
      capacity: amounts,
      allocatable: amounts,
      conditions: [
        {
          type: 'Ready',
          status: 'True',
          reason: 'KubeletReady',
          message: 'pods run as processes of this machine',
          lastHeartbeatTime: now,
          lastTransitionTime: now,
        },
      ],
      nodeInfo: {
        architecture: labels['kubernetes.io/arch'],
        operatingSystem: os,
        osImage: `${os} ${release()}`,
        kernelVersion: release(),
        containerRuntimeVersion: `process://${process.version}`,
        kubeletVersion: 'localkube',
        kubeProxyVersion: '',
        machineID: hostname(),
        systemUUID: '',
        bootID: '',
      },
    }
  })
}

export function schedulePod(registry: Registry, clock: Clock, events: EventRecorder, pod: LocalObject): void {
  const { spec, metadata } = pod
  if (metadata.deletionTimestamp || (spec.schedulingGates ?? []).length > 0) return
  if ((spec.schedulerName ?? 'default-scheduler') !== 'default-scheduler') return
  registry.update(pods, metadata.namespace, metadata.name, (scheduled) => {
    scheduled['spec'].nodeName = nodeName
  })
  registry.updateStatus(pods, metadata.namespace, metadata.name, (scheduled) => {
    const conditions = (scheduled['status']?.conditions ?? []).filter(
      ({ type }: { type: string }) => type !== 'PodScheduled',
    )
    const condition = { type: 'PodScheduled', status: 'True', lastTransitionTime: timestamp(clock.nowMs()) }
    scheduled['status'] = { ...scheduled['status'], conditions: [...conditions, condition] }
  })
  const message = `Successfully assigned ${metadata.namespace}/${metadata.name} to ${nodeName}`
  events.as('default-scheduler').record(pod, 'Normal', 'Scheduled', message)
}
