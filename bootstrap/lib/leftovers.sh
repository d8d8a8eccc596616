# shellcheck shell=bash
# effect: looks: a host that leaves the cluster loses them; a change asks for nothing of that
#
# What a host has no use for that has left its cluster.

# remove_paths WHAT PATH...: those of them that are there; what is mounted at one stays mounted, and is empty then.
remove_paths() {
  local path found=()
  for path in "${@:2}"; do
    [[ ! -e $path && ! -L $path ]] || is_empty_mount "$path" || found+=("$path")
  done
  if ((${#found[@]})); then
    change "remove $1: ${found[*]}" remove_all "${found[@]}"
  else
    report skipped "nothing is there: $1"
  fi
}

is_empty_mount() {
  mountpoint --quiet -- "$1" && [[ -z $(ls -A -- "$1") ]]
}

# remove_all PATH...
remove_all() {
  local path
  for path in "$@"; do
    if mountpoint --quiet -- "$path"; then
      find "$path" -mindepth 1 -delete
    else
      rm -rf -- "$path"
    fi
  done
}

# ---- The network of pods: kubeadm reset leaves its rules, links and files, as it says. A node that joins anew has another
# part of that network, and the former one's bridge would have the wrong address.

# Chains of kube-proxy and kube-router, of flannel, and of CNI's plugins.
readonly POD_NETWORK_CHAINS='KUBE-|FLANNEL-|CNI-'
readonly POD_NETWORK_LINKS=(cni0 flannel.1)

remove_pod_network() {
  local tool link
  for tool in iptables ip6tables; do
    if "$tool-save" 2>/dev/null | grep -E -- "$POD_NETWORK_CHAINS" >/dev/null; then
      change "take the rules of pods and Services out of $tool" take_rules_out "$tool"
    else
      report skipped "$tool has no rules of pods and Services"
    fi
  done
  for link in "${POD_NETWORK_LINKS[@]}"; do
    if ip link show "$link" >/dev/null 2>&1; then
      change "remove link $link" ip link delete "$link"
    else
      report skipped "there is no link $link"
    fi
  done
  # The runtime, which stays, makes the folder of the first ones anew.
  remove_paths 'files of the pod network' /etc/cni/net.d/* /var/lib/cni /run/flannel
}

# take_rules_out TOOL: all others stay as they are.
take_rules_out() {
  "$1-save" | grep -vE -- "$POD_NETWORK_CHAINS" | "$1-restore"
}
