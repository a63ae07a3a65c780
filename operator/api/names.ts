// Names of children, labels and annotations: what a cluster, a group and a member are called in Kubernetes.
//
//   cluster orders, group g0      StatefulSet, headless Service   orders-g0
//                                 pods                            orders-g0-0, orders-g0-1
//                                 claim of a SharedVolume         orders-g0-data
//                                 claim of a member               data-orders-g0-0 (named by the StatefulSet controller)
//                                 ConfigMap                       orders-g0-<hash of its content>
//                                 Secret of its members           orders-g0-replication
//                                 Lease, ServiceAccount, Role, RoleBinding of a Replicated   orders-g0
//   cluster orders                client Service                  orders
//                                 PodDisruptionBudget             orders-g0

export const brokerClusterApiVersion = 'flotilla.dev/v1alpha1'
export const brokerClusterKind = 'BrokerCluster'
/** The field manager of everything that the operator applies. */
export const operatorFieldManager = 'flotilla-operator'

export const labels = {
  cluster: 'flotilla.dev/cluster',
  group: 'flotilla.dev/group',
  /** On pods: active or standby, exactly as their brokers report it; draining for an active that is to take no clients. */
  role: 'flotilla.dev/role',
  name: 'app.kubernetes.io/name',
  instance: 'app.kubernetes.io/instance',
  component: 'app.kubernetes.io/component',
  managedBy: 'app.kubernetes.io/managed-by',
} as const

export const annotations = {
  /** On the pod template: hash of the user-visible inputs of a member. A pod with another one is outdated. */
  revision: 'flotilla.dev/revision',
  /** On every child: hash of what the operator last applied, so that it writes only when something differs. */
  applied: 'flotilla.dev/applied',
  /**
   * On the StatefulSet: which store its members use (`Volume`, `SharedVolume claim orders-g0-data`, …); never
   * changes.
   */
  store: 'flotilla.dev/store',
  /** On the StatefulSet: hash of the URL of its database, and `,ca` if its Secret has certificates: what its members were made for. */
  database: 'flotilla.dev/database',
  /** On the StatefulSet: the image that it was made with while its cluster named none; never changes. */
  firstImage: 'flotilla.dev/first-image',
  /** On the StatefulSet: the groups that its own has edges with, with commas between them. It drains to them when it leaves. */
  neighbours: 'flotilla.dev/neighbours',
  /** On claims: what happens to them when their group leaves the cluster. */
  whenScaled: 'flotilla.dev/when-scaled',
} as const

export const statefulSetName = (cluster: string, group: string): string => `${cluster}-${group}`
export const memberName = (cluster: string, group: string, ordinal: number): string => `${cluster}-${group}-${ordinal}`
export const sharedClaimName = (cluster: string, group: string): string => `${cluster}-${group}-data`
/** Name of the volume, and of the claim template, that holds the store. */
export const dataVolume = 'data'
export const memberClaimName = (member: string): string => `${dataVolume}-${member}`
/** Of the Secret by which the members of a replicated store know each other. */
export const replicationSecretName = (cluster: string, group: string): string => `${cluster}-${group}-replication`
export const clientServiceName = (cluster: string): string => cluster
export const configMapName = (cluster: string, group: string, hash: string): string => `${cluster}-${group}-${hash}`
/** Groups made from groupTemplate. */
export const templateGroupName = (index: number): string => `g${index}`
/** -1 if the name does not end in an ordinal. */
export const ordinalOf = (member: string): number => Number(/-(\d+)$/.exec(member)?.[1] ?? -1)

/** Labels that select what belongs to a cluster. */
export const clusterSelector = (cluster: string): Record<string, string> => ({ [labels.cluster]: cluster })
export const groupSelector = (cluster: string, group: string): Record<string, string> => ({
  [labels.cluster]: cluster,
  [labels.group]: group,
})
export const activeSelector = (cluster: string): Record<string, string> => ({
  [labels.cluster]: cluster,
  [labels.role]: 'active',
})
/** Labels of every child. */
export const childLabels = (cluster: string): Record<string, string> => ({
  [labels.name]: 'flotilla',
  [labels.instance]: cluster,
  [labels.component]: 'broker',
  [labels.managedBy]: operatorFieldManager,
  [labels.cluster]: cluster,
})
/** `a=b,c=d`, as label selectors are written in URLs and in status.selector. */
export const formatSelector = (selector: Readonly<Record<string, string>>): string =>
  Object.entries(selector)
    .map(([key, value]) => `${key}=${value}`)
    .join(',')
