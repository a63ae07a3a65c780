{{- define "flotilla.name" -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- /* Of what is not in the release's namespace. A colon stands in no name of a namespace or release: no two are alike. */}}
{{- define "flotilla.clusterWideName" -}}
flotilla:{{ .Release.Namespace }}:{{ .Release.Name }}
{{- end -}}

{{- define "flotilla.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (include "flotilla.name" .) -}}
{{- end -}}

{{- define "flotilla.selector" -}}
app.kubernetes.io/name: flotilla-operator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "flotilla.labels" -}}
{{ include "flotilla.selector" . }}
{{ include "flotilla.chartLabels" . }}
{{- end -}}

{{- /* Not those by which Deployment, Service and budget find the operator's pods. */}}
{{- define "flotilla.testLabels" -}}
app.kubernetes.io/name: flotilla-test
app.kubernetes.io/instance: {{ .Release.Name }}
{{ include "flotilla.chartLabels" . }}
{{- end -}}

{{- define "flotilla.chartLabels" -}}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- with .Values.labels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "flotilla.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end -}}
{{- end -}}

{{- /* What the Pod Security Standard `restricted` asks for. No user: the image has one, and OpenShift chooses its own. */}}
{{- define "flotilla.podSecurity" -}}
runAsNonRoot: true
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "flotilla.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{- /* The release that owns the CRD if it is another one, as NAMESPACE/NAME; empty as well where there is no cluster to ask. */}}
{{- define "flotilla.crdOwner" -}}
{{- $crd := lookup "apiextensions.k8s.io/v1" "CustomResourceDefinition" "" "brokerclusters.flotilla.dev" -}}
{{- $annotations := dig "metadata" "annotations" dict $crd -}}
{{- $owner := printf "%s/%s" (get $annotations "meta.helm.sh/release-namespace") (get $annotations "meta.helm.sh/release-name") -}}
{{- if not (has $owner (list "/" (printf "%s/%s" .Release.Namespace .Release.Name))) -}}
{{ $owner }}
{{- end -}}
{{- end -}}
