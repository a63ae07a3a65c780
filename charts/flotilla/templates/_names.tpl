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
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end -}}
