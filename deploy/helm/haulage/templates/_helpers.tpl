{{- define "haulage.name" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{ .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" }}
{{- end -}}
{{- end -}}

{{/* What picks the pods of a role; (list $ "api"). Never changed: a Deployment could not be upgraded. */}}
{{- define "haulage.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: haulage
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{- define "haulage.labels" -}}
{{- $root := index . 0 -}}
{{ include "haulage.selector" . }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version }}
{{- end -}}

{{- define "haulage.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}

{{/* The environment of a role: (list $ "api" $its). What a role says itself comes last and counts. */}}
{{- define "haulage.environment" -}}
{{- $root := index . 0 -}}
{{- $role := index . 1 -}}
{{- $given := dict
  "HAULAGE_DATABASE_URL_FILE" "/run/secrets/haulage/database-url"
  "HAULAGE_REDIS_URL_FILE" "/run/secrets/haulage/redis-url"
  "HAULAGE_WEBHOOKS_KEYS_FILE" "/run/secrets/haulage/webhooks-keys" -}}
{{- range $name, $key := $root.Values.secretKeys -}}
{{- $_ := set $given (printf "%s_FILE" $name) (printf "/run/secrets/haulage/%s" $key) -}}
{{- end -}}
{{- if $root.Values.blobs.url -}}
{{- $_ := set $given "HAULAGE_BLOB_URL" $root.Values.blobs.url -}}
{{- end -}}
{{- if $root.Values.telemetry.otlpEndpoint -}}
{{- $_ := set $given "OTEL_EXPORTER_OTLP_ENDPOINT" $root.Values.telemetry.otlpEndpoint -}}
{{- $_ := set $given "OTEL_SERVICE_NAME" (printf "haulage-%s" $role) -}}
{{- end -}}
{{- $given = mergeOverwrite $given $root.Values.settings (index . 2) -}}
{{- range $name, $value := $given }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end -}}
{{- end -}}

{{- define "haulage.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "haulage.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{- define "haulage.mounts" -}}
- {name: secrets, mountPath: /run/secrets/haulage, readOnly: true}
- {name: tmp, mountPath: /tmp}
- {name: blobs, mountPath: /var/lib/haulage/blobs}
{{- end -}}

{{- define "haulage.volumes" -}}
- name: secrets
  secret:
    secretName: {{ required "secret: name the Secret with database-url, redis-url and webhooks-keys" .Values.secret }}
    defaultMode: 0440
- name: tmp
  emptyDir: {sizeLimit: 2Gi}
- name: blobs
{{- if .Values.blobs.claim }}
  persistentVolumeClaim: {claimName: {{ .Values.blobs.claim }}}
{{- else if .Values.blobs.url }}
  emptyDir: {sizeLimit: 64Mi}
{{- else }}
{{- fail "blobs: say a url (a bucket) or a claim (a ReadWriteMany volume); all pods must see the same" }}
{{- end }}
{{- end -}}

{{/* What all pods of ours have, but their containers: (list $ "api"). */}}
{{- define "haulage.pod" -}}
{{- $root := index . 0 -}}
serviceAccountName: {{ include "haulage.name" $root }}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  {{- include "haulage.podSecurity" $root | nindent 2 }}
{{- with $root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "haulage.selector" . | nindent 8 }}
volumes:
  {{- include "haulage.volumes" $root | nindent 2 }}
{{- end -}}

{{/* A role that answers at 9100 and stops on SIGTERM: a Deployment, and its budget of disruption.
     Takes {root, role, command, its, shutdown, fixed}; `fixed` is whether its number is. */}}
{{- define "haulage.deployment" -}}
{{- $name := printf "%s-%s" (include "haulage.name" .root) .role -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ $name }}
  labels:
    {{- include "haulage.labels" (list .root .role) | nindent 4 }}
spec:
  {{- if .fixed }}
  replicas: {{ .its.replicas }}
  {{- end }}
  selector:
    matchLabels:
      {{- include "haulage.selector" (list .root .role) | nindent 6 }}
  strategy:
    rollingUpdate: {maxUnavailable: 0, maxSurge: 25%}
  template:
    metadata:
      labels:
        {{- include "haulage.labels" (list .root .role) | nindent 8 }}
    spec:
      {{- include "haulage.pod" (list .root .role) | nindent 6 }}
      # SIGTERM is the drain: it takes nothing new, what runs has so long to end, the rest is given
      # back without costing an attempt.
      terminationGracePeriodSeconds: {{ add .shutdown 30 }}
      containers:
        - name: {{ .role }}
          image: {{ include "haulage.image" .root | quote }}
          imagePullPolicy: {{ .root.Values.image.pullPolicy }}
          args: {{ toJson .command }}
          env:
            {{- $its := merge (dict "HAULAGE_ENGINE_SHUTDOWN_S" (toString .shutdown)) (.its.environment | default dict) }}
            {{- include "haulage.environment" (list .root .role $its) | trim | nindent 12 }}
          {{- with .root.Values.environmentFrom }}
          envFrom:
            {{- toYaml . | nindent 12 }}
          {{- end }}
          ports:
            - {name: metrics, containerPort: 9100}
          startupProbe:
            httpGet: {path: /health, port: metrics}
            periodSeconds: 2
            failureThreshold: 60
          livenessProbe:
            httpGet: {path: /health, port: metrics}
            periodSeconds: 10
            timeoutSeconds: 5
            failureThreshold: 3
          readinessProbe:
            httpGet: {path: /ready, port: metrics}
            periodSeconds: 10
            timeoutSeconds: 5
          resources:
            {{- toYaml .its.resources | nindent 12 }}
          securityContext:
            {{- include "haulage.containerSecurity" .root | nindent 12 }}
          volumeMounts:
            {{- include "haulage.mounts" .root | nindent 12 }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ $name }}
  labels:
    {{- include "haulage.labels" (list .root .role) | nindent 4 }}
spec:
  # A node is emptied one pod after another, and those that are ill hold nobody up.
  maxUnavailable: 1
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "haulage.selector" (list .root .role) | nindent 6 }}
{{- end -}}
