# shellcheck shell=bash
# What runs in Argo CD's namespace, and where.

argocd_kube() {
  kube --namespace="$ARGOCD_NAMESPACE" "$@"
}

argocd_workloads() {
  argocd_kube get deployments,statefulsets --output=name
}

readonly PLACE='
{{with .spec.template.spec.affinity}}
  {{with .nodeAffinity}}
    {{with .requiredDuringSchedulingIgnoredDuringExecution}}
      {{range .nodeSelectorTerms}}
        {{range .matchExpressions}}{{.key}} {{.operator}} {{.values}}{{end}}
      {{end}}
    {{end}}
  {{end}}
{{end}}'

# argocd_place WORKLOAD: `LABEL In [VALUE]`, if its pods have to be somewhere.
argocd_place() {
  argocd_kube get "$1" --output=go-template="$(template "$PLACE")"
}

# patched_settings PATCH: what kubectl says of it, without asking the server; nothing where there are none yet.
patched_settings() {
  local file=''
  cluster_known || return 0
  scratch file "${TMPDIR:-/tmp}/dojot-settings.XXXXXX"
  argocd_kube get configmap argocd-cm --ignore-not-found --output=yaml >"$file"
  [[ ! -s $file ]] || kubectl patch --local --filename="$file" --type=merge --patch="$1"
}
