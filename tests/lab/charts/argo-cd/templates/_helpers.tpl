{{- /*
SPDX-FileCopyrightText: 2026 homeops.cluster contributors
SPDX-License-Identifier: GPL-3.0-or-later
*/ -}}

{{- /* (dict "root" $ "name" "argocd-server" "component" "server") */ -}}
{{- define "argo-cd.selector" -}}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/name: {{ .name }}
{{- end }}

{{- define "argo-cd.metadata" -}}
name: {{ .name }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "argo-cd.selector" . | nindent 2 }}
  app.kubernetes.io/component: {{ .component }}
  app.kubernetes.io/managed-by: {{ .root.Release.Service }}
  app.kubernetes.io/part-of: argocd
  app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
  helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{- define "argo-cd.cm" -}}
{{- $config := mergeOverwrite (dict "url" (printf "https://%s" .Values.global.domain)) .Values.configs.cm }}
{{- range $key, $value := $config }}
{{ $key }}: {{ toString $value | toYaml }}
{{- end }}
{{- end }}

{{- define "argo-cd.params" -}}
{{- $config := mergeOverwrite (dict "redis.server" "argocd-redis:6379" "repo.server" "argocd-repo-server:8081") .Values.configs.params }}
{{- range $key, $value := $config }}
{{ $key }}: {{ toString $value | toYaml }}
{{- end }}
{{- end }}
