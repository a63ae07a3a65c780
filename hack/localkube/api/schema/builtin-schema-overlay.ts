// What the declared types of the built-in kinds do not say: how lists and maps merge, defaults, enums, and which strings
// are quantities. Keys are `Type.field` as in builtin-schemas.ts. Lists that are not named here are atomic.
// Facts: the published OpenAPI of Kubernetes 1.36 and its reference pages.
import type { Schema } from './schema.ts'

/** Lists whose items are known by key fields: `Type.field: keys`. A strategic merge patch uses the first key only. */
export const listMaps: Readonly<Record<string, readonly string[]>> = {
  'v1.Container.env': ['name'],
  'v1.Container.ports': ['containerPort', 'protocol'],
  'v1.Container.volumeDevices': ['devicePath'],
  'v1.Container.volumeMounts': ['mountPath'],
  'v1.EphemeralContainer.env': ['name'],
  'v1.EphemeralContainer.ports': ['containerPort', 'protocol'],
  'v1.EphemeralContainer.volumeDevices': ['devicePath'],
  'v1.EphemeralContainer.volumeMounts': ['mountPath'],
  'v1.ContainerStatus.allocatedResourcesStatus': ['name'],
  'v1.ContainerStatus.volumeMounts': ['mountPath'],
  'v1.PodSpec.containers': ['name'],
  'v1.PodSpec.initContainers': ['name'],
  'v1.PodSpec.ephemeralContainers': ['name'],
  'v1.PodSpec.hostAliases': ['ip'],
  'v1.PodSpec.imagePullSecrets': ['name'],
  'v1.PodSpec.resourceClaims': ['name'],
  'v1.PodSpec.schedulingGates': ['name'],
  'v1.PodSpec.topologySpreadConstraints': ['topologyKey', 'whenUnsatisfiable'],
  'v1.PodSpec.volumes': ['name'],
  'v1.PodStatus.conditions': ['type'],
  'v1.PodStatus.podIPs': ['ip'],
  'v1.PodStatus.resourceClaimStatuses': ['name'],
  'v1.StatefulSetStatus.conditions': ['type'],
  'v1.DeploymentStatus.conditions': ['type'],
  'v1.ReplicaSetStatus.conditions': ['type'],
  'v1.NamespaceStatus.conditions': ['type'],
  'v1.NodeStatus.addresses': ['type'],
  'v1.NodeStatus.conditions': ['type'],
  'v1.PersistentVolumeClaimStatus.conditions': ['type'],
  'v1.ServiceStatus.conditions': ['type'],
  'v1.ServiceSpec.ports': ['port', 'protocol'],
  'v1.ServiceAccount.secrets': ['name'],
  'v1.PodDisruptionBudgetStatus.conditions': ['type'],
  'v1.ObjectMeta.ownerReferences': ['uid'],
  'v1.ResourceRequirements.claims': ['name'],
  'v1.ResourceStatus.resources': ['resourceID'],
  'v1.CustomResourceDefinitionStatus.conditions': ['type'],
  'v1.JSONSchemaProps.x-kubernetes-validations': ['rule'],
}

/** List-maps that a strategic merge patch replaces whole all the same. */
export const replacedByPatch: ReadonlySet<string> = new Set([
  'v1.ResourceRequirements.claims',
  'v1.ResourceStatus.resources',
  'v1.CustomResourceDefinitionStatus.conditions',
])

/** Lists that are one value to server-side apply and yet merged by key in a strategic merge patch. */
export const atomicButPatchMerged: Readonly<Record<string, string>> = {
  'v1.JobStatus.conditions': 'type',
  'v1.PodStatus.hostIPs': 'ip',
}

export const retainKeys: ReadonlySet<string> = new Set([
  'v1.PodSpec.volumes',
  'v1.PodSpec.resourceClaims',
  'v1.PodStatus.resourceClaimStatuses',
])

export const sets: ReadonlySet<string> = new Set([
  'v1.ObjectMeta.finalizers',
  'v1.NodeSpec.podCIDRs',
  'v1.PodFailurePolicyOnExitCodesRequirement.values',
  'v1.UncountedTerminatedPods.failed',
  'v1.UncountedTerminatedPods.succeeded',
  'v1.ContainerRestartRuleOnExitCodes.values',
  'v1.Endpoint.addresses',
])

/** Sets that a strategic merge patch joins. */
export const setsMergedByPatch: ReadonlySet<string> = new Set(['v1.ObjectMeta.finalizers', 'v1.NodeSpec.podCIDRs'])

/** Objects owned as a whole. */
export const atomicTypes: ReadonlySet<string> = new Set([
  'v1.ConfigMapKeySelector',
  'v1.EndpointAddress',
  'core.v1.EndpointPort',
  'discovery.v1.EndpointPort',
  'v1.LabelSelector',
  'v1.LocalObjectReference',
  'v1.NodeSelector',
  'v1.NodeSelectorTerm',
  'v1.ObjectFieldSelector',
  'v1.ObjectReference',
  'v1.OwnerReference',
  'v1.ResourceFieldSelector',
  'v1.RoleRef',
  'v1.SecretKeySelector',
  'v1.SecretReference',
  'rbac.v1.Subject',
  'v1.TopologySelectorTerm',
  'v1.TypedLocalObjectReference',
])

export const atomicMaps: ReadonlySet<string> = new Set(['v1.PodSpec.nodeSelector', 'v1.ServiceSpec.selector'])
export const granularObjects: ReadonlySet<string> = new Set(['v1.PersistentVolumeSpec.claimRef'])

/** Quantities, or maps of them. */
export const quantities: ReadonlySet<string> = new Set([
  'v1.ResourceRequirements.limits',
  'v1.ResourceRequirements.requests',
  'v1.VolumeResourceRequirements.limits',
  'v1.VolumeResourceRequirements.requests',
  'v1.ContainerStatus.allocatedResources',
  'v1.EmptyDirVolumeSource.sizeLimit',
  'v1.NodeStatus.allocatable',
  'v1.NodeStatus.capacity',
  'v1.PersistentVolumeClaimStatus.allocatedResources',
  'v1.PersistentVolumeClaimStatus.capacity',
  'v1.PersistentVolumeSpec.capacity',
  'v1.PodSpec.overhead',
  'v1.PodStatus.allocatedResources',
  'v1.ResourceFieldSelector.divisor',
])

/** Numbers with a fraction; all other numbers are integers. */
export const doubles: ReadonlySet<string> = new Set([
  'v1.JSONSchemaProps.maximum',
  'v1.JSONSchemaProps.minimum',
  'v1.JSONSchemaProps.multipleOf',
])

export const base64Fields: ReadonlySet<string> = new Set(['v1.Secret.data', 'v1.ConfigMap.binaryData'])

/** Required by the declared type, yet zero when absent: the real server fills them in silently. */
export const zeroWhenAbsent: ReadonlySet<string> = new Set([
  'v1.SelfSubjectAccessReview.spec',
  'v1.PolicyRule.verbs',
  'v1.ControllerRevision.revision',
  'core.v1.Event.metadata',
  'v1.ServicePort.port',
  'v1.ServiceBackendPort.number',
])

const probe = (type: string): Record<string, unknown> => ({
  [`v1.${type}.timeoutSeconds`]: 1,
  [`v1.${type}.periodSeconds`]: 10,
  [`v1.${type}.successThreshold`]: 1,
  [`v1.${type}.failureThreshold`]: 3,
})

/** Defaults that depend on nothing else. Those that do are in strategies.ts. */
export const defaults: Readonly<Record<string, unknown>> = {
  ...probe('Probe'),
  'v1.PodSpec.restartPolicy': 'Always',
  'v1.PodSpec.dnsPolicy': 'ClusterFirst',
  'v1.PodSpec.schedulerName': 'default-scheduler',
  'v1.PodSpec.terminationGracePeriodSeconds': 30,
  'v1.PodSpec.securityContext': {},
  'v1.Container.terminationMessagePath': '/dev/termination-log',
  'v1.Container.terminationMessagePolicy': 'File',
  'v1.Container.resources': {},
  'v1.ContainerPort.protocol': 'TCP',
  'v1.HTTPGetAction.path': '/',
  'v1.HTTPGetAction.scheme': 'HTTP',
  'v1.GRPCAction.service': '',
  'v1.ResourceFieldSelector.divisor': '0',
  'v1.ObjectFieldSelector.apiVersion': 'v1',
  'v1.SecretVolumeSource.defaultMode': 420,
  'v1.ConfigMapVolumeSource.defaultMode': 420,
  'v1.DownwardAPIVolumeSource.defaultMode': 420,
  'v1.ProjectedVolumeSource.defaultMode': 420,
  'v1.ServiceAccountTokenProjection.expirationSeconds': 3600,
  'v1.HostPathVolumeSource.type': '',
  'v1.PersistentVolumeClaimSpec.volumeMode': 'Filesystem',
  'v1.PersistentVolumeSpec.volumeMode': 'Filesystem',
  'v1.PersistentVolumeSpec.persistentVolumeReclaimPolicy': 'Retain',
  'v1.StatefulSetSpec.podManagementPolicy': 'OrderedReady',
  'v1.StatefulSetSpec.updateStrategy': {},
  'v1.StatefulSetSpec.replicas': 1,
  'v1.StatefulSetSpec.revisionHistoryLimit': 10,
  'v1.StatefulSetSpec.persistentVolumeClaimRetentionPolicy': {},
  'v1.StatefulSetPersistentVolumeClaimRetentionPolicy.whenDeleted': 'Retain',
  'v1.StatefulSetPersistentVolumeClaimRetentionPolicy.whenScaled': 'Retain',
  'v1.StatefulSetUpdateStrategy.type': 'RollingUpdate',
  'v1.RollingUpdateStatefulSetStrategy.partition': 0,
  'v1.DeploymentSpec.replicas': 1,
  'v1.DeploymentSpec.strategy': {},
  'v1.DeploymentSpec.revisionHistoryLimit': 10,
  'v1.DeploymentSpec.progressDeadlineSeconds': 600,
  'v1.DeploymentStrategy.type': 'RollingUpdate',
  'v1.ReplicaSetSpec.replicas': 1,
  'v1.ServiceSpec.sessionAffinity': 'None',
  'v1.ServiceSpec.type': 'ClusterIP',
  'v1.ServicePort.protocol': 'TCP',
  'v1.JobSpec.backoffLimit': 6,
  'v1.JobSpec.completionMode': 'NonIndexed',
  'v1.JobSpec.suspend': false,
  'v1.JobSpec.manualSelector': false,
  'v1.Secret.type': 'Opaque',
  'v1.StorageClass.reclaimPolicy': 'Delete',
  'v1.StorageClass.volumeBindingMode': 'Immediate',
  'discovery.v1.EndpointPort.name': '',
  'discovery.v1.EndpointPort.protocol': 'TCP',
  'core.v1.EndpointPort.protocol': 'TCP',
  'v1.NetworkPolicyPort.protocol': 'TCP',
  'v1.CustomResourceDefinitionSpec.conversion': { strategy: 'None' },
}

export const enums: Readonly<Record<string, readonly string[]>> = {
  'v1.PodSpec.restartPolicy': ['Always', 'OnFailure', 'Never'],
  'v1.PodSpec.dnsPolicy': ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'],
  'v1.Container.imagePullPolicy': ['Always', 'IfNotPresent', 'Never'],
  'v1.Container.terminationMessagePolicy': ['File', 'FallbackToLogsOnError'],
  'v1.ContainerPort.protocol': ['SCTP', 'TCP', 'UDP'],
  'v1.ServicePort.protocol': ['SCTP', 'TCP', 'UDP'],
  'v1.ServiceSpec.type': ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'],
  'v1.ServiceSpec.sessionAffinity': ['ClientIP', 'None'],
  'v1.DeploymentStrategy.type': ['Recreate', 'RollingUpdate'],
  'v1.StatefulSetSpec.podManagementPolicy': ['OrderedReady', 'Parallel'],
  'v1.StatefulSetUpdateStrategy.type': ['RollingUpdate', 'OnDelete'],
  'v1.StatefulSetPersistentVolumeClaimRetentionPolicy.whenDeleted': ['Delete', 'Retain'],
  'v1.StatefulSetPersistentVolumeClaimRetentionPolicy.whenScaled': ['Delete', 'Retain'],
  'v1.PersistentVolumeClaimSpec.volumeMode': ['Block', 'Filesystem'],
  'v1.HTTPGetAction.scheme': ['HTTP', 'HTTPS'],
  'v1.Toleration.operator': ['Equal', 'Exists', 'Gt', 'Lt'],
  'v1.Toleration.effect': ['NoSchedule', 'PreferNoSchedule', 'NoExecute'],
  'v1.TopologySpreadConstraint.whenUnsatisfiable': ['DoNotSchedule', 'ScheduleAnyway'],
  'v1.JobSpec.completionMode': ['NonIndexed', 'Indexed'],
  'v1.CustomResourceDefinitionSpec.scope': ['Cluster', 'Namespaced'],
  'v1.PodDisruptionBudgetSpec.unhealthyPodEvictionPolicy': ['AlwaysAllow', 'IfHealthyBudget'],
  'v1.EndpointSlice.addressType': ['FQDN', 'IPv4', 'IPv6'],
}

/** Fields whose declared type says less than the truth. */
export const replacedSchemas: Readonly<Record<string, Schema>> = {
  'v1.ControllerRevision.data': { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  'v1.ManagedFieldsEntry.fieldsV1': { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  'v1.JSONSchemaProps.items': { $ref: '#/definitions/io.k8s.api.v1.JSONSchemaProps' },
}
