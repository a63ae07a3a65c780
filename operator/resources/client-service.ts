// The Service for clients: leads to the active members, by the label that the operator keeps equal to what brokers
// report. Clients that must not wait for the operator after a failover use the failover URL of status.endpoints
// instead.
import { activeSelector, clientServiceName } from '../api/names.ts'
import type { ClusterPlan } from '../topology/plan.ts'
import { buildChildMetadata, type Child } from './child.ts'

export function buildClientService(plan: ClusterPlan): Child {
  const { type, annotations, labels } = plan.clientService
  const metadata = buildChildMetadata(plan.cluster, clientServiceName(plan.cluster.name))
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      ...metadata,
      labels: { ...labels, ...metadata.labels },
      ...(Object.keys(annotations).length > 0 && { annotations }),
    },
    spec: {
      type,
      selector: activeSelector(plan.cluster.name),
      ports: plan.transportConnectors.map(({ name, port }) => ({ name, port, targetPort: port, protocol: 'TCP' })),
    },
  }
}
