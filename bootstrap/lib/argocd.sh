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
