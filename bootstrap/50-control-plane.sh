# shellcheck shell=bash
# Step `control-plane`: kubeadm init, the administrator's kubeconfig, the pod network.

step_control_plane() {
  need_root
  need_running_system
  identify
  need_role control-plane
  init_control_plane
  write_kubeconfig
  need_cluster
  apply_pod_network
  wait_for_control_plane
}

init_control_plane() {
  local config=''
  if [[ -e /etc/kubernetes/admin.conf ]]; then
    # The kube-proxy addon is what kubeadm init does last.
    if dry_run || { cluster_answers &&
      [[ -n $(kube --namespace=kube-system get daemonset kube-proxy --ignore-not-found --output=name) ]]; }; then
      report skipped 'the control plane exists'
      return 0
    fi
    fail 'an earlier kubeadm init did not finish (see journalctl -u kubelet). If this host holds nothing you need, run "kubeadm reset" yourself and then this step again'
  fi
  if dry_run; then
    report would "kubeadm init: the control plane of Kubernetes $KUBERNETES_VERSION at $API_ADDRESS"
    return 0
  fi
  scratch config "${TMPDIR:-/tmp}/dojot-init.XXXXXX"
  printf '%s' "$KUBEADM_INIT" >"$config"
  # --skip-token-print: kubeadm would show its own token, which nobody needs.
  change "kubeadm init: the control plane of Kubernetes $KUBERNETES_VERSION at $API_ADDRESS" \
    kubeadm init --config="$config" --skip-token-print
}

# For the person who runs this (with sudo: that person, not root), readable by nobody else.
write_kubeconfig() {
  local user=${SUDO_USER:-root} home path
  home=$(getent passwd "$user" | cut -d: -f6)
  path=$home/.kube/config
  if [[ -e $path ]]; then
    if cmp --silent -- "$path" /etc/kubernetes/admin.conf; then
      report skipped "$path is the administrator's kubeconfig"
    else
      report skipped "$path is another kubeconfig, which stays; use --kubeconfig=/etc/kubernetes/admin.conf"
    fi
    return 0
  fi
  change "write $path (0600, $user)" copy_kubeconfig "$user" "$path"
}

copy_kubeconfig() {
  install --directory --mode=0700 --owner="$1" --group="$(id -gn "$1")" "${2%/*}"
  install --mode=0600 --owner="$1" --group="$(id -gn "$1")" /etc/kubernetes/admin.conf "$2"
}

apply_pod_network() {
  local file=''
  scratch file "${TMPDIR:-/tmp}/dojot-network.XXXXXX"
  printf '%s' "$POD_NETWORK" >"$file"
  apply 'the pod network' --filename="$file"
}

wait_for_control_plane() {
  local name
  name=$(self name)
  await "node $name is Ready" kube wait --for=condition=Ready "node/$name" --timeout=300s
}
