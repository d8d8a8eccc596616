# shellcheck shell=bash
# effect: nothing: the namespace is made, or marked as this script's
# effect: ARGOCD_NAMESPACE: person: the step refuses while an Argo CD is in another namespace: take that away by hand
#   first
#
# Whose is the Argo CD that is there already? This script changes its own alone.

# An annotation of its namespace, from the moment that this script creates it.
readonly ARGOCD_MARK=dojot.components/installed-by ARGOCD_MARKED=bootstrap.sh

ARGOCD_IS_OURS=''

# What own_argocd has found; no only where --dry-run would refuse.
argocd_is_ours() {
  [[ -n $ARGOCD_IS_OURS ]]
}

# Argo CD's namespace exists and is marked.
own_argocd() {
  local found='' named kinds=''
  if cluster_known; then
    found=$(kube get namespace "$ARGOCD_NAMESPACE" --ignore-not-found \
      --output=go-template="namespace {{with .metadata.annotations}}{{with index . \"$ARGOCD_MARK\"}}{{.}}{{end}}{{end}}")
    kinds=$(kube get customresourcedefinitions applications.argoproj.io appprojects.argoproj.io --ignore-not-found --output=name)
  fi
  ARGOCD_IS_OURS=yes
  if [[ $found == "namespace $ARGOCD_MARKED" ]]; then
    report skipped "namespace $ARGOCD_NAMESPACE is this script's"
  elif [[ -z $found && -z $kinds ]]; then
    change "create namespace $ARGOCD_NAMESPACE" create_marked_namespace
  elif [[ -n $found ]] && is_empty_or_ours "$kinds"; then
    change "mark namespace $ARGOCD_NAMESPACE as this script's" \
      kube annotate namespace "$ARGOCD_NAMESPACE" --overwrite "$ARGOCD_MARK=$ARGOCD_MARKED"
  else
    ARGOCD_IS_OURS=''
    named="in namespace $ARGOCD_NAMESPACE"
    [[ -n $found ]] || named="whose kinds (${kinds//$'\n'/, }) another namespace or an earlier installation has brought"
    refuse "there is an Argo CD $named that this script has not installed: nothing was changed. Either use it: platform.argocd.existing: true. Or, if it is for this cluster alone, hand it over to become $ARGOCD_VERSION on $GROUP_LABEL=$ARGOCD_LABEL: $(how_to_hand_over "$found"). Both ways: \"Argo CD is there already\" in bootstrap/README.md"
  fi
}

# At once with its mark: between two commands the power can fail.
create_marked_namespace() {
  printf 'apiVersion: v1\nkind: Namespace\nmetadata:\n  name: %s\n  annotations:\n    %s: %s\n' \
    "$ARGOCD_NAMESPACE" "$ARGOCD_MARK" "$ARGOCD_MARKED" | kube create --filename=-
}

how_to_hand_over() {
  [[ -n $1 ]] || printf 'kubectl create namespace %s, then ' "$ARGOCD_NAMESPACE"
  printf 'kubectl annotate namespace %s %s=%s, then this step again' "$ARGOCD_NAMESPACE" "$ARGOCD_MARK" "$ARGOCD_MARKED"
}

# is_empty_or_ours KINDS: a namespace without the mark that somebody has created for this step, or one of
# an earlier version of this script: its pods are where this script places them, and they know this cluster.
is_empty_or_ours() {
  local workload workloads known
  workloads=$(argocd_workloads) || return 1
  if [[ -z $workloads ]]; then
    [[ -z $1 ]]
    return
  fi
  [[ -n $1 ]] || return 1
  known=$(kube get --filename="$(compiled)/argocd/project.yml" --filename="$(compiled)/argocd/application.yml" \
    --ignore-not-found --output=name) || return 1
  [[ -n $known ]] || return 1
  for workload in $workloads; do
    [[ $(argocd_place "$workload") == "$GROUP_LABEL In [$ARGOCD_LABEL]" ]] || return 1
  done
}
