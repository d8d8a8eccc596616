# shellcheck shell=bash
# Step `argocd`: the pinned release, on the group's nodes, then this cluster's
# project and application: from here on, Argo CD keeps the cluster as Git says.

step_argocd() {
  need_root
  need_cluster
  local manifest=/var/cache/dojot/argocd-$ARGOCD_VERSION.yml how=()
  if [[ $ARGOCD_SERVER_SIDE == true ]]; then
    # Fields that another release set client-side are taken over, not fought about.
    how=(--server-side --force-conflicts)
  fi
  need_compiled argocd argocd-cm.yml project.yml application.yml
  own_argocd
  argocd_is_ours || return 0
  fetch "$ARGOCD_MANIFEST_URL" "$ARGOCD_MANIFEST_SHA256" "$manifest" 0644
  apply "Argo CD $ARGOCD_VERSION" --namespace="$ARGOCD_NAMESPACE" \
    "${how[@]}" --filename="${OPTION[root]-}$manifest"
  place_argocd
  configure_argocd
  wait_for_argocd
  apply 'the Argo CD project' --filename="$(compiled)/argocd/project.yml"
  apply 'the Argo CD application' --filename="$(compiled)/argocd/application.yml"
}

# The compiled folder of this cluster: --compiled, or the one that holds this script.
compiled() {
  local given
  given=$(option compiled)
  printf '%s' "${given:-$(dirname -- "${BASH_SOURCE[0]}")/..}"
}

# need_compiled FOLDER FILE...
need_compiled() {
  local folder file
  folder=$(compiled)/$1
  shift
  for file in "$@"; do
    [[ -r $folder/$file ]] ||
      fail "$folder/$file is missing: copy the whole compiled/$CLUSTER_NAME to this machine, or name its place with --compiled"
  done
}

argocd_kube() {
  kube --namespace="$ARGOCD_NAMESPACE" "$@"
}

argocd_workloads() {
  argocd_kube get deployments,statefulsets --output=name
}

# argocd_place WORKLOAD: `LABEL In [VALUE]`, if its pods have to be somewhere.
argocd_place() {
  argocd_kube get "$1" --output=go-template="{{with .spec.template.spec.affinity}}{{with .nodeAffinity}}{{with .requiredDuringSchedulingIgnoredDuringExecution}}{{range .nodeSelectorTerms}}{{range .matchExpressions}}{{.key}} {{.operator}} {{.values}}{{end}}{{end}}{{end}}{{end}}{{end}}"
}

# By affinity, which the release's own manifest leaves free. The nodeSelector is its own: applying
# the manifest again would take our key out of it, and every pod would move twice.
place_argocd() {
  local workload found
  if ! cluster_known; then
    report would "place Argo CD on $GROUP_LABEL=$ARGOCD_LABEL"
    return 0
  fi
  for workload in $(argocd_workloads); do
    found=$(argocd_place "$workload")
    if [[ $found == "$GROUP_LABEL In [$ARGOCD_LABEL]" ]]; then
      report skipped "$workload is placed on $GROUP_LABEL=$ARGOCD_LABEL"
    else
      change "place $workload on $GROUP_LABEL=$ARGOCD_LABEL" argocd_kube patch "$workload" --type=merge \
        --patch="{\"spec\":{\"template\":{\"spec\":{\"affinity\":{\"nodeAffinity\":{\"requiredDuringSchedulingIgnoredDuringExecution\":{\"nodeSelectorTerms\":[{\"matchExpressions\":[{\"key\":\"$GROUP_LABEL\",\"operator\":\"In\",\"values\":[\"$ARGOCD_LABEL\"]}]}]}}}}}}}"
    fi
  done
}

# Only the keys of this file: what else is in argocd-cm stays.
configure_argocd() {
  local output
  if dry_run; then
    report would 'set the keys of argocd-cm'
    return 0
  fi
  working_on 'set the keys of argocd-cm'
  # The last line break of a file can be part of its last value.
  output=$(argocd_kube patch configmap argocd-cm --type=merge --patch="$(<"$(compiled)/argocd/argocd-cm.yml")"$'\n')
  if [[ $output == *'(no change)'* ]]; then
    report skipped 'argocd-cm has its keys'
  else
    report 'done' 'set the keys of argocd-cm'
  fi
}

wait_for_argocd() {
  local workload
  await 'the kinds of Argo CD are known' kube wait --for=condition=Established --timeout=60s \
    crd/applications.argoproj.io crd/appprojects.argoproj.io
  if cluster_known; then
    for workload in $(argocd_workloads); do
      await "$workload runs" argocd_kube rollout status "$workload" --timeout=600s
    done
  fi
}
