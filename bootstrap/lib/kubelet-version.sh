# shellcheck shell=bash
# effect: looks: the step upgrade brings another release; this one is refused where the node has joined with another
#
# The kubelet of a node that has joined changes its release with the cluster, the API server first, and without pods
# beside it: the step upgrade does that. One that is lost may be put back, but not as one newer than the API server, which
# Kubernetes does not support. A host that is to join yet is kubeadm's to judge.

readonly KUBELET_CONF=/etc/kubernetes/kubelet.conf

check_kubelet_version() {
  local installed config=$KUBELET_CONF server
  [[ -z ${OPTION[root]-} && -e $KUBELET_CONF ]] || return 0
  installed=$(kubelet --version 2>/dev/null || true)
  installed=${installed##* }
  if [[ -n $installed && $installed != "$KUBERNETES_VERSION" ]]; then
    refuse "$(self name) belongs to a cluster, with kubelet $installed, and the inventory has $KUBERNETES_VERSION: first run bootstrap.sh upgrade, on the control plane and then here"
  elif [[ -z $installed ]]; then
    if [[ -e $ADMIN_CONF ]]; then
      config=$ADMIN_CONF
    fi
    server=$(server_version "$config")
    if [[ -z $server ]]; then
      refuse "this host has no kubelet any more, and the API server does not say its version (asked with $config, see above), than which kubelet $KUBERNETES_VERSION must not be newer: run this step again when it answers. If it cannot because this kubelet is gone, install that by hand in the version that it had"
    elif is_newer "$KUBERNETES_VERSION" "$server"; then
      refuse "this host has no kubelet any more, and $KUBERNETES_VERSION would be newer than the API server, $server, which Kubernetes does not support: run this step with the script that is compiled for $server"
    fi
  fi
}

# server_version KUBECONFIG [ADDRESS]: of the API server (of several, of that at ADDRESS), such as v1.36.5; nothing where
# it does not say so.
server_version() {
  kubectl --kubeconfig="$1" ${2:+--server="https://$2:6443"} --request-timeout=10s get --raw=/version |
    sed -n 's/.*"gitVersion": *"\([^"]*\)".*/\1/p' || true
}

# is_newer VERSION OTHER
is_newer() {
  [[ $1 != "$2" && $(printf '%s\n' "$1" "$2" | sort --version-sort | tail -n 1) == "$1" ]]
}
