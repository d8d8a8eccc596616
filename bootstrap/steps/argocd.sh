# shellcheck shell=bash
# help: install Argo CD, or use the one that is there; its project and application: Git rules the cluster from here on
# where: control plane
# after: secrets
# options: --compiled --kubeconfig --dry-run
# guide: the deploy playbook
# worked: its last lines are `done` or `skipped`; minutes later the Application is Synced and Healthy
# effect: replace: Argo CD's own pods are made anew, and nothing is synced meanwhile; what it has synced goes on
# effect: argocd/project.yml: replace: Argo CD does not read this file from Git, and neither makes nor deletes what it
#   does not allow. Between the step and the merge, nothing is synced if something goes; after the merge means once the
#   sync is through
# effect: argocd/application.yml: replace: Argo CD does not read this file from Git: until the step has run it goes on
#   with the former repository, revision, path and policy
# effect: argocd/argocd-cm.yml: nothing: Argo CD takes its settings at once, and does not read this file from Git; a
#   key that is gone stays

step_argocd() {
  need_root
  need_cluster
  need_compiled argocd argocd-cm.yml project.yml application.yml
  if [[ $ARGOCD_EXISTING == true ]]; then
    use_existing_argocd
    argocd_can_be_used || return 0
  else
    own_argocd
    argocd_is_ours || return 0
    install_argocd
  fi
  apply 'the Argo CD project' --filename="$(compiled)/argocd/project.yml"
  apply 'the Argo CD application' --filename="$(compiled)/argocd/application.yml"
}

install_argocd() {
  local manifest=/var/cache/dojot/argocd-$ARGOCD_VERSION.yml how=()
  if [[ $ARGOCD_SERVER_SIDE == true ]]; then
    # Fields that another release set client-side are taken over, not fought about.
    how=(--server-side --force-conflicts)
  fi
  fetch "$ARGOCD_MANIFEST_URL" "$ARGOCD_MANIFEST_SHA256" "$manifest" 0644
  apply "Argo CD $ARGOCD_VERSION" --namespace="$ARGOCD_NAMESPACE" \
    "${how[@]}" --filename="${OPTION[root]-}$manifest"
  place_argocd
  configure_argocd
  wait_for_argocd
}

readonly PLACED='
{"spec": {"template": {"spec": {"affinity": {"nodeAffinity": {
  "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
    {"matchExpressions": [{"key": "@KEY@", "operator": "In", "values": ["@VALUE@"]}]}
  ]}
}}}}}}'

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
        --patch="$(template "$PLACED" KEY "$GROUP_LABEL" VALUE "$ARGOCD_LABEL")"
    fi
  done
}

# Only the keys of this file: what else is in argocd-cm stays.
configure_argocd() {
  local output patch
  # The last line break of a file can be part of its last value.
  patch=$(<"$(compiled)/argocd/argocd-cm.yml")$'\n'
  if dry_run && [[ $(patched_settings "$patch") != *'(no change)'* ]]; then
    report would 'set the keys of argocd-cm'
    return 0
  elif dry_run; then
    report skipped 'argocd-cm has its keys'
    return 0
  fi
  working_on 'set the keys of argocd-cm'
  output=$(argocd_kube patch configmap argocd-cm --type=merge --patch="$patch")
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
