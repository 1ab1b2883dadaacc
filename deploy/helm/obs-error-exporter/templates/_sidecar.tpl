{{- /*
For the chart of a service that has this one as a dependency. In its pod template:

      initContainers:
        {{- include "obs-error-exporter.sidecar" (dict "context" $ "volume" "logs" "logs" "/var/log/app") | nindent 8 }}
      volumes:
        {{- include "obs-error-exporter.sidecar.volumes" . | nindent 8 }}

and in the pod's labels `obs-error-exporter/mode: sidecar`, by which the PodMonitor finds it. `volume` is the one that the
service writes its logs into, `logs` where it is mounted. With `"native" false` it is an ordinary container, for
`containers:` and clusters before 1.29. `args` are further flags of `serve`, `volumeMounts` further
mounts, such as of a file for `--web.config.file`.
*/ -}}
{{- define "obs-error-exporter.sidecar" -}}
{{- $values := .context.Values }}
{{- $chart := .context.Chart }}
{{- if ne $chart.Name "obs-error-exporter" }}
{{- $values = index .context.Values "obs-error-exporter" | required "the chart obs-error-exporter must be a dependency" }}
{{- $chart = (index .context.Subcharts "obs-error-exporter").Chart }}
{{- end }}
{{- $logs := required "obs-error-exporter.sidecar needs logs: the folder of the logs" .logs -}}
- name: obs-error-exporter
  image: {{ include "obs-error-exporter.image" (dict "image" $values.image "appVersion" $chart.AppVersion) | quote }}
  imagePullPolicy: {{ $values.image.pullPolicy }}
  {{- if ne (toString .native) "false" }}
  restartPolicy: Always
  {{- end }}
  args:
    - serve
    - {{ printf "--logs=%s/**/*.log" $logs | quote }}
    - --state.path=/var/lib/obs-error-exporter
    - --web.listen-address=:{{ $values.port }}
    - --log.level={{ $values.log.level }}
    - --log.format={{ $values.log.format }}
    {{- range .args }}
    - {{ . | quote }}
    {{- end }}
  ports:
    - {name: obs-metrics, containerPort: {{ $values.port }}, protocol: TCP}
  livenessProbe:
    httpGet: {path: /-/healthy, port: obs-metrics}
    periodSeconds: 30
    timeoutSeconds: 5
    failureThreshold: 4
  resources:
    {{- toYaml $values.sidecar.resources | nindent 4 }}
  securityContext:
    {{- toYaml $values.sidecar.securityContext | nindent 4 }}
  terminationMessagePolicy: FallbackToLogsOnError
  volumeMounts:
    - {name: {{ required "obs-error-exporter.sidecar needs volume: the name of the volume of the logs" .volume }}, mountPath: {{ $logs }}, readOnly: true}
    - {name: obs-error-exporter-state, mountPath: /var/lib/obs-error-exporter}
    {{- with .volumeMounts }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end }}

{{- define "obs-error-exporter.sidecar.volumes" -}}
- name: obs-error-exporter-state
  emptyDir: {sizeLimit: 64Mi}
{{- end }}
