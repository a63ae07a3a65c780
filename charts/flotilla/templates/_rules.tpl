{{- /*
What the operator does with broker clusters and with what it makes for them. The same rules for a namespace and for all of
them. Nothing here makes a pod or changes what a user wrote into a BrokerCluster.
*/}}
{{- define "flotilla.rules" -}}
# It keeps a view of the clusters; what is wanted of them is the user's to write.
- apiGroups: [flotilla.dev]
  resources: [brokerclusters]
  verbs: [list, watch]
# It writes the status by server-side apply.
- apiGroups: [flotilla.dev]
  resources: [brokerclusters/status]
  verbs: [patch]
# Its objects have their cluster as an owner that waits for them: where the admission plugin
# OwnerReferencesPermissionEnforcement is on (OpenShift), this may be said only by who may update the finalizers.
- apiGroups: [flotilla.dev]
  resources: [brokerclusters/finalizers]
  verbs: [update]
# The members of a group. create and patch: server-side apply; get: a name may be taken by somebody else.
- apiGroups: [apps]
  resources: [statefulsets]
  verbs: [get, list, watch, create, patch, delete]
# The configuration of a group, and the names that clients connect to.
- apiGroups: [""]
  resources: [configmaps, services]
  verbs: [get, list, watch, create, patch, delete]
# Stores. get: a claim that a user names; delete: only what policy `Delete` says to delete.
- apiGroups: [""]
  resources: [persistentvolumeclaims]
  verbs: [get, list, watch, create, patch, delete]
{{- if .Values.rbac.secrets }}
# Where the database of a group is, as the Secret says that its cluster names. Without list and watch: only by its name, and only
# while somebody looks at that cluster. What is kept of it is a hash of the URL without user and password. create: the token by which
# members with a copy each know each other, made once.
- apiGroups: [""]
  resources: [secrets]
  verbs: [get, create]
{{- end }}
# Role labels; delete is the step of a rollout. The StatefulSet makes pods, never the operator.
- apiGroups: [""]
  resources: [pods]
  verbs: [list, watch, patch, delete]
# No drain takes the last member that serves.
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [get, list, watch, create, patch, delete]
# What `kubectl describe brokercluster` shows; patch counts what happens again.
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
# Whether another operator, which a cluster names as its own, is still at work.
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  verbs: [get]
{{- if .Values.rbac.elections }}
# What elects the members of storage.type Replicated: a Lease for each group, and an account that may get and update this one. update:
# nobody may give what they may not do themselves, and the operator never does it. create has no name that a rule could go by.
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  verbs: [create, patch, update]
# The account of the members of a group.
- apiGroups: [""]
  resources: [serviceaccounts]
  verbs: [get, create, patch]
# What that account may do.
- apiGroups: [rbac.authorization.k8s.io]
  resources: [roles, rolebindings]
  verbs: [get, create, patch]
{{- end }}
{{- end -}}
