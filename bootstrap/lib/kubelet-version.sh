# shellcheck shell=bash
# effect: person: a kubelet newer than the API server is refused: first the control plane, by hand, then node by node:
#   "A newer Kubernetes" in bootstrap/README.md
#
# Kubernetes supports no kubelet that is newer than its API server: of a running cluster the
# control plane is upgraded first. A host that is to join yet is kubeadm's to judge.

readonly KUBELET_CONF=/etc/kubernetes/kubelet.conf

check_kubelet_version() {
  local installed config=$KUBELET_CONF server
  [[ -z ${OPTION[root]-} && -e $KUBELET_CONF ]] || return 0
  installed=$(kubelet --version 2>/dev/null || true)
  installed=${installed##* }
  [[ $installed != "$KUBERNETES_VERSION" ]] || return 0
  if [[ -e $ADMIN_CONF ]]; then
    config=$ADMIN_CONF
  fi
  server=$(server_version "$config")
  if [[ -z $server ]]; then
    refuse "the API server does not say its version (asked with $config, see above), and kubelet $KUBERNETES_VERSION, in place of ${installed:-none}, must not be newer: run this step again when it answers. If it cannot because the kubelet of this host is gone, install that by hand in the version that it had"
  elif is_newer "$KUBERNETES_VERSION" "$server"; then
    refuse "$(self name) belongs to a cluster whose API server is $server: kubelet $KUBERNETES_VERSION, in place of ${installed:-none}, would be newer, which Kubernetes does not support. First upgrade the control plane by hand: \"A newer Kubernetes\" in bootstrap/README.md"
  fi
}

# server_version KUBECONFIG: of the API server, such as v1.36.5; nothing where it does not say so.
server_version() {
  kubectl --kubeconfig="$1" --request-timeout=10s get --raw=/version |
    sed -n 's/.*"gitVersion": *"\([^"]*\)".*/\1/p' || true
}

# is_newer VERSION OTHER
is_newer() {
  [[ $1 != "$2" && $(printf '%s\n' "$1" "$2" | sort --version-sort | tail -n 1) == "$1" ]]
}
