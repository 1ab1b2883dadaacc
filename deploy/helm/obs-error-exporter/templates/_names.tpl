{{- define "obs-error-exporter.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "obs-error-exporter.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- $name := include "obs-error-exporter.name" . }}
{{- if contains $name .Release.Name }}
{{- .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}
{{- end }}

{{- define "obs-error-exporter.selector" -}}
app.kubernetes.io/name: {{ include "obs-error-exporter.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "obs-error-exporter.labels" -}}
{{ include "obs-error-exporter.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "obs-error-exporter.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "obs-error-exporter.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- /* The image, by digest where there is one. Takes a dict of image and appVersion. */ -}}
{{- define "obs-error-exporter.image" -}}
{{- if .image.digest }}
{{- printf "%s@%s" .image.repository .image.digest }}
{{- else }}
{{- printf "%s:%s" .image.repository (default .appVersion .image.tag) }}
{{- end }}
{{- end }}

{{- /* How the kubelet asks. Takes a dict of scheme and path. A connection is all that can be had without a certificate. */ -}}
{{- define "obs-error-exporter.probe" -}}
{{- if eq .scheme "TCP" -}}
tcpSocket: {port: obs-metrics}
{{- else if eq .scheme "HTTPS" -}}
httpGet: {path: {{ .path }}, port: obs-metrics, scheme: HTTPS}
{{- else -}}
httpGet: {path: {{ .path }}, port: obs-metrics}
{{- end }}
{{- end }}
