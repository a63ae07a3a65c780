// The headless Service of a group: gives each member its stable DNS name, also before it is Ready, because a client
// or a bridge finds out by itself who is active.
import { adminPort, adminPortName, replicationPortName } from '../api/limits.ts'
import { groupSelector } from '../api/names.ts'
import type { ClusterPlan, GroupPlan } from '../topology/plan.ts'
import { buildChildMetadata, type Child } from './child.ts'

export function buildHeadlessService(plan: ClusterPlan, group: GroupPlan): Child {
  const { replication } = group.store
  const portOf = (name: string, port: number) => ({ name, port, targetPort: port, protocol: 'TCP' })
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: buildChildMetadata(plan.cluster, group.statefulSet, group.name),
    spec: {
      clusterIP: 'None',
      publishNotReadyAddresses: true,
      selector: groupSelector(plan.cluster.name, group.name),
      ports: [
        ...plan.transportConnectors.map(({ name, port }) => portOf(name, port)),
        portOf(adminPortName, adminPort),
        ...(replication ? [portOf(replicationPortName, replication.port)] : []),
      ],
    },
  }
}
