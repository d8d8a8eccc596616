# shellcheck shell=bash
# option: --kubeconfig FILE: default: /etc/kubernetes/admin.conf, then KUBECONFIG, then ~/.kube/config;
#   a cluster that is not the inventory's is refused
# effect: nothing: the cluster has it; what that does shows in the cluster
#
# Speaking to the cluster.

CLUSTER_KNOWN=''

readonly ADMIN_CONF=/etc/kubernetes/admin.conf
# An API server that starts takes a minute: this often it is asked, with a pause of 5 seconds.
readonly API_ATTEMPTS=24

kubeconfig() {
  local given
  given=$(option kubeconfig)
  if [[ -n $given ]]; then
    printf '%s' "$given"
  elif [[ -r $ADMIN_CONF ]]; then
    printf '%s' "$ADMIN_CONF"
  else
    printf '%s' "${KUBECONFIG:-$HOME/.kube/config}"
  fi
}

# own_kubeconfig: where kubectl looks for that of the person who runs this (with sudo: that person, not root).
own_kubeconfig() {
  printf '%s/.kube/config' "$(getent passwd "${SUDO_USER:-root}" | cut -d: -f6)"
}

# KUBECONFIG may be a list of files, which kubectl reads as one; --kubeconfig may not.
kube() {
  local config
  config=$(kubeconfig)
  if [[ $config == "${KUBECONFIG-}" ]]; then
    kubectl "$@"
  else
    kubectl --kubeconfig="$config" "$@"
  fi
}

# On the control plane, whatever --kubeconfig says.
admin_kube() {
  kubectl --kubeconfig="$ADMIN_CONF" --request-timeout=10s "$@"
}

cluster_answers() {
  command -v kubectl >/dev/null &&
    kube --request-timeout=10s get --raw=/healthz >/dev/null 2>&1
}

# Is there a cluster to compare with? Only --dry-run goes on without one.
cluster_known() {
  [[ -n $CLUSTER_KNOWN ]]
}

api_server_answers() {
  local attempt
  for ((attempt = 1; attempt <= API_ATTEMPTS; attempt++)); do
    if admin_kube get --raw=/healthz >/dev/null 2>&1; then
      return 0
    elif dry_run; then
      return 1
    elif ((attempt == 1)); then
      printf '%s\n' 'bootstrap.sh: the API server does not answer yet: waiting for it, two minutes and more' >&2
    fi
    sleep 5
  done
  return 1
}

need_cluster() {
  local wrong
  if cluster_answers; then
    wrong=$(wrong_cluster)
    if [[ -z $wrong ]]; then
      CLUSTER_KNOWN=yes
    else
      refuse "$wrong: nothing was changed. Name this cluster's kubeconfig with --kubeconfig, or put the control plane right in the inventory"
    fi
  elif dry_run; then
    printf '%s\n' 'bootstrap.sh: no cluster answers here; what it has already is not known' >&2
  else
    fail "no cluster answers with the kubeconfig $(kubeconfig): run this step on the control-plane node, or name one with --kubeconfig"
  fi
}

# apply WHAT ARGUMENTS...: kubectl apply, where the server finds a difference.
apply() {
  local what=$1
  shift
  if cluster_known && kube diff "$@" >/dev/null 2>&1; then
    report skipped "$what: nothing has changed"
  else
    change "apply $what" kube apply "$@"
  fi
}

create_namespace() {
  if cluster_known && [[ -n $(kube get namespace "$1" --ignore-not-found --output=name) ]]; then
    report skipped "namespace $1 exists"
  else
    change "create namespace $1" kube create namespace "$1"
  fi
}
